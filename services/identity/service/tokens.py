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
from services.identity.domain.clients import (
    EMAIL,
    OPENID,
    PROFILE,
    AuthorizationCode,
    ClientMetadata,
    InvalidClient,
    InvalidScope,
    UnauthorizedClient,
    checked_scope,
    proves,
)
from services.identity.domain.sessions import Session, State
from services.identity.domain.tokens import InvalidGrant, SigningKey, new_token
from services.identity.service import AccessClaims, Contacts, Family, NewUnitOfWork, SignedIn, Signer, UnitOfWork, entry
from services.identity.service.clients import KnownClient


# --- keys ----------------------------------------------------------------------------------------------------------------------------
def rotate_keys(
    life: timedelta, *, uow: UnitOfWork, clock: Clock, force: bool = False, published: timedelta = rules.PUBLISHED_BEFORE_USE
) -> list[SigningKey]:
    """Make the next key when it is due, forget those that no living token needs, and return all.

    A new key is published before it signs, so that every service has it by then; the very first signs at once.
    """
    now = clock()
    with uow:
        last = uow.keys.last_number()  # before the keys: a key that somebody makes from here on has the number that we would take
        keys = uow.keys.all()
        for key in rules.outlived(keys, now):
            uow.keys.delete(key.id)
        if force or rules.due(keys, now, life):
            use_time = now + published if rules.signing(keys, now) else now
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
    """scope: what the access token is narrowed to, "" when it is not."""

    access_token: str
    refresh_token: str = ""
    scope: str = ""
    id_token: str = ""


@dataclass(frozen=True)
class Mint:
    """What signs tokens: the signer, with the keys of this moment. issuer: as ID tokens name us."""

    signer: Signer
    keys: Sequence[SigningKey]
    issuer: str

    def access_token(self, claims: AccessClaims, now: datetime) -> str:
        return self.signer.access_token(claims, self.keys, now)


