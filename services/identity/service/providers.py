"""Sign-in of operators at the organisation's own identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from libs import audit, telemetry
from libs.errors import InvalidArgument, ResourceExhausted, Unauthenticated
from libs.unit_of_work import Clock
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.providers import SIGN_IN_LIFE, AuthorizationRequest, Claims, Provider
from services.identity.domain.sessions import Client, Method
from services.identity.domain.tokens import PROVIDER_OF_NETWORK, new_token
from services.identity.service import NewUnitOfWork, Providers, UnitOfWork
from services.identity.service.sessions import Opened, meet_device, open_session

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Started:
    authorization_uri: str
    state: str


def start_sign_in(
    provider_id: str,
    redirect_uri: str,
    client: Client,
    *,
    reauthenticate: bool,
    providers: Providers,
    new_uow: NewUnitOfWork,
    clock: Clock,
) -> Started:
    """Return where the browser goes to sign in; what comes back is good once, within ten minutes.

    reauthenticate: the provider asks who it is even if it knows.
    """
    provider = _provider(provider_id, providers)
    if redirect_uri not in provider.redirect_uris:
        raise InvalidArgument.of("redirect_uri", "is not one of the configured addresses", "REDIRECT_URI_UNKNOWN")
    request = _request(provider, redirect_uri, client, new_uow=new_uow, now=clock())
    return Started(providers.authorization_uri(provider, request, reauthenticate=reauthenticate), request.state)


def _provider(provider_id: str, providers: Providers) -> Provider:
    provider = providers.find(provider_id)
    if provider is None:
        raise InvalidArgument.of("provider", "there is no such provider", "PROVIDER_UNKNOWN")
    return provider


def _request(provider: Provider, redirect_uri: str, client: Client, *, new_uow: NewUnitOfWork, now: datetime) -> AuthorizationRequest:
    with new_uow() as uow:
        wait = uow.throttle.hit(PROVIDER_OF_NETWORK, client.network, now)[1] if client.network else 0
        if wait:
            raise ResourceExhausted("too many attempts; wait before the next", reason="TOO_MANY_ATTEMPTS", retry_after_seconds=wait)
        request = uow.authorization_requests.add(provider.id, redirect_uri, new_token(), now + SIGN_IN_LIFE)
        with audit.aside():
            uow.commit()
    return request


def sign_in(
    provider_id: str, code: str, state: str, client: Client, *, providers: Providers, new_uow: NewUnitOfWork, clock: Clock
) -> Opened:
    """Open a session with what a provider sent back.

    An unknown person, a disabled one and an address that somebody else is linked to get one answer, and leave nothing behind.
    """
    provider, now = _provider(provider_id, providers), clock()
    with new_uow() as uow:
        request = uow.authorization_requests.take(state, now)
        with audit.aside():
            uow.commit()  # whatever the provider says next
    if request is None or request.provider_id != provider.id:
        raise Unauthenticated("this sign-in is over; start again", reason="PROVIDER_SIGN_IN_EXPIRED")
    claims = providers.claims(provider, request, code)
    with new_uow() as uow:
        account = _operator(provider, claims, uow=uow, now=now)
        if account is None:
            log.info("sign-in refused", provider=provider.id)
            raise Unauthenticated("this person does not sign in here", reason="WRONG_CREDENTIALS")
        uow.throttle.take_back(PROVIDER_OF_NETWORK, client.network)
        meet_device(account, client, uow=uow, now=now)
        opened = open_session(
            account, account.password_hash, Method.PROVIDER, client, "", uow=uow, now=now, proof_time=claims.authentication_time
        )
        uow.commit()
    return opened


def _operator(provider: Provider, claims: Claims, *, uow: UnitOfWork, now: datetime) -> Account | None:
    """Return the operator that this person is, locked: by the subject when it is known, else by the address, which links it."""
    account_id = uow.provider_identities.find(provider.issuer, claims.subject)
    if account_id is None and provider.vouches_for(claims):
        account_id = next((account.id for account in uow.accounts.by_login(claims.email, Kind.OPERATOR)), None)
    if account_id is None:
        return None
    audit.note(resource=f"accounts/{account_id}")
    account = uow.accounts.lock(account_id)
    usable = not account.disabled and uow.provider_identities.link(provider.issuer, claims.subject, account.id, now)
    return account if usable else None
