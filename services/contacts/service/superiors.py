"""To whom a contact reports: somebody the caller may see, and never in a loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from libs.errors import Aborted, InvalidArgument
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.domain import EVERYTHING, Contact, Sight
from services.contacts.service import UnitOfWork


def check_superior(superior_id: UUID | None, sight: Sight, *, uow: UnitOfWork) -> None:
    """Raise InvalidArgument for a superior that the caller may not see; another one is not deleted before the commit."""
    if superior_id is not None and not uow.contacts.stays(superior_id, sight):
        raise InvalidArgument.of("contact.reports_to", "does not exist", "CONTACT_UNKNOWN")


def check_new_superior(contact_id: UUID, change: Callable[[Contact], Contact], sight: Sight, *, uow: UnitOfWork) -> UUID | None:
    """Check the superior that a change names and return it; None when it names no other one.

    Before the contact is locked: deletions lock the superior first, then those below it.
    """
    before = uow.contacts.get(contact_id, sight)
    wanted = change(before)
    if wanted.reports_to_id is None or wanted.reports_to_id == before.reports_to_id:
        return None
    uow.settings.get(lock=True)  # one at a time: two changes that are each right may close a loop together
    check_superior(wanted.reports_to_id, sight, uow=uow)
    wanted.below(uow.contacts.superiors(wanted.reports_to_id))
    return wanted.reports_to_id


def settled(contact: Contact, before: Contact, checked: UUID | None, sight: Sight, *, uow: UnitOfWork) -> Contact:
    """Return the contact with the superior that it gets. A hidden one is not removed by who was never shown it."""
    if contact.reports_to_id == before.reports_to_id:
        return contact
    if contact.reports_to_id is None and before.reports_to_id is not None:
        hidden = before.reports_to_id not in uow.contacts.seen({before.reports_to_id}, sight)
        return replace(contact, reports_to_id=before.reports_to_id) if hidden else contact
    if contact.reports_to_id != checked:
        raise Aborted(f"contact {contact.id} was changed by someone else")
    return contact


def release_subordinates(contact_id: UUID, *, uow: UnitOfWork, clock: Clock) -> None:
    """Leave those who report to a contact that goes without a superior."""
    for id_ in uow.contacts.subordinates(contact_id):
        before = uow.contacts.get(id_, EVERYTHING)
        contact = uow.contacts.save(replace(before, reports_to_id=None, update_time=clock()))
        uow.outbox.add(wire.contact_updated(contact, before))
