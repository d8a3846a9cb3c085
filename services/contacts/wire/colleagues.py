"""Contacts as their primary contact writes and sees them: without what is the organisation's alone."""

from __future__ import annotations

from recapito.contacts.v1 import contacts_pb2 as pb

from libs.errors import InvalidArgument
from services.contacts.domain import ContactView
from services.contacts.wire.contacts import contact

_OF_CONTACT = {"first_name", "last_name", "email", "language_code", "direction", "customer", "access", "affiliations"}
_OF_ACCESS = {"enabled"}
_OF_AFFILIATION = {"name", "contact", "position", "permissions", "preferences"}
_SHOWN = _OF_CONTACT | {"name", "state", "create_time", "etag"}


def check_colleague(message: pb.Contact) -> None:
    """Raise InvalidArgument for a field that a primary contact may not give (security rule 30)."""
    faults = [f"contact.{field.name}" for field, _ in message.ListFields() if field.name not in _OF_CONTACT]
    faults += [f"contact.access.{field.name}" for field, _ in message.access.ListFields() if field.name not in _OF_ACCESS]
    for index, one in enumerate(message.affiliations):
        at = f"contact.affiliations[{index}]"
        faults += [f"{at}.{field.name}" for field, _ in one.ListFields() if field.name not in _OF_AFFILIATION]
    if faults:
        raise InvalidArgument.of(faults[0], "is the organisation's to give", "FIELD_NOT_YOURS")


def colleague(view: ContactView) -> pb.Contact:
    """Return a contact without groups, notes, profile and what else the organisation knows of it."""
    message = contact(view)
    for field, _ in message.ListFields():
        if field.name not in _SHOWN:
            message.ClearField(field.name)  # type: ignore[arg-type] # the stub knows the names as literals
    return message
