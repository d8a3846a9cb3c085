"""Passports: signed, for an audience, for a minute; and the proof of a calling service."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from libs.access import Caller, Kind
from libs.errors import Unauthenticated, Unavailable
from libs.rpc import passports
from libs.rpc.passports import PassportVerifier

ID = UUID("019ab7a0-0000-7000-8000-000000000001")
CALLER = Caller(
    kind=Kind.CONTACT,
    account_id=ID,
    customer_id=ID,
    permissions=frozenset({"INVOICES", "PRIMARY"}),
    session_id=ID,
    session_state="OPEN",
    method="MAGIC_LINK",
)


def new_key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


class Keys:
    """Identity's key set, and how often it was asked for."""

    def __init__(self, *keys: OKPKey) -> None:
        self.keys, self.asked = list(keys), 0

    def __call__(self) -> bytes:
        self.asked += 1
        return json.dumps(KeySet([*self.keys]).as_dict(private=False)).encode()


def now() -> datetime:
    return datetime.now(UTC)


def test_a_passport_says_again_who_calls() -> None:
    key = new_key("k1")
    token = passports.sign(CALLER, key=key, audience=["documents"], now=now())
    assert PassportVerifier("documents", Keys(key)).verify(token) == CALLER


@pytest.mark.parametrize(
    ("audience", "age"),
    [(["contacts"], timedelta()), (["documents"], timedelta(seconds=61))],
    ids=["for another service", "a minute old"],
)
def test_a_passport_for_somebody_else_or_from_before_is_refused(audience: list[str], age: timedelta) -> None:
    key = new_key("k1")
    token = passports.sign(CALLER, key=key, audience=audience, now=now() - age)
    with pytest.raises(Unauthenticated):
        PassportVerifier("documents", Keys(key)).verify(token)


def test_only_our_algorithm_and_our_keys_count() -> None:
    key, stranger = new_key("k1"), new_key("k1")
    verifier = PassportVerifier("documents", Keys(key))
    forged = passports.sign(CALLER, key=stranger, audience=["documents"], now=now())
    symmetric = OctKey.import_key(json.dumps(key.as_dict(private=False)))
    confused = jwt.encode({"alg": "HS256", "kid": "k1"}, {"iss": passports.ISSUER, "aud": ["documents"]}, symmetric)
    for token in (forged, confused, "", "a.b.c", forged[:-4] + "AAAA"):
        with pytest.raises(Unauthenticated):
            verifier.verify(token)


def test_a_new_key_is_fetched_once_and_not_more_often_than_every_ten_seconds() -> None:
    old, new = new_key("k1"), new_key("k2")
    keys = Keys(old)
    verifier = PassportVerifier("documents", keys)
    verifier.verify(passports.sign(CALLER, key=old, audience=["documents"], now=now()))
    keys.keys.append(new)
    token = passports.sign(CALLER, key=new, audience=["documents"], now=now())
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            verifier.verify(token)
    assert keys.asked == 1


def test_without_keys_nobody_is_let_through() -> None:
    def away() -> bytes:
        raise Unavailable("identity is away")

    token = passports.sign(CALLER, key=new_key("k1"), audience=["documents"], now=now())
    with pytest.raises(Unavailable):
        PassportVerifier("documents", away).verify(token)


def test_a_service_proves_its_name_with_the_internal_secret() -> None:
    token = passports.service_token("notifications", b"secret")
    assert passports.service_of_token(token, b"secret") == Caller(kind=Kind.SERVICE, service="notifications")


@pytest.mark.parametrize("secret", [b"another", b""])
def test_another_secret_or_none_proves_nothing(secret: bytes) -> None:
    with pytest.raises(Unauthenticated):
        passports.service_of_token(passports.service_token("notifications", b"secret"), secret)


@pytest.mark.parametrize("token", ["", "portal", "portal.x.y", "portal..", "portal.1795356072.", "portal.éé.éé"])
def test_a_broken_service_token_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        passports.service_of_token(token, b"secret")


def test_a_service_token_of_two_minutes_ago_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    token = passports.service_token("portal", b"secret")
    later = time.time() + 120
    monkeypatch.setattr("time.time", lambda: later)
    with pytest.raises(Unauthenticated):
        passports.service_of_token(token, b"secret")


def test_a_certificate_names_its_service() -> None:
    uris = ["https://elsewhere.example", "spiffe://cluster.local/ns/recapito/sa/recapito-documents"]
    assert passports.service_of_certificate(uris) == Caller(kind=Kind.SERVICE, service="documents")
    assert passports.service_of_certificate(["spiffe://cluster.local/ns/recapito"]) is None
