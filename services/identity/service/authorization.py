"""The authorization endpoint: a person who is signed in lets a first-party application act for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument, PermissionDenied
from libs.ids import new_id
from libs.unit_of_work import Clock
from services.identity.domain import clients as rules
from services.identity.domain.clients import (
    CODE_LIFE,
    OPENID_SCOPES,
    AccessDenied,
    AuthorizationCode,
    ClientMetadata,
    InvalidClient,
    UntrustedRedirect,
)
from services.identity.domain.tokens import new_token
from services.identity.service import UnitOfWork
from services.identity.service.clients import known_client
from services.identity.service.tokens import first_party


@dataclass(frozen=True)
class Wish:
    """What an application asks for, as it stands in the address of its request."""

    client_id: str
    redirect_uri: str
    response_type: str
    scope: str
    state: str
    code_challenge: str
    code_challenge_method: str
    nonce: str
    denied: bool = False


@dataclass(frozen=True)
class Answer:
    """redirect_uri: where to send the browser, with the code; "" when it was only asked whether that would do."""

    client_name: str
    redirect_uri: str = ""


def authorize(wish: Wish, *, only_check: bool, issuer: str, uow: UnitOfWork, caller: Caller, clock: Clock) -> Answer:
    """Give a code for the caller's session. Client and redirect_uri are checked first: until then no error may be sent there."""
    if caller.session_id is None or caller.account_id is None or caller.client_id is not None:
        raise PermissionDenied("a person must ask, signed in on our pages", reason="access_denied")
    with uow:
        try:
            account, metadata = known_client(UUID(wish.client_id), uow=uow)
        except (ValueError, InvalidClient):
            raise UntrustedRedirect("there is no such client") from None
        if wish.redirect_uri not in metadata.redirect_uris:
            raise UntrustedRedirect("this redirect_uri is not one of the client's")
        scope = _granted(wish, metadata, caller, issuer)
        if only_check:
            return Answer(account.display_name)
        token = new_token()
        uow.clients.add_code(
            AuthorizationCode(
                client_id=account.id,
                account_id=caller.account_id,
                session_id=caller.session_id,
                family_id=new_id(),
                redirect_uri=wish.redirect_uri,
                code_challenge=wish.code_challenge,
                scope=scope,
                nonce=wish.nonce,
                expire_time=clock() + CODE_LIFE,
            ),
            token,
        )
        uow.commit()
    return Answer(account.display_name, with_parameters(wish.redirect_uri, code=token, state=wish.state, iss=issuer))


def _granted(wish: Wish, metadata: ClientMetadata, caller: Caller, issuer: str) -> str:
    """Return the scope that may be given. An error says in its metadata where the browser goes with it."""
    try:
        if wish.denied:
            raise AccessDenied("the person does not want it")
        first_party(metadata)
        rules.check_request(wish.response_type, wish.code_challenge, wish.code_challenge_method)
        return rules.checked_scope(wish.scope, caller.capabilities | set(OPENID_SCOPES))
    except InvalidArgument as error:
        back = with_parameters(wish.redirect_uri, error=error.reason, error_description=str(error), state=wish.state, iss=issuer)
        error.metadata["redirect_uri"] = back
        raise


def with_parameters(uri: str, **parameters: str) -> str:
    """Add the parameters that have a value to the query of an address."""
    added = urlencode({name: value for name, value in parameters.items() if value})
    return f"{uri}{'&' if '?' in uri else '?'}{added}"
