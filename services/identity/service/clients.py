"""Client applications: who they are at the token endpoint, what they may do for themselves, and their secrets."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs import audit
from libs.access import Caller
from libs.access import Kind as CallerKind
from libs.errors import FailedPrecondition, InvalidArgument, Unauthenticated
from libs.unit_of_work import Clock, Request
from services.identity.domain import clients as rules
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.clients import ClientMetadata, Credentials, InvalidClient, InvalidRequest
from services.identity.service import AccessClaims, Assertions, NewUnitOfWork, UnitOfWork, scope

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class KnownClient:
    """A client that said who it is. proven: by a secret or a key; a public client, as apps on people's devices are, has neither."""

    account: Account
    metadata: ClientMetadata
    proven: bool


def known_client(account_id: UUID, *, uow: UnitOfWork) -> tuple[Account, ClientMetadata]:
    """Return a client that is not disabled; InvalidClient is the same for all others."""
    account = uow.accounts.find(account_id)
    if account is None or account.kind is not Kind.SERVICE or account.disabled or account.client is None:
        raise InvalidClient("this client is not known, or did not prove who it is")
    audit.note(resource=f"accounts/{account.id}")
    return account, account.client


def authenticate(
    given: Credentials, *, audiences: Collection[str], new_uow: NewUnitOfWork, assertions: Assertions, clock: Clock
) -> KnownClient:
    """Return the client that these credentials belong to. audiences: how an assertion may name us."""
    if given.secret and given.assertion:
        raise InvalidRequest("give a secret or an assertion, not both")
    if given.assertion:
        return _by_assertion(given, audiences=audiences, new_uow=new_uow, assertions=assertions, clock=clock)
    with new_uow() as uow:
        account, metadata = known_client(_id(given.client_id), uow=uow)
        if given.secret and not uow.clients.authenticates(account.id, given.secret, clock()):
            raise InvalidClient("this client is not known, or did not prove who it is")
        if not given.secret and (metadata.key_set or uow.clients.has_secret(account.id)):
            raise InvalidClient("this client must prove who it is, by its secret or its key")
    return KnownClient(account, metadata, proven=bool(given.secret))


def _by_assertion(
    given: Credentials, *, audiences: Collection[str], new_uow: NewUnitOfWork, assertions: Assertions, clock: Clock
) -> KnownClient:
    issuer, now = assertions.issuer(given.assertion), clock()
    if given.assertion_type != ASSERTION_TYPE or (given.client_id and given.client_id != issuer):
        raise InvalidClient("the assertion is of another kind, or of another client")
    with new_uow() as uow:
        account, metadata = known_client(_id(issuer), uow=uow)
    read = assertions.read(given.assertion, metadata.key_set) if metadata.key_set else None
    if read is None or not read.fits(account.id, audiences, now):
        raise InvalidClient("this client is not known, or did not prove who it is")
    with new_uow() as uow:
        if not uow.clients.use_assertion(account.id, read.id, datetime.fromtimestamp(read.expire, UTC)):
            raise InvalidClient("this assertion was used before")
        with audit.aside():
            uow.commit()
    return KnownClient(account, metadata, proven=True)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidClient("this client is not known, or did not prove who it is") from None


def passport(claims: AccessClaims, *, new_reads: NewUnitOfWork) -> Caller:
    """Return who a client is that acts for itself, as its account is at this moment."""
    with new_reads() as reads:
        account = reads.accounts.find(claims.account_id)
    if account is None or account.kind is not Kind.SERVICE or account.disabled or account.generation != claims.generation:
        raise Unauthenticated("this client may not enter any more", reason="SESSION_ENDED")
    return Caller(
        kind=CallerKind.CLIENT,
        account_id=account.id,
        capabilities=rules.narrowed(claims.scope, account.capabilities),
        groups=account.groups,
        sees_all=account.sees_all,
    )


def rotate_secret(account_id: UUID, overlap: timedelta, *, request: Request, uow: UnitOfWork, caller: Caller, clock: Clock) -> str:
    """Return a new secret; the old one works for the overlap. Without one it counts as lost, and what it opened ends with it."""
    if not timedelta() <= overlap <= rules.SECRET_OVERLAP:
        raise InvalidArgument.of("overlap", "must be at most 7 days", "OVERLAP_INVALID")
    with uow:
        scope.in_charge_of(account_id, accounts=uow.accounts, caller=caller)
        account = uow.accounts.lock(account_id)
        if account.kind is not Kind.SERVICE:
            raise FailedPrecondition("only the account of a service has a client secret", reason="NOT_A_SERVICE")
        seed = secrets.token_urlsafe(32)  # what a retry needs to be given the same secret
        if (earlier := uow.requests.claim(request, seed)) is not None:
            return uow.clients.secret(earlier)
        secret = uow.clients.secret(seed)
        uow.clients.rotate(account_id, secret, clock() + overlap if overlap else None)
        if not overlap:
            uow.accounts.save(replace(account, generation=account.generation + 1))
        uow.commit()
    return secret
