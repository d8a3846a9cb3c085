"""How accounts follow their contacts, to the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from libs import audit
from libs.erasing import Erasing, SetAside
from libs.errors import Aborted, NotFound
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.domain import accounts as rules
from services.identity.domain.accounts import Account, EmailTaken, Kind, fold
from services.identity.domain.contacts import Contact
from services.identity.service import Contacts, NewUnitOfWork, UnitOfWork

T = TypeVar("T")


def follow(
    contact: Contact, version: int, event_id: UUID, *, restored: bool = False, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock
) -> None:
    """Create or change the account as an event of its contact says; an older event changes nothing.

    restored: the contact had been deleted and is back, with a new password to be set; one that was erased never is.
    """

    def apply() -> None:
        _follow(contact, version, event_id, restored, uow=new_uow(), clock=clock)

    _making_way(apply, contact, new_uow=new_uow, contacts=contacts, clock=clock)


def _making_way(apply: Callable[[], T], contact: Contact, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> T:
    """Save a contact's account; when its address is still another account's, whose own event is on its way, that one is asked for now.

    EmailTaken when the other contact has the address to this day: then it is what we heard of this one that is old.
    """
    try:
        return apply()
    except Aborted:
        return apply()  # another call heard of the same contact at the same moment
    except EmailTaken:
        gave_way = _take_address(contact, new_uow=new_uow, contacts=contacts)
        saved = apply()
    for account_id in gave_way:
        refresh(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
    return saved


def _take_address(contact: Contact, *, new_uow: NewUnitOfWork, contacts: Contacts) -> list[UUID]:
    """Take the address from the account that holds it, if contacts says that it gave it up; return whose it was."""
    with new_uow() as uow:
        holders = [holder for holder in uow.accounts.by_login(contact.email, Kind.CONTACT) if holder.id != contact.id]
    current = [contacts.find(holder.id) for holder in holders]
    if any(found is not None and fold(found.email) == fold(contact.email) for found in current):
        raise EmailTaken("another contact has this address")
    with new_uow() as uow:
        for holder in holders:
            uow.accounts.save(replace(holder, email="", generation=holder.generation + 1))
            cut_off(holder.id, uow=uow)
        uow.commit()
    return [holder.id for holder in holders]


def _follow(contact: Contact, version: int, event_id: UUID, restored: bool, *, uow: UnitOfWork, clock: Clock) -> None:
    with uow:
        if not uow.inbox.add(event_id):
            return
        account = uow.accounts.find(contact.id)
        if account is not None and restored and account.contact_version < version:
            account = rules.returned(account)
        if account is None or (account.delete_time is None and account.contact_version < version):
            _save(account, contact, version, uow=uow, clock=clock)
        uow.commit()


def refresh(contact_id: UUID, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Account | None:
    """Return the account as its contact is at this moment, also when no event of it has come yet; None when there is no contact."""
    with audit.aside():
        return _refresh(contact_id, new_uow=new_uow, contacts=contacts, clock=clock)


def _refresh(contact_id: UUID, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Account | None:
    contact = contacts.find(contact_id)
    if contact is None:
        _forget_unknown(contact_id, uow=new_uow(), clock=clock)
        return None
    return _take_over(contact, new_uow=new_uow, contacts=contacts, clock=clock)


def _take_over(contact: Contact, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Account | None:
    """Make the account as contacts answered; what an event told meanwhile is newer and stays."""
    if contact.anonymized:
        _forget_unknown(contact.id, uow=new_uow(), clock=clock)
        return None

    def apply() -> Account | None:
        with new_uow() as uow:
            account = uow.accounts.find(contact.id)
            if account is not None and (account.kind is not Kind.CONTACT or account.delete_time is not None):
                return None
            if account is not None and 0 < contact.version < account.contact_version:
                return account
            saved = _save(account, contact, contact.version, uow=uow, clock=clock)
            uow.commit()
        return saved

    return _making_way(apply, contact, new_uow=new_uow, contacts=contacts, clock=clock)


def reproject(*, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> int:
    """Make the account of every contact as the contact is, and forget those whose contact is gone; return how many contacts there are."""
    with audit.aside():
        for contact in contacts.every():
            _take_over(contact, new_uow=new_uow, contacts=contacts, clock=clock)
        listed = {contact.id for contact in contacts.every()}  # anew: one may have been deleted since it was read, and its event be past
        with new_uow() as uow:
            gone = uow.accounts.of_contacts() - listed
        for contact_id in gone:
            _refresh(contact_id, new_uow=new_uow, contacts=contacts, clock=clock)
    return len(listed)


def _forget_unknown(contact_id: UUID, *, uow: UnitOfWork, clock: Clock) -> None:
    with uow:
        account = uow.accounts.find(contact_id)
        if account is not None and account.kind is Kind.CONTACT and account.delete_time is None:
            _forget(account, account.contact_version, uow=uow, clock=clock)
            uow.commit()


def forget(contact_id: UUID, version: int, event_id: UUID, *, uow: UnitOfWork, clock: Clock) -> None:
    """End everything of a deleted contact: sessions, links, login. Its proofs of acceptance stay."""
    with uow:
        if not uow.inbox.add(event_id):
            return
        if (account := uow.accounts.find(contact_id)) is not None and account.delete_time is None:
            _forget(account, version, uow=uow, clock=clock)
        uow.commit()


def _save(account: Account | None, contact: Contact, version: int, *, uow: UnitOfWork, clock: Clock) -> Account:
    if account is None:
        return uow.accounts.add(rules.of_contact(contact, version, clock()))
    changed = rules.following(account, contact, version, clock())
    if changed == account:
        return account
    saved = uow.accounts.save(changed)
    if saved.generation != account.generation:
        cut_off(saved.id, uow=uow)
    return saved


def erase(asked: Erasing, event_id: UUID, *, uow: UnitOfWork, set_aside: SetAside, clock: Clock) -> None:
    """Erase a person and announce the receipt; twice changes nothing. What is left is an id that no later event brings back to life.

    Proofs of acceptance stay without address and device; so does the audit, which names accounts by id alone.
    """
    count = set_aside.forget(asked.subjects, wire.TOLD_OF_PEOPLE)
    with uow:
        if not uow.inbox.add(event_id):
            return
        held = []
        if (account_id := asked.contact_id) is not None:
            count += _erase_account(account_id, uow=uow, clock=clock)
            held = ["audit", *(["acceptances"] if uow.personal_data.accepted(account_id) else [])]
            for subject in asked.subjects:
                uow.outbox.withdraw(subject, wire.TELLING_OF_PEOPLE)
        uow.outbox.add(asked.receipt("identity", count, held))
        uow.commit()


def _erase_account(account_id: UUID, *, uow: UnitOfWork, clock: Clock) -> int:
    account = uow.accounts.find(account_id)
    if account is None:
        uow.accounts.add(rules.never_known(account_id, clock()))
        return 0
    if account.kind is not Kind.CONTACT:
        return 0
    count = uow.personal_data.erase(account_id, account.email)
    if account.delete_time is None:
        _forget(account, rules.ERASED, uow=uow, clock=clock)
        count += 1
    elif account.contact_version < rules.ERASED:
        uow.accounts.save(rules.forgotten(account, rules.ERASED, account.delete_time))
    return count


def _forget(account: Account, version: int, *, uow: UnitOfWork, clock: Clock) -> None:
    uow.accounts.save(rules.forgotten(account, version, clock()))
    uow.factors.delete_all(account.id)
    cut_off(account.id, uow=uow)


def cut_off(account_id: UUID, *, uow: UnitOfWork, but: UUID | None = None) -> None:
    """End the sessions of an account, but one, and what it does for others as a client; show its links as cancelled."""
    uow.sessions.end_all(account_id, but=but)
    uow.links.cancel(account_id)
    uow.families.end_of_client(account_id)


def known(account_id: UUID, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Account:
    """Return an account, asking contacts for one whose event has not come yet; NotFound when there is no such person."""
    with new_uow() as uow:
        account = uow.accounts.find(account_id)
    if account is None:
        account = refresh(account_id, new_uow=new_uow, contacts=contacts, clock=clock)
    if account is None or account.delete_time is not None:
        raise NotFound(f"account {account_id} does not exist")
    return account
