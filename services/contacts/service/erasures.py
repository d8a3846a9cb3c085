"""Use cases of erasures: a person's data goes here at once, in every other service by an event that each answers with its receipt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import UUID

from libs.access import Caller
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import Contact, Customer, ErasedPerson, Erasure, Lead, Receipt
from services.contacts.domain.erasures import HERE
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.contacts import hand_over
from services.contacts.service.superiors import release_subordinates


def anonymize_contact(
    contact_id: UUID, check: Callable[[Contact], None], request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock
) -> Erasure:
    """Erase a contact, or one that was deleted, and have all services erase it; asks again for the receipts that are missing.

    Refused while it is primary for a customer that has somebody else.
    """
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, str(contact_id)) is not None:
            return uow.erasures.get(contact_id, sight)
        uow.merges.lock_of(contact_id)
        try:
            before = uow.contacts.get(contact_id, sight)
        except domain.ContactNotFound:
            if not (sight.everything and uow.erasures.was_contact(contact_id)):
                raise
            before = None
        erasure = uow.erasures.find(contact_id)
        if before is not None and erasure is None:
            _check_not_primary(contact_id, uow=uow)
            check(uow.contacts.get(contact_id, sight))
        erasure = _erase(contact_id, erasure, uow=uow, clock=clock)
        for one in (erasure, *_erase_former(erasure, uow=uow, clock=clock)):
            if not one.complete:
                uow.outbox.add(wire.erasure_requested(one))
        uow.commit()
    return erasure


def anonymize_lead(
    lead_id: UUID, check: Callable[[Lead], None], request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock
) -> Erasure:
    """Erase a lead; asks again for the receipts that are missing."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, str(lead_id)) is not None:
            return uow.erasures.get(lead_id, sight)
        lead = uow.leads.get(lead_id, sight, lock=True)
        erasure = uow.erasures.find(lead_id)
        if erasure is None:
            check(lead)
        erasure = _erase_lead(lead_id, erasure, uow=uow, clock=clock)
        if not erasure.complete:
            uow.outbox.add(wire.erasure_requested(erasure))
        uow.commit()
    return erasure


def _erase_lead(lead_id: UUID, known: Erasure | None, *, uow: UnitOfWork, clock: Clock) -> Erasure:
    """As `_erase`, for a lead: nothing stands beside it."""
    now, count = clock(), 0
    erasure = known or Erasure(ErasedPerson(domain.Collection.LEADS, lead_id), now)
    try:
        lead = uow.leads.get(lead_id, domain.EVERYTHING, lock=True)
    except domain.LeadNotFound:
        lead = None
    if lead is not None and lead.state is not domain.LeadState.ANONYMIZED:
        uow.leads.save(lead.anonymized())
        count = 1 + uow.erasures.forget_mentions(lead.first_name, lead.last_name, lead.email)
    if known is None or count:
        erasure = erasure.with_receipt(Receipt(HERE, erasure.version, count, now))
    if known is None:
        uow.erasures.add(erasure)
    else:
        uow.erasures.save(erasure)
    return erasure


def _check_not_primary(contact_id: UUID, *, uow: UnitOfWork) -> None:
    for affiliation in uow.affiliations.of_contact(contact_id):
        uow.customers.get(affiliation.customer_id, domain.EVERYTHING, lock=True)  # nobody joins or becomes primary meanwhile
    for customer_id in uow.affiliations.primary_of(contact_id):
        if uow.erasures.colleague(customer_id, contact_id) is not None:
            raise domain.ContactIsPrimary(f"contact {contact_id} is a primary one: name another first")


def _erase_former(erasure: Erasure, *, uow: UnitOfWork, clock: Clock) -> list[Erasure]:
    """Erase the ids that the person had before it was merged: other services know it by them too. Each is in the ledger for itself."""
    erased = []
    for id_ in uow.merges.merged_into(erasure.person.id):
        former = replace(_erase(id_, uow.erasures.find(id_), uow=uow, clock=clock), customers=erasure.customers)
        uow.erasures.save(former)
        erased.append(former)
    return erased


