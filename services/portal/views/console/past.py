"""A contact as it was: what it could open, what it was told, its groups, and for whom it was primary."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, render_template
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact

from libs.errors import InvalidArgument, NotFound
from services.portal.service import Services
from services.portal.views.console.context import Reply
from services.portal.views.console.customers import contact_roles_of, groups_of
from services.portal.views.console.lists import argument
from services.portal.views.console.names import customer_name, customer_of
from services.portal.views.formats import zone
from services.portal.views.i18n import gettext as _


def past(pages: Blueprint, services: Services) -> None:
    @pages.get("/<uuid:contact_id>/past")
    def show_past(contact_id: UUID) -> Reply:
        contact = services.contacts.get_contact(contact_id)
        then, time, error = None, None, ""
        try:
            time = instant(argument("at"))
            then = services.contacts.contact_at(contact_id, time)
        except InvalidArgument:
            error = _("Scegli un giorno e un’ora già passati.")
        except NotFound:
            pass  # the page says that there was no such contact yet
        affiliations = then.affiliations if then else []
        shown = render_template(
            "console/contact_past.html",
            contact=contact,
            then=then,
            time=time,
            error=error,
            names={name: customer_name(services, name) for name in (f"customers/{customer_of(each)}" for each in affiliations)},
            changed={one.name for one in affiliations if differs(one, contact)},
            groups=groups_of(services),
            roles=contact_roles_of(services),
        )
        return shown, 422 if error else 200


def instant(text: str) -> datetime:
    """Return what a field of date and time says; without a zone it is the organisation's. InvalidArgument: it is none, or is to come."""
    try:
        local = datetime.fromisoformat(text)
        time = (local if local.tzinfo else local.replace(tzinfo=zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidArgument.of("read_time", "is no instant", "READ_TIME_INVALID") from None
    if time > datetime.now(UTC):
        raise InvalidArgument.of("read_time", "is yet to come", "READ_TIME_INVALID")
    return time


def differs(then: Affiliation, contact: Contact) -> bool:
    """Whether what decides for one customer has changed since, or has ended."""
    now = next((one for one in contact.affiliations if one.name == then.name), None)
    return now is None or _decides(now) != _decides(then)


def _decides(affiliation: Affiliation) -> tuple[object, ...]:
    return affiliation.primary, affiliation.contact_role, affiliation.effective_permissions, affiliation.preferences
