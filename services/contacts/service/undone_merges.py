"""The use case of a merge that is undone: both contacts as they were, or a refusal when that would lose what was done since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import EVERYTHING, Before, Catalogue, Contact, ContactView, Customer, Merge, MergeChanged, Sight, Snapshot
from services.contacts.domain.merges import Merged
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.contacts import hand_over
from services.contacts.service.fields import catalogue
from services.contacts.service.merges import check_customers, lock_customers, report_to, versions_of

_BEYOND = 3  # versions: the flag that it handed over, its end, and its return


def undo_merge(merge_id: UUID, request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock) -> tuple[Merge, ContactView]:
    """Give the survivor its former state and the duplicate everything back, under its own id, and announce both."""
    sight, now = sight_of(caller), clock()
    with uow:
        seen = uow.merges.get(merge_id, sight)
        uow.merges.lock_of(seen.survivor_id, seen.duplicate_id)
        merge = uow.merges.get(merge_id, sight)
        if uow.requests.claim(request, str(merge_id)) is not None:
            return merge, uow.contacts.view(merge.survivor_id, sight)
        snapshot = merge.restorable(now)
        _restore(merge, snapshot, sight, now, uow=uow)
        merge = merge.undone(now)
        uow.merges.save(merge)
        view = uow.contacts.view(merge.survivor_id, sight)
        uow.commit()
    return merge, view


def _restore(merge: Merge, snapshot: Snapshot, sight: Sight, now: datetime, *, uow: UnitOfWork) -> None:
    before, left = snapshot.before, snapshot.left
    known = catalogue(uow, lock=True)
    concerned = [one.customer_id for one in before.affiliations]
    customers = lock_customers([merge.survivor_id], concerned, uow=uow)
    uow.settings.get(lock=True)  # the turn of whoever changes superiors
    survivor = _unchanged(merge, snapshot, sight, uow=uow)
    check_customers(concerned, sight, uow=uow)
    _check_fits(before, known, uow=uow)
    for link in left.links:
        uow.sub_contacts.delete(link)
    _give_back_contacts(before, survivor, now, uow=uow)
    _give_back_customers(before, left.joined, customers, now, uow=uow)
    uow.merges.pass_on(before.hanging, merge.survivor_id, merge.duplicate_id)
    _give_back_people(before, now, uow=uow)
    _keep_undoable(before, uow=uow)


# --- whether it can be ---------------------------------------------------------------------------------------------------------------
def _unchanged(merge: Merge, snapshot: Snapshot, sight: Sight, *, uow: UnitOfWork) -> Contact:
    """Return the survivor, locked, when it is what the merge left."""
    left = snapshot.left
    try:
        survivor = uow.contacts.get(merge.survivor_id, sight, lock=True)
    except domain.ContactNotFound:
        raise MergeChanged(f"contact {merge.survivor_id} was deleted or merged since") from None
    if (survivor.version, versions_of(survivor.id, uow=uow)) != (left.version, left.affiliations):
        raise MergeChanged(f"contact {survivor.id} was changed since")
    others = {one.contact_id if one.principal_id == survivor.id else one.principal_id for one in left.links}
    present = uow.contacts.known(others)
    held = uow.merges.links(survivor.id)
    if any(one not in held for one in left.links if {one.principal_id, one.contact_id} & present):
        raise MergeChanged(f"who is linked to contact {survivor.id} was changed since")
    domain.allowed_groups(snapshot.before.survivor.groups, survivor.groups, sight, "contact.groups")
    return survivor


def _check_fits(before: Before, known: Catalogue, *, uow: UnitOfWork) -> None:
    """Refuse to bring back values of fields, roles and groups that are gone."""
    roles = {one.contact_role_id for one in before.affiliations if one.contact_role_id is not None}
    if uow.contact_roles.unknown(roles) or uow.groups.unknown(before.survivor.groups | before.duplicate.groups):
        raise MergeChanged("a contact role or a group of then is gone")
    for contact in (before.survivor, before.duplicate):
        try:
            contact.checked(known.without_required)
        except InvalidArgument as error:
            raise MergeChanged("a field of then is gone or has other options") from error


# --- what comes back -----------------------------------------------------------------------------------------------------------------
def _give_back_contacts(before: Before, survivor: Contact, now: datetime, *, uow: UnitOfWork) -> None:
    """The survivor first, because it may hold the other's address; its superior may be the other one, and waits."""
    former = replace(before.survivor, reports_to_id=survivor.reports_to_id, version=survivor.version, update_time=now)
    saved = uow.contacts.save(former)
    uow.outbox.add(wire.contact_updated(saved, survivor))
    superior_id = before.duplicate.reports_to_id
    if superior_id is not None and superior_id != survivor.id and not uow.contacts.stays(superior_id, EVERYTHING):
        superior_id = None
    back = replace(before.duplicate, reports_to_id=superior_id, version=before.duplicate.version + _BEYOND, update_time=now)
    try:
        uow.contacts.restore(back)
    except domain.EmailTaken:
        raise MergeChanged("the address of the contact is another one's now") from None
    uow.outbox.add(wire.contact_restored(back))


def _give_back_customers(
    before: Before, joined: frozenset[UUID], customers: Mapping[UUID, Customer], now: datetime, *, uow: UnitOfWork
) -> None:
    for affiliation in before.affiliations:
        uow.affiliations.restore(replace(affiliation, version=affiliation.version + _BEYOND), now)
    for customer_id in sorted(before.primary_of):
        hand_over(customers[customer_id], uow.affiliations.get(customer_id, before.duplicate.id), now, uow=uow)
    for customer_id in sorted(joined):
        uow.affiliations.delete(uow.affiliations.get(customer_id, before.survivor.id))


def _give_back_people(before: Before, now: datetime, *, uow: UnitOfWork) -> None:
    """Links, and whoever reported to the duplicate, unless it has got another superior since; never a loop."""
    ids = {id_ for link in before.links for id_ in (link.principal_id, link.contact_id)}
    present = {id_ for id_ in sorted(ids) if id_ == before.duplicate.id or uow.contacts.stays(id_, EVERYTHING)}
    for link in before.links:
        if {link.principal_id, link.contact_id} <= present:
            uow.sub_contacts.add(link)
    reporting = [(id_, since) for id_, since in sorted(before.superiors.items()) if uow.contacts.known({id_})]
    for id_, since in reporting:
        if uow.contacts.get(id_, EVERYTHING, lock=True).reports_to_id == since:
            report_to(id_, before.duplicate.id, now, uow=uow)
    for contact_id in (before.duplicate.id, before.survivor.id):
        superior_id = uow.contacts.get(contact_id, EVERYTHING).reports_to_id
        if superior_id is not None and contact_id in uow.contacts.superiors(superior_id):
            raise MergeChanged("who reports to whom was changed since")


def _keep_undoable(before: Before, *, uow: UnitOfWork) -> None:
    """Both are again what earlier merges into them left: so those can still be undone, the last one first."""
    own = {one.customer_id: one.version for one in before.affiliations}
    for contact, held in ((before.survivor, before.held), (before.duplicate, own)):
        found = Merged(contact.version, held)
        present = Merged(uow.contacts.get(contact.id, EVERYTHING).version, versions_of(contact.id, uow=uow))
        for earlier in uow.merges.into(contact.id):
            if (kept := earlier.onto(found, present)) is not None:
                uow.merges.save(kept)
