"""Who calls: passports (a person, signed by identity for 60 seconds) and the identity of a calling service."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from libs.access import Caller, Kind
from libs.errors import ServiceError, Unauthenticated, Unavailable

LIFE = timedelta(seconds=60)
ISSUER = "recapito-identity"
PASSPORT = "recapito-passport"  # metadata keys
SERVICE = "recapito-service"
_ALGORITHM = "Ed25519"  # RFC 9864: EdDSA with its one curve named
_REFETCH_SECONDS = 10.0
_SERVICE_LIFE_SECONDS = 60.0


def sign(caller: Caller, *, key: OKPKey, audience: Iterable[str], now: datetime) -> str:
    """Return a passport: a compact JWS that the services named in `audience` accept for 60 seconds."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": str(caller.account_id),
        "kind": caller.kind.value,
        "aud": list(audience),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
        "sid": str(caller.session_id or ""),
        "state": caller.session_state,
        "method": caller.method,
        "cap": sorted(caller.capabilities),
        "groups": sorted(str(group) for group in caller.groups),
        "all": caller.sees_all,
        "customer": str(caller.customer_id or ""),
        "permissions": sorted(caller.permissions),
        "fresh": caller.fresh_until.timestamp() if caller.fresh_until else 0,
        "client": str(caller.client_id or ""),
    }
    return jwt.encode({"alg": _ALGORITHM, "kid": key.kid}, claims, key, algorithms=[_ALGORITHM])


def _caller(claims: Mapping[str, Any]) -> Caller:
    return Caller(
        kind=Kind(claims["kind"]),
        account_id=UUID(claims["sub"]),
        capabilities=frozenset(claims["cap"]),
        groups=frozenset(UUID(group) for group in claims["groups"]),
        sees_all=bool(claims["all"]),
        customer_id=UUID(claims["customer"]) if claims["customer"] else None,
        permissions=frozenset(claims["permissions"]),
        session_id=UUID(claims["sid"]) if claims["sid"] else None,
        session_state=claims["state"],
        method=claims["method"],
        fresh_until=datetime.fromtimestamp(claims["fresh"], UTC) if claims["fresh"] else None,
        client_id=UUID(claims["client"]) if claims.get("client") else None,
    )


class PassportVerifier:
    """Checks passports for one audience with identity's public keys.

    An unknown key id makes it ask for the keys again, at most every 10 seconds; hints inside the token are ignored.
    A passport seen before is not checked twice while it lives.
    """

    def __init__(self, audience: str, fetch_keys: Callable[[], bytes]) -> None:
        self._audience, self._fetch_keys = audience, fetch_keys
        self._keys: dict[str, OKPKey] = {}
        self._fetched = float("-inf")
        self._seen: dict[str, tuple[float, Caller]] = {}
        self._lock = threading.Lock()

    def verify(self, passport: str) -> Caller:
        """Return who the passport speaks of. Raises Unauthenticated; Unavailable when the keys cannot be fetched."""
        now = time.time()
        seen = self._seen.get(passport)
        if seen is not None and now < seen[0]:
            return seen[1]
        try:
            token = jwt.decode(passport, lambda obj: self._key(str(obj.headers().get("kid", ""))), algorithms=[_ALGORITHM])
            claims = token.claims
            if claims["iss"] != ISSUER or self._audience not in claims["aud"] or now >= claims["exp"]:
                raise Unauthenticated("this passport is not for this service, or not any more", reason="PASSPORT_INVALID")
            caller = _caller(claims)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise Unauthenticated("this passport is not valid", reason="PASSPORT_INVALID") from error
        with self._lock:
            if len(self._seen) > 10_000:
                self._seen = {token: entry for token, entry in self._seen.items() if entry[0] > now}
            self._seen[passport] = (float(claims["exp"]), caller)
        return caller

    def _key(self, kid: str) -> OKPKey:
        if kid not in self._keys:
            with self._lock:
                if kid not in self._keys and time.monotonic() - self._fetched > _REFETCH_SECONDS:
                    self._refetch()
        if kid not in self._keys:
            raise Unauthenticated("this passport was signed by an unknown key", reason="PASSPORT_INVALID")
        return self._keys[kid]

    def _refetch(self) -> None:
        try:
            fetched = KeySet.import_key_set(json.loads(self._fetch_keys()))
        except ServiceError as error:
            raise Unavailable("the passport keys cannot be fetched now", retry_after_seconds=1) from error
        self._keys = {str(key.kid): key for key in fetched.keys if isinstance(key, OKPKey)}
        self._fetched = time.monotonic()


# --- services ------------------------------------------------------------------------------------------------------------------------
def service_token(service: str, secret: bytes) -> str:
    """Return the proof of a service on a network without mutual TLS: name, time, HMAC-SHA-256 under the internal secret."""
    issued = str(int(time.time()))
    return f"{service}.{issued}.{_mac(service, issued, secret)}"


def service_of_token(token: str, secret: bytes) -> Caller:
    """Return the calling service. Raises Unauthenticated, also without a configured secret."""
    service, _, rest = token.partition(".")
    issued, _, mac = rest.partition(".")
    genuine = bool(secret) and hmac.compare_digest(mac.encode(), _mac(service, issued, secret).encode())
    if not genuine or abs(time.time() - int(issued)) > _SERVICE_LIFE_SECONDS:
        raise Unauthenticated("this service is not known here", reason="SERVICE_UNKNOWN")
    return Caller(kind=Kind.SERVICE, service=service)


def _mac(service: str, issued: str, secret: bytes) -> str:
    return hmac.new(secret, f"{service}.{issued}".encode(), hashlib.sha256).hexdigest()


def service_of_certificate(uris: Iterable[str]) -> Caller | None:
    """Return the service that a peer certificate names, spiffe://<domain>/ns/<namespace>/sa/<service>; None without such a name."""
    for uri in uris:
        if uri.startswith("spiffe://") and "/sa/" in uri:
            return Caller(kind=Kind.SERVICE, service=uri.rsplit("/sa/", 1)[1].removeprefix("recapito-"))
    return None
