"""OpenID Connect as a client, by authlib: discovery, authorization code with PKCE, and the checks of the ID token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import BaseModel

from libs import telemetry
from libs.errors import Unauthenticated, Unavailable
from libs.unit_of_work import Clock
from services.identity.clients import https
from services.identity.domain.providers import AuthorizationRequest, Claims, Provider, secure

SCOPE = "openid email"
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"})
KEPT = timedelta(hours=1)
PAUSE = timedelta(seconds=10)
LEEWAY_SECONDS = 60  # between the provider's clock and ours
AT_ONCE = 4  # of our threads a slow provider may hold these, and no more
MAX_SUBJECT = 255

T = TypeVar("T")
log = telemetry.logger(__name__)


class _Kept(Generic[T]):
    """A document of a provider, kept for an hour; asked for at most each ten seconds, also when it was not to be had."""

    def __init__(self, ask: Callable[[], T], clock: Clock) -> None:
        self._ask, self._clock = ask, clock
        self._lock = threading.Lock()
        self._found: T | None = None
        self._until = self._next = datetime.min.replace(tzinfo=UTC)

    def get(self, *, afresh: bool = False) -> T:
        with self._lock:
            now = self._clock()
            if (afresh or now >= self._until) and now >= self._next:
                self._next = now + PAUSE
                self._found, self._until = self._ask(), now + KEPT
            if self._found is None or now >= self._until:
                raise _unavailable()
            return self._found


class _Metadata(BaseModel):
    """What we use of a discovery document, with the defaults of OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]


class OpenIdProviders:
    """loopback: a provider on this machine may be asked without https, for development."""

    def __init__(self, providers: Sequence[Provider], clock: Clock, *, loopback: bool) -> None:
        self._clients = {provider.id: _Client(provider, clock, loopback=loopback) for provider in providers}
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def all(self) -> list[Provider]:
        return [client.provider for client in self._clients.values()]

    def find(self, provider_id: str) -> Provider | None:
        client = self._clients.get(provider_id)
        return client.provider if client else None

    def authorization_uri(self, provider: Provider, request: AuthorizationRequest, *, reauthenticate: bool) -> str:
        with self._turn():
            return self._clients[provider.id].authorization_uri(request, {"prompt": "login"} if reauthenticate else {})

    def claims(self, provider: Provider, request: AuthorizationRequest, code: str) -> Claims:
        with self._turn():
            return self._clients[provider.id].claims(request, code)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(blocking=False):
            raise _unavailable()
        try:
            yield
        finally:
            self._turns.release()


