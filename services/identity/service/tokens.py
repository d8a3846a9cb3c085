"""Tokens of client applications, and the keys that sign them and the passports."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs import audit
from libs.ids import new_id
from libs.unit_of_work import Clock
from services.identity.domain import tokens as rules
from services.identity.domain.accounts import Account
from services.identity.domain.sessions import State
from services.identity.domain.tokens import InvalidGrant, SigningKey, new_token
from services.identity.service import AccessClaims, Contacts, Family, NewUnitOfWork, SignedIn, Signer, UnitOfWork, entry


# --- keys ----------------------------------------------------------------------------------------------------------------------------
def rotate_keys(life: timedelta, *, uow: UnitOfWork, clock: Clock, force: bool = False) -> list[SigningKey]:
    """Make the next key when it is due, forget those that no living token needs, and return all.

    A new key is published for ten minutes before it signs, so that every service has it by then; the very first signs at once.
    """
    now = clock()
    with uow:
        last = uow.keys.last_number()  # before the keys: a key that somebody makes from here on has the number that we would take
        keys = uow.keys.all()
        for key in rules.outlived(keys, now):
            uow.keys.delete(key.id)
        if force or rules.due(keys, now, life):
            use_time = now + rules.PUBLISHED_BEFORE_USE if rules.signing(keys, now) else now
            uow.keys.add(SigningKey(secrets.token_hex(8), secrets.token_bytes(32), now, use_time), last + 1)
        kept = uow.keys.all()
        uow.commit()
    return kept


def signing_keys(life: timedelta, *, new_reads: NewUnitOfWork, new_uow: NewUnitOfWork, clock: Clock) -> Sequence[SigningKey]:
    """Return the published keys; makes the first one when there is none."""
    with new_reads() as reads:
        keys = reads.keys.all()
    if rules.signing(keys, clock()):
        return keys
    with audit.aside():
        return rotate_keys(life, uow=new_uow(), clock=clock)


# --- tokens --------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Issued:
    access_token: str
    refresh_token: str


def exchange_session(
    session_token: str, *, keys: Sequence[SigningKey], signer: Signer, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock
) -> Issued:
    """Give a client application tokens of its own for an open session; they end with it."""
    now, token = clock(), new_token()
    with new_uow() as uow:
        signed_in = uow.sessions.signed_in(session_token)
    account = _let_in(signed_in, contacts=contacts, now=now)
    if signed_in is None:
        raise InvalidGrant("the session has ended")
    family = Family(new_id(), account.id, signed_in.session.id)
    _note(family)
    with new_uow() as uow:
        uow.families.add(family, token, now)
        uow.commit()
    claims = AccessClaims(family.session_id, family.id)
    return Issued(signer.access_token(claims, account.id, keys, now), token)


def refresh(
    refresh_token: str, *, keys: Sequence[SigningKey], signer: Signer, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock
) -> Issued:
    """Change a refresh token for the next one; one that was spent before ends its whole family, for somebody copied it."""
    now, token = clock(), new_token()
    with new_uow() as uow:
        family = uow.families.find(refresh_token)
        signed_in = uow.sessions.signed_in_by_id(family.session_id) if family else None
    account = _let_in(signed_in, contacts=contacts, now=now)
    with new_uow() as uow:
        spent = uow.families.spend(refresh_token, now)
        if spent is None:
            if family is not None:
                uow.families.end(family.id)
                uow.commit()
            raise InvalidGrant("this refresh token was used before, or ended")
        uow.families.renew(spent.id, token, now)
        uow.sessions.touch(spent.session_id, now)
        uow.commit()
    claims = AccessClaims(spent.session_id, spent.id)
    return Issued(signer.access_token(claims, account.id, keys, now), token)


def _note(family: Family) -> None:
    session = f"accounts/{family.account_id}/sessions/{family.session_id}"
    audit.note(resource=session, actor=f"accounts/{family.account_id}", session=session)


def _let_in(signed_in: SignedIn | None, *, contacts: Contacts, now: datetime) -> Account:
    if signed_in is None or not signed_in.session.live(now) or entry.check(signed_in.account, contacts=contacts, now=now).refusal:
        raise InvalidGrant("the session has ended")
    if signed_in.state is not State.OPEN:
        raise InvalidGrant("the session is not open yet")
    return signed_in.account


def revoke(refresh_token: str, *, uow: UnitOfWork) -> None:
    """End the family of a refresh token; an unknown one needs nothing (RFC 7009, section 2.2)."""
    with uow:
        if (family := uow.families.find(refresh_token)) is not None:
            _note(family)
            uow.families.end(family.id)
            uow.commit()
