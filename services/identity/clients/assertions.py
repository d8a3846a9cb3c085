"""Assertions that client applications sign with their own keys (RFC 7523), by joserfc; asymmetric algorithms only."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from libs.errors import InvalidArgument
from services.identity.domain.clients import Assertion

ALGORITHMS = ["Ed25519", "ES256", "PS256", "RS256"]
_EDDSA = "EdDSA"  # what Ed25519 was called before RFC 9864; most libraries still write it
_MOST_KEYS = 10
_RSA_BITS = range(2048, 8193)
_UNREADABLE = (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


class JoseAssertions:
    def check_keys(self, key_set: str, field: str) -> None:
        if not key_set:
            return
        try:
            keys = json.loads(key_set)["keys"]
            private = any(_PRIVATE & set(key) for key in keys)
            fits = 0 < len(keys) <= _MOST_KEYS and all(_acceptable(key) for key in KeySet.import_key_set({"keys": keys}).keys)
        except _UNREADABLE:
            private = fits = False
        if private:
            raise InvalidArgument.of(field, "holds a private key: give the public keys only, and make a new pair", "KEY_IS_PRIVATE")
        if not fits:
            wanted = f"must be a JWK set of 1 to {_MOST_KEYS} public keys: Ed25519, P-256, or RSA of {_RSA_BITS.start} bits or more"
            raise InvalidArgument.of(field, wanted, "KEY_SET_INVALID")

    def issuer(self, assertion: str) -> str:
        try:
            payload = assertion.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return str(claims["iss"])
        except (ValueError, IndexError, KeyError, TypeError, RecursionError):
            return ""

    def read(self, assertion: str, key_set: str) -> Assertion | None:
        """Keys and algorithms come from what was stored; the header only picks one of them."""
        try:
            keys = KeySet.import_key_set(json.loads(key_set))
            return _assertion(jwt.decode(assertion, keys, algorithms=[*ALGORITHMS, _EDDSA]).claims)
        except _UNREADABLE:
            return None


def _acceptable(key: object) -> bool:
    match key:
        case OKPKey():
            return key.curve_name == "Ed25519"
        case ECKey():
            return key.curve_name == "P-256"
        case RSAKey():
            return key.public_key.key_size in _RSA_BITS
        case _:
            return False


def _assertion(claims: Mapping[str, Any]) -> Assertion:
    audience = claims["aud"]
    return Assertion(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        audience=frozenset([audience] if isinstance(audience, str) else map(str, audience)),
        expire=float(claims["exp"]),
        not_before=float(claims.get("nbf", 0)),
        id=str(claims["jti"]),
    )