def _erase(contact_id: UUID, known: Erasure | None, *, uow: UnitOfWork, clock: Clock) -> Erasure:
    """Erase here what is not erased yet, and return the erasure as it stands in the ledger then."""
    now = clock()
    erasure = known or Erasure(ErasedPerson(domain.Collection.CONTACTS, contact_id), now)
    held = uow.affiliations.of_contact(contact_id)
    customers = [uow.customers.get(one.customer_id, domain.EVERYTHING, lock=True) for one in held]
    try:
        contact = uow.contacts.get(contact_id, domain.EVERYTHING, lock=True)
    except domain.ContactNotFound:
        contact = None
    itself = [one for one in customers if one.kind is domain.Kind.INDIVIDUAL and uow.erasures.colleague(one.id, contact_id) is None]
    erasure = replace(
        erasure,
        customers=erasure.customers.union(one.id for one in customers),
        erased_customers=erasure.erased_customers.union(one.id for one in itself),
    )
    if known is None or (contact is not None and contact.state is not domain.State.ANONYMIZED):
        count = _empty(contact_id, contact, itself, uow=uow, clock=clock)
        erasure = erasure.with_receipt(Receipt(HERE, erasure.version, count, now))
    if known is None:
        uow.erasures.add(erasure)
    else:
        uow.erasures.save(erasure)
    return erasure


def _empty(contact_id: UUID, contact: Contact | None, itself: Iterable[Customer], *, uow: UnitOfWork, clock: Clock) -> int:
    """Empty the records of a person and remove what stands beside them; return how many it was."""
    now, language = clock(), uow.settings.get().language_code
    count = 0
    if contact is not None:
        release_subordinates(contact_id, uow=uow, clock=clock)
        uow.contacts.save(contact.anonymized(now, language))
        count = 1 + uow.erasures.forget_mentions(contact.first_name, contact.last_name, contact.email)
    for affiliation in uow.affiliations.of_contact(contact_id):
        uow.affiliations.save(affiliation.anonymized())
        count += 1
    for lead in uow.leads.of_contact(contact_id):
        uow.leads.save(lead.anonymized())
        count += 1
    gone = []
    for customer in itself:
        saved = uow.customers.save(customer.anonymized(now, language))
        uow.outbox.withdraw(*wire.told_of_customer(customer.id))
        uow.outbox.add(wire.customer_updated(saved))
        gone.append(customer.id)
    uow.outbox.withdraw(*wire.told_of_contact(contact_id))
    return count + len(gone) + uow.erasures.forget(contact_id, contact.email_key if contact else None, gone)


# --- receipts ------------------------------------------------------------------------------------------------------------------------
def record_receipt(person_id: UUID, receipt: Receipt, event_id: UUID, *, uow: UnitOfWork) -> None:
    """Keep what a service says that it erased; the last one that was missing completes the erasure."""
    with uow:
        if not uow.inbox.add(event_id):
            return
        if (erasure := uow.erasures.find(person_id)) is not None:
            uow.erasures.save(erasure.with_receipt(receipt))
        uow.commit()


# --- after a restore -----------------------------------------------------------------------------------------------------------------
def reapply(ledger: Iterable[Erasure], *, new_uow: Callable[[], UnitOfWork], clock: Clock) -> int:
    """Erase everybody of a ledger anew, here and everywhere, and return how many; what is erased already stays so.

    ledger: ours, or one that was kept elsewhere and may know people whom a restored database shows again.
    """
    count = 0
    for wanted in ledger:
        with new_uow() as uow:
            known = uow.erasures.find(wanted.person.id)
            erase = _erase_lead if wanted.person.collection is domain.Collection.LEADS else _erase
            erasure = erase(wanted.person.id, known, uow=uow, clock=clock)
            _pass_on(wanted.person.id, uow=uow, clock=clock)
            erasure = _joined(erasure, wanted)
            uow.erasures.save(erasure)
            uow.outbox.add(wire.erasure_requested(erasure))
            uow.commit()
        count += 1
    return count


def _joined(ours: Erasure, theirs: Erasure) -> Erasure:
    """Return the erasure that everybody answers anew; our own part has just been done."""
    again = replace(
        ours,
        create_time=min(ours.create_time, theirs.create_time),
        customers=ours.customers | theirs.customers,
        erased_customers=ours.erased_customers | theirs.erased_customers,
    ).again(theirs.version)
    own = next(receipt for receipt in ours.receipts if receipt.service == HERE)
    return again.with_receipt(replace(own, version=again.version))


def _pass_on(contact_id: UUID, *, uow: UnitOfWork, clock: Clock) -> None:
    """Name another primary contact where the restored data has the erased one as primary beside others."""
    for customer_id in uow.affiliations.primary_of(contact_id):
        if (successor := uow.erasures.colleague(customer_id, contact_id)) is not None:
            customer = uow.customers.get(customer_id, domain.EVERYTHING, lock=True)
            hand_over(customer, uow.affiliations.get(customer_id, successor), clock(), uow=uow)
