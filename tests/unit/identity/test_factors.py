"""Codes of an app by RFC 6238, recovery codes, and passkeys that no browser made."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from services.identity.clients.factors import PyotpCodes, WebAuthn, site
from services.identity.domain import factors
from services.identity.domain.accounts import Account, Kind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA = Account(uuid.uuid4(), Kind.OPERATOR, "Ada", NOW, email="ada@studio.example")
CODES = PyotpCodes("studio.example")
SEED = base64.b32encode(b"12345678901234567890")  # of RFC 6238, appendix B
ANSWER = '{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"%s","authenticatorData":"AA","signature":"AA"}}'


# --- codes of an app -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert CODES.step_of(SEED, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(("seconds", "works"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off_and_no_more(seconds: int, works: bool) -> None:
    step = CODES.step_of(SEED, "081804", datetime.fromtimestamp(1111111109, UTC) + timedelta(seconds=seconds))
    assert (step == 1111111109 // 30) is works


@pytest.mark.parametrize("code", ["", "0818", "0818040", "ABCDEF", "０８１８０４", "081804\x00"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert CODES.step_of(SEED, code, datetime.fromtimestamp(1111111109, UTC)) is None


def test_a_seed_that_cannot_be_read_any_more_fits_nothing() -> None:
    assert CODES.step_of(b"", "081804", NOW) is None


def test_the_enrolment_says_all_that_an_app_needs() -> None:
    secret = CODES.new_secret()
    address = urlsplit(CODES.enrolment(secret, ADA))
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/studio.example:ada%40studio.example")
    assert parse_qs(address.query) == {"secret": [secret.decode()], "issuer": ["studio.example"]}
    assert len(base64.b32decode(secret)) >= 20, "160 bits: RFC 4226, section 4"


# --- recovery codes ------------------------------------------------------------------------------------------------------------------
def test_recovery_codes_are_ten_all_different_and_easy_to_read() -> None:
    codes = factors.new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(len(code) == 11 and not set(code) & set("01IO") for code in codes)


@pytest.mark.parametrize("typed", ["7kq2m-xw9rd", "7KQ2MXW9RD", " 7KQ2M  XW9RD "])
def test_a_code_may_be_typed_as_it_comes(typed: str) -> None:
    assert factors.typed(typed) == "7KQ2MXW9RD"


# --- passkeys ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("https://clienti.example.it", ("clienti.example.it", "https://clienti.example.it")),
        ("https://clienti.example.it/x", ("clienti.example.it", "https://clienti.example.it")),
        ("http://localhost:8080", ("localhost", "http://localhost:8080")),
    ],
)
def test_passkeys_belong_to_the_host_of_the_pages(public_url: str, expected: tuple[str, str]) -> None:
    assert site(public_url) == expected


@pytest.mark.parametrize("client_data", ["e30", "AAAA", "W10", "bnVsbA", base64.urlsafe_b64encode(b"[" * 9000).decode()])
@pytest.mark.parametrize("answer", ["", "{", "null", "[]", "{}", '{"response": 1}', ANSWER, "[" * 20_000])
def test_an_answer_that_no_browser_made_is_refused_without_a_crash(answer: str, client_data: str) -> None:
    passkeys = WebAuthn("http://localhost:8080")
    answered = passkeys.read(answer % client_data if "%s" in answer else answer)
    assert answered is None or passkeys.registered(answered) is None
