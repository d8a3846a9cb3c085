"""JSON Web Tokens by joserfc: passports, access tokens, the public key set; Ed25519 and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from libs.access import Caller
from libs.errors import Unauthenticated, Unavailable
from libs.rpc import passports
from services.identity.domain import tokens as rules
from services.identity.domain.audit import Head
from services.identity.domain.tokens import ACCESS_TOKEN_LIFE, SigningKey
from services.identity.service import AccessClaims, SignedHead

_ALGORITHM = "Ed25519"  # the one algorithm; RFC 9864 gives EdDSA with this curve a name of its own
_AUDIENCE = "recapito"
_AUDIT_HEAD = "recapito-audit-head"


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _public(key: SigningKey) -> dict[str, str]:
    public = Ed25519PrivateKey.from_private_bytes(key.secret).public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64(public), "kid": key.id, "use": "sig", "alg": _ALGORITHM}


def _private(key: SigningKey) -> OKPKey:
    return OKPKey.import_key({**_public(key), "d": _base64(key.secret)})


def _current(keys: Sequence[SigningKey], now: datetime) -> SigningKey:
    key = rules.signing(keys, now)
    if key is None:
        raise Unavailable("there is no key to sign with yet", retry_after_seconds=1)
    return key


class JoseSigner:
    """Keeps the keys that it has read, so that a signature costs no parsing."""

    def __init__(self) -> None:
        self._read: dict[str, OKPKey] = {}

    def _key(self, key: SigningKey) -> OKPKey:
        if key.id not in self._read:
            self._read[key.id] = _private(key)
        return self._read[key.id]

    def passport(self, caller: Caller, audience: Sequence[str], keys: Sequence[SigningKey], now: datetime) -> str:
        return passports.sign(caller, key=self._key(_current(keys, now)), audience=audience, now=now)

    def access_token(self, claims: AccessClaims, keys: Sequence[SigningKey], now: datetime) -> str:
        written = {
            "iss": passports.ISSUER,
            "aud": _AUDIENCE,
            "sub": str(claims.account_id),
            "sid": str(claims.session_id or ""),
            "family": str(claims.family_id or ""),
            "client_id": str(claims.client_id or ""),
            "scope": claims.scope,
            "generation": claims.generation,
        }
        return self._signed("at+jwt", written, keys, now)

    def id_token(self, claims: Mapping[str, object], keys: Sequence[SigningKey], now: datetime) -> str:
        return self._signed("JWT", claims, keys, now)

    def _signed(self, kind: str, claims: Mapping[str, object], keys: Sequence[SigningKey], now: datetime) -> str:
        key = self._key(_current(keys, now))
        times = {"iat": int(now.timestamp()), "exp": int((now + ACCESS_TOKEN_LIFE).timestamp())}
        return jwt.encode({"alg": _ALGORITHM, "typ": kind, "kid": key.kid}, {**claims, **times}, key, algorithms=[_ALGORITHM])

    def read_access_token(self, token: str, keys: Sequence[SigningKey], now: datetime) -> AccessClaims:
        """Return what a token says; its kid picks one of our own keys, nothing else in its header counts."""
        known = {key.id: key for key in keys}
        try:
            decoded = jwt.decode(token, lambda read: self._key(known[str(read.headers().get("kid", ""))]), algorithms=[_ALGORITHM])
            claims = decoded.claims
            if decoded.header.get("typ") != "at+jwt" or claims["iss"] != passports.ISSUER or claims["aud"] != _AUDIENCE:
                raise Unauthenticated("this is no access token of ours", reason="TOKEN_INVALID")
            if now.timestamp() >= claims["exp"]:
                raise Unauthenticated("the access token has expired", reason="TOKEN_EXPIRED")
            return _access_claims(claims)
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unauthenticated("this is no access token of ours", reason="TOKEN_INVALID") from error

    def key_set(self, keys: Sequence[SigningKey]) -> bytes:
        return json.dumps({"keys": [_public(key) for key in keys]}).encode()

    # --- heads of the audit ----------------------------------------------------------------------------------------------------------
    def sign_head(self, head: Head, keys: Sequence[SigningKey], now: datetime) -> str:
        key = self._key(_current(keys, now))
        return jwt.encode(
            {"alg": _ALGORITHM, "typ": _AUDIT_HEAD, "kid": key.kid},
            {**asdict(head), "iat": int(now.timestamp())},
            key,
            algorithms=[_ALGORITHM],
        )

    def signed(self, kept: SignedHead, keys: Sequence[SigningKey], now: datetime) -> bool:
        return _kid(kept) == _current(keys, now).id and not self.forged(kept, keys)

    def forged(self, kept: SignedHead, keys: Sequence[SigningKey]) -> bool:
        """Whether one of the keys should have signed this and did not; under a key that is forgotten nobody can tell."""
        known = {key.id: key for key in keys}
        kid = _kid(kept)
        if kid and kid not in known:
            return False
        try:
            decoded = jwt.decode(kept.signature, self._key(known[kid]), algorithms=[_ALGORITHM])
        except (JoseError, KeyError, ValueError):
            return True
        said = {name: decoded.claims.get(name) for name in asdict(kept.head)}
        return decoded.header.get("typ") != _AUDIT_HEAD or said != asdict(kept.head)


def _kid(kept: SignedHead) -> str:
    """Return the key that a signature names; "" when it is none."""
    try:
        return str(jws.extract_compact(kept.signature.encode()).headers().get("kid", ""))
    except (JoseError, ValueError):
        return ""


def _access_claims(claims: Mapping[str, Any]) -> AccessClaims:
    session_id, family_id, client_id = (UUID(claims[name]) if claims[name] else None for name in ("sid", "family", "client_id"))
    return AccessClaims(UUID(claims["sub"]), session_id, family_id, client_id, str(claims["scope"]), int(claims["generation"]))
