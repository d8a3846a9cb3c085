"""Use cases of merges: one contact takes over another, which is deleted; for 30 days both can be given back. See undone_merges.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.access import Caller
from libs.errors import Aborted, InvalidArgument
from libs.ids import new_id
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import EVERYTHING, Before, Contact, ContactView, Customer, Left, Merge, Sight, Snapshot
from services.contacts.domain.merges import KEPT, MOST_AFFILIATIONS, merged, moved_links, superior_after
from services.contacts.service import Repositories, UnitOfWork, sight_of
from services.contacts.service.contacts import hand_over, save_contact
from services.contacts.service.fields import catalogue


@dataclass(frozen=True)
class Wish:
    """What a caller wants merged. taken: fields of the duplicate that the survivor gets. check: raises EtagMismatch; of both."""

    survivor_id: UUID
    duplicate_id: UUID
    taken: Collection[str]
    check: Callable[[Contact, Contact], None]
    only_check: bool = False


def merge_contact(wish: Wish, request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock) -> tuple[Merge, ContactView]:
    """Let the survivor take over everything of the duplicate, and delete that one; one transaction, which `only_check` rolls back."""
    sight, id_ = sight_of(caller), new_id()
    with uow:
        if not wish.only_check and (earlier := uow.requests.claim(request, str(id_))) is not None:
            return uow.merges.get(UUID(earlier), sight), uow.contacts.view(wish.survivor_id, sight)
        merge = _merge(id_, wish, sight, uow=uow, now=clock())
        view = uow.contacts.view(wish.survivor_id, sight)
        if not wish.only_check:
            uow.commit()
    return merge, view


def _merge(id_: UUID, wish: Wish, sight: Sight, *, uow: UnitOfWork, now: datetime) -> Merge:
    known = catalogue(uow, lock=True)
    customers, survivor, duplicate = _locked(wish, sight, uow=uow)
    before = _before(survivor, duplicate, uow=uow)
    contact = merged(survivor, duplicate, wish.taken).checked(known, survivor)
    joined = _join(before, customers, now, uow=uow)
    uow.merges.pass_on(before.hanging, duplicate.id, survivor.id)
    links = moved_links(before.links, uow.merges.links(survivor.id), survivor.id, duplicate.id)
    for id_of_other, superior_id in before.superiors.items():
        report_to(id_of_other, superior_id, now, uow=uow)
    uow.contacts.delete(duplicate.id, now)
    for link in links:
        uow.sub_contacts.add(link)
    uow.outbox.add(wire.contact_deleted(replace(duplicate, version=duplicate.version + 1)))
    current = uow.contacts.get(survivor.id, EVERYTHING)
    changed = replace(contact, reports_to_id=current.reports_to_id, version=current.version, update_time=now)
    saved = save_contact(changed, current, sight, uow=uow)
    left = Left(saved.version, versions_of(survivor.id, uow=uow), joined, tuple(links))
    merge = Merge(id_, survivor.id, duplicate.id, now, Snapshot(before, left))
    uow.merges.add(merge)
    return merge


# --- who is merged -------------------------------------------------------------------------------------------------------------------
def _locked(wish: Wish, sight: Sight, *, uow: UnitOfWork) -> tuple[Mapping[UUID, Customer], Contact, Contact]:
    """Return all customers of both and both contacts, locked in the order of all callers; Aborted when somebody was faster."""
    ids = (wish.survivor_id, wish.duplicate_id)
    if wish.survivor_id == wish.duplicate_id:
        raise InvalidArgument.of("duplicate", "is the same contact", "SAME_CONTACT")
    uow.contacts.get(wish.survivor_id, sight)
    if not uow.contacts.seen({wish.duplicate_id}, sight):
        raise InvalidArgument.of("duplicate", "does not exist", "CONTACT_UNKNOWN")
    customers = lock_customers(ids, uow=uow)
    uow.settings.get(lock=True)  # the turn of whoever changes superiors
    try:
        found = {id_: uow.contacts.get(id_, sight, lock=True) for id_ in sorted(ids)}
    except domain.ContactNotFound:
        raise Aborted("one of the two contacts was merged or deleted by someone else") from None
    if not customers.keys() >= _customers_of(ids, uow=uow):
        raise Aborted("one of the two contacts was given another customer by someone else")
    survivor, duplicate = (found[id_] for id_ in ids)
    wish.check(survivor, duplicate)
    survivor.check_editable()
    duplicate.check_editable()
    check_customers(_customers_of([duplicate.id], uow=uow), sight, uow=uow)
    return customers, survivor, duplicate


def _customers_of(contact_ids: Collection[UUID], *, uow: UnitOfWork) -> set[UUID]:
    return {one.customer_id for id_ in contact_ids for one in uow.affiliations.of_contact(id_)}


def lock_customers(contact_ids: Collection[UUID], also: Collection[UUID] = (), *, uow: UnitOfWork) -> dict[UUID, Customer]:
    ids = _customers_of(contact_ids, uow=uow).union(also)
    return {id_: uow.customers.get(id_, EVERYTHING, lock=True) for id_ in sorted(ids)}


def check_customers(customer_ids: Collection[UUID], sight: Sight, *, uow: UnitOfWork) -> None:
    """Refuse to take somebody from customers, or to give somebody to them, whom the caller may not see."""
    if len(uow.customers.visible(customer_ids, sight)) < len(customer_ids):
        raise domain.CustomerNotYours("the contact also acts for a customer that is not yours")


def _before(survivor: Contact, duplicate: Contact, *, uow: UnitOfWork) -> Before:
    line = uow.contacts.superiors(survivor.id)
    below = uow.contacts.subordinates(duplicate.id)
    return Before(
        survivor,
        duplicate,
        affiliations=tuple(uow.affiliations.of_contact(duplicate.id)),
        primary_of=frozenset(uow.affiliations.primary_of(duplicate.id)),
        links=tuple(uow.merges.links(duplicate.id)),
        superiors={id_: superior_after(id_, duplicate, survivor.id, line) for id_ in below},
        hanging=uow.merges.hanging(duplicate.id),
        held=versions_of(survivor.id, uow=uow),
    )


# --- what passes ---------------------------------------------------------------------------------------------------------------------
def _join(before: Before, customers: Mapping[UUID, Customer], now: datetime, *, uow: UnitOfWork) -> frozenset[UUID]:
    """Let the survivor act for the customers that it lacks, and be primary where the duplicate was; return the new ones."""
    own = {one.customer_id for one in uow.affiliations.of_contact(before.survivor.id)}
    new = [one for one in before.affiliations if one.customer_id not in own]
    if len(own) + len(new) > MOST_AFFILIATIONS:
        raise domain.MergeTooLarge(f"together they act for more than {MOST_AFFILIATIONS} customers")
    for affiliation in new:
        uow.affiliations.add(replace(affiliation, contact_id=before.survivor.id, create_time=now, version=1))
    for customer_id in sorted(before.primary_of):
        hand_over(customers[customer_id], uow.affiliations.get(customer_id, before.survivor.id), now, uow=uow)
    return frozenset(one.customer_id for one in new)


def report_to(contact_id: UUID, superior_id: UUID | None, now: datetime, *, uow: UnitOfWork) -> None:
    """Give a locked contact another superior."""
    contact = uow.contacts.get(contact_id, EVERYTHING)
    saved = uow.contacts.save(replace(contact, reports_to_id=superior_id, update_time=now))
    uow.outbox.add(wire.contact_updated(saved, contact))


def versions_of(contact_id: UUID, *, uow: UnitOfWork) -> Mapping[UUID, int]:
    return {one.customer_id: one.version for one in uow.affiliations.of_contact(contact_id)}


# --- afterwards ----------------------------------------------------------------------------------------------------------------------
def view_contact(contact_id: UUID, sight: Sight, *, repositories: Repositories) -> ContactView:
    """Return a contact; of one that was merged NotFound names who has taken it over, when the caller may see that."""
    try:
        return repositories.contacts.view(contact_id, sight)
    except domain.ContactNotFound:
        survivor_id = repositories.merges.survivor_of(contact_id, sight)
        if survivor_id is None:
            raise
        raise domain.ContactMerged(f"contact {contact_id} was merged", metadata={"contact": wire.contact_name(survivor_id)}) from None


def sweep(*, uow: UnitOfWork, clock: Clock) -> None:
    """Forget what undoing needs once it can no longer be undone."""
    with uow:
        uow.merges.forget(clock() - KEPT)
        uow.commit()
