"""The use case of a contact that gets another home customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from libs.access import Caller
from libs.errors import Aborted, InvalidArgument
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import EVERYTHING, Affiliation, Contact, ContactView, Customer, Sight
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.contacts import affiliate, fill


def move_contact(
    contact_id: UUID,
    customer_id: UUID,
    check: Callable[[Contact], None],
    request: Request,
    caller: Caller,
    *,
    keep_affiliation: bool,
    uow: UnitOfWork,
    clock: Clock,
) -> ContactView:
    """Give a contact another home customer; it stops acting for the old one, unless `keep_affiliation`."""
    sight, now = sight_of(caller), clock()
    with uow:
        if uow.requests.claim(request, str(contact_id)) is not None:
            return uow.contacts.view(contact_id, sight)
        old, new = _customers(uow.contacts.get(contact_id, sight), customer_id, sight, uow=uow)
        before = uow.contacts.get(contact_id, sight, lock=True)
        if before.customer_id != old.id:
            raise Aborted(f"contact {contact_id} was moved by someone else")
        check(before)
        before.check_editable()
        preferences = uow.affiliations.get(old.id, contact_id).preferences
        _leave(before, old, keep_affiliation, now, uow=uow)
        if all(one.customer_id != new.id for one in uow.affiliations.of_contact(contact_id)):
            bare = Affiliation(new.id, contact_id, now, preferences=preferences)
            affiliate(fill(bare, before, new, uow.settings.get()), new, uow=uow)
        contact = uow.contacts.save(replace(before, customer_id=new.id, update_time=now))
        uow.outbox.add(wire.contact_updated(contact, before))
        view = uow.contacts.view(contact_id, sight)
        uow.commit()
    return view


def _customers(contact: Contact, customer_id: UUID, sight: Sight, *, uow: UnitOfWork) -> tuple[Customer, Customer]:
    """Return the old and the new home, locked in the order of all callers. Who may not see the old one takes nobody from it."""
    if customer_id == contact.customer_id:
        raise InvalidArgument.of("customer", "is its home customer already", "HOME_CUSTOMER")
    if not _seen(customer_id, sight, uow=uow):
        raise InvalidArgument.of("customer", "does not exist", "CUSTOMER_UNKNOWN")
    if not _seen(contact.customer_id, sight, uow=uow):
        raise domain.HomeCustomer(f"the home customer of contact {contact.id} is not yours")
    locked = {id_: uow.customers.get(id_, EVERYTHING, lock=True) for id_ in sorted((contact.customer_id, customer_id))}
    return locked[contact.customer_id], locked[customer_id]


def _seen(customer_id: UUID, sight: Sight, *, uow: UnitOfWork) -> bool:
    try:
        uow.customers.get(customer_id, sight)
    except domain.CustomerNotFound:
        return False
    return True


def _leave(contact: Contact, old: Customer, keep_affiliation: bool, now: datetime, *, uow: UnitOfWork) -> None:
    """End what the contact was for its old home; the primary contact stays as long as the customer has others."""
    primary = old.primary_contact_id == contact.id
    if primary and not uow.affiliations.is_only_one(old.id, contact.id):
        raise domain.ContactIsPrimary(f"contact {contact.id} is the primary one of customer {old.id}: name another one first")
    if keep_affiliation:
        return
    uow.affiliations.delete(uow.affiliations.get(old.id, contact.id))
    if primary:
        old = uow.customers.save(replace(old, primary_contact_id=None, update_time=now))
        uow.outbox.add(wire.customer_updated(old))