class _Client:
    """Ours at one provider."""

    def __init__(self, provider: Provider, clock: Clock, *, loopback: bool) -> None:
        self.provider, self._clock, self._loopback = provider, clock, loopback
        self._metadata = _Kept(self._ask_metadata, clock)
        self._keys = _Kept(self._ask_keys, clock)

    def authorization_uri(self, request: AuthorizationRequest, more: Mapping[str, str]) -> str:
        metadata = self._metadata.get()
        with self._session() as session:
            uri, _state = session.create_authorization_url(
                metadata.authorization_endpoint,
                state=request.state,
                nonce=request.nonce,
                code_verifier=request.code_verifier,
                redirect_uri=request.redirect_uri,
                **more,
            )
        return str(uri)

    def claims(self, request: AuthorizationRequest, code: str) -> Claims:
        """Return what the provider says of the person who came back with `code`."""
        metadata = self._metadata.get()
        basic = "client_secret_basic" in metadata.token_endpoint_auth_methods_supported
        with self._session("client_secret_basic" if basic else "client_secret_post") as session, self._trusting():
            token = session.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                redirect_uri=request.redirect_uri,
                code_verifier=request.code_verifier,
            )
            claims = self._checked(metadata, token, request.nonce)
            if "email" not in claims and metadata.userinfo_endpoint:
                claims = _with_userinfo(claims, session.get(metadata.userinfo_endpoint).json())
            return _claims(claims, self._clock())

    def _checked(self, metadata: _Metadata, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Return the claims of the ID token, as OpenID Connect Core 1.0, section 3.1.3.7, wants them checked."""
        # Never "none" nor a shared secret; without any the registry would fall back to its own choice, which has HS256.
        allowed = ALGORITHMS.intersection(metadata.id_token_signing_alg_values_supported)
        registry = JWSRegistry(algorithms=sorted(allowed) or ["RS256"], strict_check_header=False)
        try:
            decoded = jwt.decode(token["id_token"], self._keys.get(), registry=registry)
        except InvalidKeyIdError:
            decoded = jwt.decode(token["id_token"], self._keys.get(afresh=True), registry=registry)
        checked = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"essential": True, "value": self.provider.issuer}, "aud": {"essential": True, "value": self.provider.client_id}},
            {"nonce": nonce, "client_id": self.provider.client_id, "access_token": token.get("access_token")},
        )
        checked.validate(now=int(self._clock().timestamp()), leeway=LEEWAY_SECONDS)
        return decoded.claims

    # --- what the provider publishes ---
    def _ask_metadata(self) -> _Metadata:
        with self._reaching():
            found = _Metadata.model_validate(self._ask(get_well_known_url(self.provider.issuer, external=True)))
            if found.issuer != self.provider.issuer:
                raise ValueError("the metadata is of another issuer")
            if not secure(found.authorization_endpoint, loopback=self._loopback):
                raise ValueError("nobody is sent to a page without https")
            return found

    def _ask_keys(self) -> KeySet:
        metadata = self._metadata.get()
        with self._reaching():
            return KeySet.import_key_set(self._ask(metadata.jwks_uri))

    def _ask(self, url: str) -> Any:
        with self._session() as session:
            answer = session.request("GET", url, withhold_token=True)
            answer.raise_for_status()
            return answer.json()

    def _session(self, client_authentication: str = "client_secret_basic") -> Any:
        session = OAuth2Session(
            self.provider.client_id,
            self.provider.client_secret,
            token_endpoint_auth_method=client_authentication if self.provider.client_secret else "none",
            scope=SCOPE,
            code_challenge_method="S256",
        )
        return https.bounded(session, loopback=self._loopback)

    # --- what goes wrong ---
    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turn whatever a provider's document lacks into Unavailable: without it nobody is let in."""
        try:
            yield
        except (OSError, JoseError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            log.warning("a provider is not to be had", provider=self.provider.id, error=type(error).__name__)
            raise _unavailable() from error

    @contextmanager
    def _trusting(self) -> Iterator[None]:
        """Turn what is wrong with an answer into Unauthenticated, and no answer into Unavailable."""
        try:
            yield
        except OSError as error:  # of which requests' errors are
            log.warning("a provider is not to be had", provider=self.provider.id, error=type(error).__name__)
            raise _unavailable() from error
        except (OAuthError, JoseError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            code = str(getattr(error, "error", ""))[:40]  # of RFC 6749, such as invalid_client, or of joserfc
            log.warning("a provider's answer was refused", provider=self.provider.id, error=type(error).__name__, code=code)
            raise Unauthenticated("the provider's answer is not to be trusted", reason="PROVIDER_REFUSED") from error


def _with_userinfo(claims: Mapping[str, Any], userinfo: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the claims with the address that the ID token lacks; the answer must be of the same person (section 5.3.2)."""
    if userinfo["sub"] != claims["sub"]:
        raise ValueError("the answer is of another person")
    return {**userinfo, **claims}


def _claims(found: Mapping[str, Any], now: datetime) -> Claims:
    subject, email = found["sub"], found.get("email")
    if not (0 < len(subject) <= MAX_SUBJECT and subject.isascii() and subject.isprintable()):
        raise ValueError("a subject has 1 to 255 ASCII characters (section 2)")
    seconds = found.get("auth_time")
    authentication_time = None if seconds is None else datetime.fromtimestamp(min(max(seconds, 0), now.timestamp()), UTC)
    return Claims(subject, email if isinstance(email, str) else "", found.get("email_verified") is True, authentication_time)


def _unavailable() -> Unavailable:
    return Unavailable("the provider does not answer", reason="PROVIDER_UNAVAILABLE", retry_after_seconds=PAUSE.total_seconds())
