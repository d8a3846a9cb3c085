"""One row of a file, read as the person it describes. What is wrong is said by field and reason, such as "email: EMAIL_TAKEN"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import phonenumbers

from libs.errors import ServiceError
from services.contacts.domain.columns import LISTS, PROFILE, SEVERAL_NAMES
from services.contacts.domain.contacts import Contact, ContactPoint, PointKind
from services.contacts.domain.customers import Customer, Kind, TaxIdentity
from services.contacts.domain.fields import Catalogue, Field, Type
from services.contacts.domain.imports import Column
from services.contacts.domain.values import Malformed, email_key, key_of, phone_number, tax_code, vat_number

_SEVERAL = re.compile(r"[;,|\n]")
_QUOTED = re.compile(r"\A'(?='*[=+\-@\t\r])")  # how our own exports keep a spreadsheet from taking a text for a formula
_ITALIAN_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_YES = {"1", "si", "sì", "s", "vero", "true", "yes", "y", "x"}
_NO = {"0", "no", "n", "falso", "false"}
_LANGUAGES = {"it": "it", "ita": "it", "italiano": "it", "italian": "it", "en": "en", "eng": "en", "inglese": "en", "english": "en"}
_POINTS = {
    "second_email": PointKind.EMAIL,
    "phone": PointKind.PHONE,
    "mobile": PointKind.MOBILE,
    "certified_email": PointKind.CERTIFIED_EMAIL,
}
_HOME_REGION = "IT"  # of a number without a prefix, as lists of an office have them


class RowRefused(Exception):
    """A row that cannot be imported. problems: field and reason of each fault."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Draft:
    """What a row says, by field; an empty cell says nothing. several: of the fields that may have more than one value."""

    texts: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def email_key(self) -> str | None:
        return email_key(self.texts.get("email", ""))

    @property
    def points(self) -> tuple[ContactPoint, ...]:
        found = [
            ContactPoint(kind, _telephone(value) if kind in _CALLED else value)
            for name, kind in _POINTS.items()
            for value in self.list(name)
        ]
        return tuple(dict.fromkeys(found))

    def list(self, name: str) -> Sequence[str]:
        return self.several.get(name, ())

    def applied_to(self, contact: Contact, catalogue: Catalogue) -> Contact:
        """Return the contact with what the row says; numbers, addresses and tags are added to those there are."""
        points = {(one.kind, one.value): one for one in (*contact.contact_points, *self.points)}
        said = self.texts
        return replace(
            contact,
            first_name=said.get("first_name", contact.first_name),
            last_name=said.get("last_name", contact.last_name),
            email=said.get("email", contact.email),
            contact_points=tuple(points.values()),
            tags=(*contact.tags, *self.list("tags")),
            language_code=_language(said["language_code"]) if "language_code" in said else contact.language_code,
            newsletter=self._truth("newsletter", contact.newsletter),
            do_not_call=self._truth("do_not_call", contact.do_not_call),
            open_tracking=self._truth("open_tracking", contact.open_tracking),
            profile={**contact.profile, **self.profile(catalogue)},
        )

    def profile(self, catalogue: Catalogue) -> dict[str, Any]:
        """Return the values of the catalogue's fields as JSON, for their own checks."""
        said = {name.removeprefix(PROFILE): text for name, text in self.texts.items() if name.startswith(PROFILE)}
        return {key: _json(catalogue.by_key.get(key), text) for key, text in said.items()}

    def customer(self, id_: UUID, kind: Kind, now: datetime) -> Customer:
        """Return the customer that the row describes, to be created."""
        name, email, phone, vat, tax = (
            self.texts.get(f"customer.{part}", "") for part in ("display_name", "email", "phone", "vat_number", "tax_code")
        )
        identity = TaxIdentity(vat_number=vat, tax_code=tax)
        return Customer(id_, kind, name, now, now, email=email, phone=_telephone(phone) if phone else "", tax_identity=identity)

    def _truth(self, name: str, otherwise: bool) -> bool:
        text = self.texts.get(name, "").casefold()
        if text and text not in _YES | _NO:
            raise RowRefused(f"{name}: YES_OR_NO")
        return text in _YES if text else otherwise

    @property
    def codes(self) -> tuple[str, str]:
        """Return VAT number and tax code of the customer, each in its one form; "" when the row says none."""
        return self._code("customer.vat_number", vat_number), self._code("customer.tax_code", tax_code)

    def _code(self, name: str, read: Callable[..., str]) -> str:
        try:
            return read(self.texts[name], region="") if name in self.texts else ""
        except Malformed as fault:
            raise RowRefused(f"{name}: {fault.reason}") from None