def exchange_session(session_token: str, scope: str, *, mint: Mint, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Issued:
    """Give a client application tokens of its own for an open session; they end with it."""
    if scope:
        raise InvalidScope("tokens for a session have no scope")
    now, token = clock(), new_token()
    with new_uow() as uow:
        signed_in = uow.sessions.signed_in(session_token)
    session, account = _let_in(signed_in, contacts=contacts, now=now)
    family = Family(new_id(), account.id, session.id)
    _note(family)
    with new_uow() as uow:
        uow.families.add(family, token, now)
        uow.commit()
    return Issued(mint.access_token(_claims(family, ""), now), token)


def client_credentials(client: KnownClient, scope: str, *, mint: Mint, uow: UnitOfWork, clock: Clock) -> Issued:
    """Give a client a token to act for itself, with what its roles allow or less."""
    if not client.proven:
        raise InvalidClient("this client must prove who it is, by its secret or its key")
    account, now = client.account, clock()
    narrowed = checked_scope(scope, account.capabilities)
    audit.note(resource=f"accounts/{account.id}", actor=f"accounts/{account.id}")
    with uow:
        uow.accounts.mark_sign_in(account.id, account.password_hash, now)
        uow.commit()
    claims = AccessClaims(account.id, client_id=account.id, scope=narrowed, generation=account.generation)
    return Issued(mint.access_token(claims, now), scope=narrowed)


def exchange_code(
    client: KnownClient,
    code: str,
    code_verifier: str,
    redirect_uri: str,
    *,
    mint: Mint,
    new_uow: NewUnitOfWork,
    contacts: Contacts,
    clock: Clock,
) -> Issued:
    """Change an authorization code for tokens. It is spent by any try; a second one ends what the first one got."""
    first_party(client.metadata)
    now, token = clock(), new_token()
    with new_uow() as uow:
        used = uow.clients.use_code(code, now)
        if used is None:
            if (earlier := uow.clients.find_code(code)) is not None:
                uow.families.end(earlier.family_id)
            with audit.aside():
                uow.commit()
            raise InvalidGrant("this code was used before, or has expired")
        if used.client_id != client.account.id or used.redirect_uri != redirect_uri or not proves(code_verifier, used.code_challenge):
            with audit.aside():
                uow.commit()
            raise InvalidGrant("this code was given for another client, redirect_uri or code_verifier")
        signed_in = uow.sessions.signed_in_by_id(used.session_id)
        family = Family(used.family_id, used.account_id, used.session_id, client.account.id, used.scope)
        _note(family)
        uow.families.add(family, token, now)
        uow.commit()
    session, account = _let_in(signed_in, contacts=contacts, now=now)
    id_token = _id_token(used, session, account, mint, now) if OPENID in used.scope.split() else ""
    return Issued(mint.access_token(_claims(family, used.scope), now), token, used.scope, id_token)


def _id_token(code: AuthorizationCode, session: Session, account: Account, mint: Mint, now: datetime) -> str:
    asked = set(code.scope.split())
    claims: dict[str, object] = {
        "iss": mint.issuer,
        "sub": str(account.id),
        "aud": str(code.client_id),
        "auth_time": int(session.create_time.timestamp()),
    }
    claims |= {"nonce": code.nonce} if code.nonce else {}
    claims |= {"email": account.email} if EMAIL in asked else {}
    claims |= {"name": account.display_name, "locale": account.language_code} if PROFILE in asked else {}
    return mint.signer.id_token(claims, mint.keys, now)


def refresh(
    refresh_token: str, client: KnownClient | None, scope: str, *, mint: Mint, new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock
) -> Issued:
    """Change a refresh token for the next one; one that was spent before ends its whole family, for somebody copied it.

    client: who asks; the tokens of an application are for it alone. scope: less than the family's, for this access token.
    """
    now, token = clock(), new_token()
    with new_uow() as uow:
        family = uow.families.find(refresh_token)
        signed_in = uow.sessions.signed_in_by_id(family.session_id) if family else None
    if family is None or family.client_id != (client.account.id if client else None):
        raise InvalidGrant("this refresh token is not known, or another client's")
    if client is not None:
        first_party(client.metadata)
    scope = checked_scope(scope, family.scope.split()) if scope else family.scope
    _let_in(signed_in, contacts=contacts, now=now)
    with new_uow() as uow:
        spent = uow.families.spend(refresh_token, now)
        if spent is None:
            uow.families.end(family.id)
            with audit.aside():
                uow.commit()
            raise InvalidGrant("this refresh token was used before, or ended")
        _note(spent)
        uow.families.renew(spent.id, token, now)
        uow.sessions.touch(spent.session_id, now)
        uow.commit()
    return Issued(mint.access_token(_claims(spent, scope), now), token, scope)


def _note(family: Family) -> None:
    session = f"accounts/{family.account_id}/sessions/{family.session_id}"
    audit.note(resource=session, actor=f"accounts/{family.account_id}", session=session)


def first_party(metadata: ClientMetadata) -> None:
    if not metadata.first_party:
        raise UnauthorizedClient("this client acts for itself only, not for people")


def _claims(family: Family, scope: str) -> AccessClaims:
    return AccessClaims(family.account_id, family.session_id, family.id, family.client_id, scope)


def _let_in(signed_in: SignedIn | None, *, contacts: Contacts, now: datetime) -> tuple[Session, Account]:
    if signed_in is None or not signed_in.session.live(now) or entry.check(signed_in.account, contacts=contacts, now=now).refusal:
        raise InvalidGrant("the session has ended")
    if signed_in.state is not State.OPEN:
        raise InvalidGrant("the session is not open yet")
    return signed_in.session, signed_in.account


def revoke(refresh_token: str, client: KnownClient | None, *, uow: UnitOfWork) -> None:
    """End the family of a refresh token; an unknown one, or another client's, needs nothing (RFC 7009, section 2.2)."""
    with uow:
        family = uow.families.find(refresh_token)
        if family is not None and family.client_id == (client.account.id if client else None):
            _note(family)
            uow.families.end(family.id)
            uow.commit()
