"""How accounts follow their contacts."""

from __future__ import annotations

from uuid import UUID

from libs.errors import NotFound
from libs.unit_of_work import Clock
from services.identity.domain import accounts as rules
from services.identity.domain.accounts import Account, EmailTaken, Kind
from services.identity.domain.contacts import Contact
from services.identity.service import Contacts, NewUnitOfWork, UnitOfWork


def follow(contact: Contact, version: int, event_id: UUID, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> None:
    """Create or change the account as an event of its contact says; an older event changes nothing.

    When its address is still another account's, the event of that one is on its way: it is asked from contacts at once.
    """
    try:
        _follow(contact, version, event_id, uow=new_uow(), clock=clock)
    except EmailTaken:
        with new_uow() as uow:
            holders = [holder.id for holder in uow.accounts.by_login(contact.email, Kind.CONTACT) if holder.id != contact.id]
        for holder_id in holders:
            refresh(holder_id, uow=new_uow(), contacts=contacts, clock=clock)
        _follow(contact, version, event_id, uow=new_uow(), clock=clock)


def _follow(contact: Contact, version: int, event_id: UUID, *, uow: UnitOfWork, clock: Clock) -> None:
    with uow:
        if not uow.inbox.add(event_id):
            return
        account = uow.accounts.find(contact.id)
        if account is None or (account.delete_time is None and account.contact_version < version):
            _save(account, contact, version, uow=uow, clock=clock)
        uow.commit()


def refresh(contact_id: UUID, *, uow: UnitOfWork, contacts: Contacts, clock: Clock) -> Account | None:
    """Return the account as its contact is at this moment, also when no event of it has come yet; None when there is no contact."""
    contact = contacts.find(contact_id)
    with uow:
        account = uow.accounts.find(contact_id)
        if account is not None and (account.kind is Kind.OPERATOR or account.delete_time is not None):
            return None
        if contact is None or contact.anonymized:
            if account is not None:
                _forget(account, account.contact_version, uow=uow, clock=clock)
                uow.commit()
            return None
        saved = _save(account, contact, 0, uow=uow, clock=clock)
        uow.commit()
        return saved


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
    saved = uow.accounts.save(rules.following(account, contact, version, clock()))
    if saved.generation != account.generation:
        cut_off(saved.id, uow=uow)
    return saved


def _forget(account: Account, version: int, *, uow: UnitOfWork, clock: Clock) -> None:
    uow.accounts.save(rules.forgotten(account, version, clock()))
    cut_off(account.id, uow=uow)


def cut_off(account_id: UUID, *, uow: UnitOfWork, but: UUID | None = None) -> None:
    """End the sessions of an account, but one, and show its links as cancelled."""
    uow.sessions.end_all(account_id, but=but)
    uow.links.cancel(account_id)


def known(account_id: UUID, *, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Account:
    """Return an account, asking contacts for one whose event has not come yet; NotFound when there is no such person."""
    with new_uow() as uow:
        account = uow.accounts.find(account_id)
    if account is None:
        account = refresh(account_id, uow=new_uow(), contacts=contacts, clock=clock)
    if account is None or account.delete_time is not None:
        raise NotFound(f"account {account_id} does not exist")
    return account
