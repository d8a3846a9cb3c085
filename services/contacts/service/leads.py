"""Use cases of leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import EVERYTHING, ContactView, Lead, Sight
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.contacts import NewContact, add_contact
from services.contacts.service.fields import catalogue

Check = Callable[[Lead], None]  # raises EtagMismatch


@dataclass(frozen=True)
class Conversion:
    """What a caller wants of a lead. customer_id None: a new customer of its company, or of the person."""

    lead_id: UUID
    customer_id: UUID | None = None
    skip_welcome: bool = False
    send_set_password: bool = False


def create_lead(make: Callable[[UUID], Lead], newsletter: bool | None, request: Request, caller: Caller, *, uow: UnitOfWork) -> Lead:
    """Store a lead. newsletter None: yes when there is an address."""
    lead, sight = make(new_id()).checked(), sight_of(caller)
    with uow:
        if (earlier := uow.requests.claim(request, str(lead.id))) is not None:
            return _shown(uow.leads.get(UUID(earlier), sight), sight, uow)
        lead = replace(
            lead,
            newsletter=bool(lead.email) if newsletter is None else newsletter,
            language_code=lead.language_code or uow.settings.get().language_code,
            groups=_groups(lead.groups, frozenset(), sight, uow),
        )
        uow.leads.add(lead)
        uow.commit()
    return lead


def update_lead(lead_id: UUID, change: Callable[[Lead], Lead], request: Request, caller: Caller, *, uow: UnitOfWork) -> Lead:
    """Change what `change` changes of a lead that is open."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, str(lead_id)) is not None:
            return _shown(uow.leads.get(lead_id, sight), sight, uow)
        before = uow.leads.get(lead_id, sight, lock=True)
        before.check_open()
        lead = change(before).checked()
        if lead.groups != before.groups:
            _groups(lead.groups, before.groups, sight, uow)
        lead = uow.leads.save(lead)
        uow.commit()
    return lead


def delete_lead(lead_id: UUID, check: Check, request: Request, caller: Caller, *, uow: UnitOfWork) -> None:
    with uow:
        if uow.requests.claim(request, str(lead_id)) is not None:
            return
        lead = uow.leads.get(lead_id, sight_of(caller), lock=True)
        check(lead)
        uow.leads.delete(lead)
        uow.commit()


def convert_lead(wanted: Conversion, check: Check, request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock) -> ContactView:
    """Make a contact of a lead, and its customer when none is named, with all that is known of it, in one commit."""
    sight, id_ = sight_of(caller), new_id()
    with uow:
        if (earlier := uow.requests.claim(request, str(id_))) is not None:
            return uow.contacts.view(UUID(earlier), sight)
        lead = uow.leads.get(wanted.lead_id, sight, lock=True)
        check(lead)
        lead.check_convertible()
        now = clock()
        customer_id = _customer_of(lead, wanted, sight, now, uow)
        contact = lead.as_contact(id_, customer_id, now)
        new = NewContact(
            contact, [lead.as_affiliation(contact)], lead.newsletter and bool(lead.email), wanted.skip_welcome, wanted.send_set_password
        )
        try:
            add_contact(
                new.checked(catalogue(uow, lock=True).without_required), EVERYTHING, uow=uow
            )  # also with groups of the lead that are not the caller's
        except domain.EmailTaken as error:
            holder_id = uow.contacts.holder_of(contact.email_key or "", sight)
            raise domain.LeadEmailTaken(wire.contact_name(holder_id) if holder_id else "") from error
        uow.leads.save(lead.converted(id_))
        view = uow.contacts.view(id_, sight)
        uow.commit()
    return view


def _customer_of(lead: Lead, wanted: Conversion, sight: Sight, now: datetime, uow: UnitOfWork) -> UUID:
    """Return the customer that was named, or a new one."""
    if wanted.customer_id is None:
        customer = lead.as_customer(new_id(), now)
        uow.customers.add(customer)
        uow.outbox.add(wire.customer_created(customer))
        return customer.id
    try:
        return uow.customers.get(wanted.customer_id, sight, lock=True).id
    except domain.CustomerNotFound:
        raise InvalidArgument.of("customer", "does not exist", "CUSTOMER_UNKNOWN") from None


def _shown(lead: Lead, sight: Sight, uow: UnitOfWork) -> Lead:
    return uow.leads.shown([lead], sight)[0]


def _groups(wanted: frozenset[UUID], before: frozenset[UUID], sight: Sight, uow: UnitOfWork) -> frozenset[UUID]:
    if uow.groups.unknown(wanted):
        raise InvalidArgument.of("lead.groups", "names a group that does not exist", "GROUP_UNKNOWN")
    return domain.allowed_groups(wanted, before, sight, "lead.groups")
