"""Who may enter now: the one gate for every way in, asked at each sign-in and at each passport."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from libs.errors import PermissionDenied
from services.identity.domain import contacts as rules
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.contacts import Area, Contact
from services.identity.domain.sessions import Session, State, state_of
from services.identity.service import Contacts, UnitOfWork


@dataclass(frozen=True)
class Entry:
    """refusal: a code of the set `entry`, "" when the person may enter. contact: of a contact, as it is now."""

    refusal: str
    contact: Contact | None = None


def check(account: Account, *, contacts: Contacts, now: datetime) -> Entry:
    """Tell whether the account may enter now; asks contacts, so never call it inside a transaction."""
    if account.kind is not Kind.CONTACT:
        return Entry("ENTRY_ACCESS_OFF" if account.disabled else "")
    contact = contacts.find(account.id)
    return Entry(rules.refusal(contact, disabled=account.disabled, area=contacts.area(now)), contact)


def as_last_told(account: Account, *, area: Area) -> str:
    """Return the refusal by what the last event of the contact said: quick, and checked again before anybody is let in."""
    if account.kind is not Kind.CONTACT:
        return "ENTRY_ACCESS_OFF" if account.disabled else ""
    return rules.refusal(account.contact(), disabled=account.disabled, area=area)


def judge(account: Account, *, uow: UnitOfWork) -> Callable[[Session], State]:
    """Return what tells of each session of an account what it still waits for."""
    accepted = account.kind is Kind.OPERATOR or uow.policies.accepted(account.id)
    obligatory = uow.settings.current().administrators_need_second_factor
    return functools.partial(state_of, account=account, accepted=accepted, factor_obligatory=obligatory)


def no_magic_link(method: str) -> None:
    """Refuse what a session from a magic link may not do."""
    if method == "MAGIC_LINK":
        raise PermissionDenied("sign in with the password to do this", reason="MAGIC_LINK_SESSION")
