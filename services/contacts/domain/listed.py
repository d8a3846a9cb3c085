"""A person as a file shows it: one line, with the names that ids stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.errors import InvalidArgument
from services.contacts.domain import columns
from services.contacts.domain.contacts import AffiliationView, Contact, PointKind
from services.contacts.domain.customers import Customer
from services.contacts.domain.fields import Catalogue, Field


@dataclass(frozen=True)
class Names:
    """Of groups that the reader sees, and of contact roles in Italian and English."""

    groups: Mapping[UUID, str]
    roles: Mapping[UUID, tuple[str, str]]


@dataclass(frozen=True)
class Listed:
    """home, customer: what it is for its own customer, and that customer; None when the reader may not see them."""

    contact: Contact
    home: AffiliationView | None
    customer: Customer | None
    names: Names


_OTHERS = {  # further fields, with their headers in Italian and English
    "primary": ("Contatto principale", "Primary contact"),
    "access.enabled": ("Accesso al portale", "Portal access"),
    "last_access_time": ("Ultimo accesso", "Last access"),
    "create_time": ("Creato il", "Created on"),
    "name": ("Identificativo", "Identifier"),
}
FIELDS = (*columns.FIELDS, *_OTHERS)
Cell = Callable[[Listed, str], str]


@dataclass(frozen=True)
class Chosen:
    """One column of a file. cell: what it shows of a person."""

    header: str
    cell: Callable[[Listed], str]


def columns_of(wanted: Sequence[str], catalogue: Catalogue, language: str) -> list[Chosen]:
    """Return the columns of a file: those wanted, or all but the profile when none is named, because that may hold sensitive data."""
    own = {columns.PROFILE + field.key: field for field in columns.importable(catalogue)}
    for index, name in enumerate(wanted):
        if name not in FIELDS and name not in own:
            raise InvalidArgument.of(f"fields[{index}]", "is not a field of a contact", "EXPORT_FIELD_UNKNOWN")
    headers = columns.profile_headers(catalogue, language)

    def chosen(name: str) -> Chosen:
        if name in own:
            return Chosen(headers[name], _of_profile(own[name], language))
        header = _OTHERS[name][language == "en"] if name in _OTHERS else columns.header(name, language)
        return Chosen(header, lambda person: _CELLS[name](person, language))

    return [chosen(name) for name in dict.fromkeys(wanted) or FIELDS]


def _of_profile(field: Field, language: str) -> Callable[[Listed], str]:
    """Return how a cell shows a field of the profile: an import reads the same value from it."""
    labels = {option.id: columns.option_label(field, option, language) for option in field.options}

    def cell(person: Listed) -> str:
        match person.contact.profile.get(field.key):
            case None:
                return ""
            case bool() as on:
                return _yes(on, language)
            case list() as held:
                return ";".join(labels.get(str(one), str(one)) for one in held)
            case value:
                return labels.get(str(value), str(value))

    return cell


def _yes(on: bool, language: str) -> str:
    return ("Yes" if language == "en" else "Sì") if on else "No"


def _points(kind: PointKind) -> Cell:
    return lambda person, _: ";".join(point.value for point in person.contact.contact_points if point.kind is kind)


def _role(person: Listed, language: str) -> str:
    role_id = person.home.affiliation.contact_role_id if person.home else None
    return person.names.roles.get(role_id, ("", ""))[language == "en"] if role_id else ""


def _groups(person: Listed, _language: str) -> str:
    return ";".join(sorted(person.names.groups[id_] for id_ in person.contact.groups if id_ in person.names.groups))


def _of_customer(read: Callable[[Customer], str]) -> Cell:
    return lambda person, _: read(person.customer) if person.customer else ""


def _time(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds") if time else ""


_CELLS: Mapping[str, Cell] = {
    "first_name": lambda person, _: person.contact.first_name,
    "last_name": lambda person, _: person.contact.last_name,
    "email": lambda person, _: person.contact.email,
    "second_email": _points(PointKind.EMAIL),
    "certified_email": _points(PointKind.CERTIFIED_EMAIL),
    "phone": _points(PointKind.PHONE),
    "mobile": _points(PointKind.MOBILE),
    "position": lambda person, _: person.home.affiliation.position if person.home else "",
    "contact_role": _role,
    "language_code": lambda person, _: person.contact.language_code,
    "newsletter": lambda person, language: _yes(person.contact.newsletter, language),
    "do_not_call": lambda person, language: _yes(person.contact.do_not_call, language),
    "open_tracking": lambda person, language: _yes(person.contact.open_tracking, language),
    "groups": _groups,
    "tags": lambda person, _: ";".join(person.contact.tags),
    "customer.display_name": _of_customer(lambda customer: customer.display_name),
    "customer.vat_number": _of_customer(lambda customer: customer.tax_identity.vat_number),
    "customer.tax_code": _of_customer(lambda customer: customer.tax_identity.tax_code),
    "customer.email": _of_customer(lambda customer: customer.email),
    "customer.phone": _of_customer(lambda customer: customer.phone),
    "primary": lambda person, language: _yes(bool(person.home and person.home.primary), language),
    "access.enabled": lambda person, language: _yes(person.contact.access.enabled, language),
    "last_access_time": lambda person, _: _time(person.contact.last_access_time),
    "create_time": lambda person, _: _time(person.contact.create_time),
    "name": lambda person, _: f"contacts/{person.contact.id}",
}