_CALLED = {PointKind.PHONE, PointKind.MOBILE}


def read_row(columns: Sequence[Column], values: Sequence[str]) -> Draft:
    """Return what a row says. RowRefused when it has more cells than there are columns."""
    if any(value.strip() for value in values[len(columns) :]):
        raise RowRefused("row: ROW_CELLS_MISMATCH")
    texts: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for column, value in zip(columns, values, strict=False):
        text = _QUOTED.sub("", value.strip(), count=1)
        if not column.field or not text:
            continue
        if column.field in LISTS:
            parts = (SEVERAL_NAMES if column.field == "groups" else _SEVERAL).split(text)
            several.setdefault(column.field, []).extend(part.strip() for part in parts if part.strip())
        else:
            texts[column.field] = text
    return Draft(texts, several)


def _json(field: Field | None, text: str) -> Any:
    """Return a cell as the profile has it: options by their ids, a day as everywhere, a number with a point."""
    if field is None:
        return text
    match field.type:
        case Type.YES_NO if text.casefold() in _YES | _NO:
            return text.casefold() in _YES
        case Type.CHOICE:
            return _option(field, text)
        case Type.CHOICES:
            return [_option(field, part.strip()) for part in SEVERAL_NAMES.split(text) if part.strip()]
        case Type.DATE if found := _ITALIAN_DAY.fullmatch(text):
            return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
        case Type.NUMBER | Type.MONEY if re.fullmatch(r"-?[\d.]*,\d+", text):
            return text.replace(".", "").replace(",", ".")
        case _:
            return text


def _option(field: Field, text: str) -> str:
    """Return the id of the option of this name; what is none stays, to be refused."""
    return field.named_options.get(key_of(text), text)


def _language(text: str) -> str:
    if (found := _LANGUAGES.get(text.casefold()[:8])) is None:
        raise RowRefused("language_code: LANGUAGE_UNKNOWN")
    return found


def _telephone(text: str) -> str:
    """Return the number with a prefix: "0039…" has one, one without any is of the home region. Others stay, to be refused by name."""
    if text.startswith("00"):
        text = f"+{text[2:]}"
    if text.startswith("+"):
        return _known(text)
    try:
        number = phonenumbers.parse(text, _HOME_REGION)
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else text


def _known(text: str) -> str:
    try:
        return phone_number(text)
    except Malformed:
        return text


# --- what is wrong with a row --------------------------------------------------------------------------------------------------------
_PLACES = (
    (re.compile(r"contact\.contact_points\[(\d+)\]\.\w+"), ""),
    (re.compile(r"contact\.affiliations(?:\[0\])?\.(\w+)"), r"\1"),
    (re.compile(r"affiliation\.(\w+)"), r"\1"),
    (re.compile(r"contact\.(profile\.\w+)\b.*"), r"\1"),
    (re.compile(r"contact\.tags\[\d+\]"), "tags"),
    (re.compile(r"contact\.(\w+)"), r"\1"),
    (re.compile(r"customer\.tax_identity\.(\w+)"), r"customer.\1"),
)


def problems_of(error: ServiceError, contact: Contact | None = None) -> tuple[str, ...]:
    """Say an error of a use case by the fields of a file."""
    faults = [(fault.field, fault.reason or error.reason or "REFUSED") for fault in error.violations] or [
        ("row", error.reason or "REFUSED")
    ]
    return tuple(dict.fromkeys(f"{_place(path, contact)}: {reason}" for path, reason in faults))


def _place(path: str, contact: Contact | None) -> str:
    for pattern, name in _PLACES:
        if found := pattern.fullmatch(path):
            if name:
                return found.expand(name)
            points = contact.contact_points if contact is not None else ()
            kind = points[int(found[1])].kind if int(found[1]) < len(points) else PointKind.PHONE
            return next(field_ for field_, of in _POINTS.items() if of is kind)
    return path
