"""Which passwords are good enough, and how they are hashed."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import InvalidArgument, Unavailable
from services.identity.clients.passwords import Argon2Hasher, common_passwords
from services.identity.domain import passwords

ABOUT = ("mario.rossi@acme.example", "Mario Rossi", "password recapito")


def reason_of(password: str) -> str:
    """Return why a password is refused, "" when it is good."""
    try:
        passwords.check(password, field="new_password", common=common_passwords(), about=ABOUT)
    except InvalidArgument as refused:
        return refused.reason
    return ""


def test_a_refusal_names_the_field_and_never_the_password() -> None:
    with pytest.raises(InvalidArgument) as refused:
        passwords.check("mario rossi 1", field="new_password", common=common_passwords(), about=ABOUT)
    assert refused.value.violations[0].field == "new_password"
    assert "mario" not in str(refused.value)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "PASSWORD_TOO_SHORT"),
        ("undici-1234", "PASSWORD_TOO_SHORT"),
        ("dodici-12345", ""),
        ("una barca verde", ""),
        ("ñandú über größe", ""),
        ("🦊🐻🦉🐙🐝🦋🐢🐬🐘🦁🐧🦔", ""),
        ("x" * 1025, "PASSWORD_TOO_LONG"),
        ("é" * 513, "PASSWORD_TOO_LONG"),
        ("qwerty123456", "PASSWORD_TOO_COMMON"),
        ("1QAZ2WSX3EDC", "PASSWORD_TOO_COMMON"),
        ("aaaaaaaaaaaa", "PASSWORD_TOO_COMMON"),
        ("abcabcabcabc", "PASSWORD_TOO_COMMON"),
        ("123456789012", "PASSWORD_TOO_COMMON"),
        ("lkjihgfedcba", "PASSWORD_TOO_COMMON"),
        ("mario.rossi1980", "PASSWORD_TOO_COMMON"),
        ("Recapito2026!", "PASSWORD_TOO_COMMON"),
        ("Password-2026", "PASSWORD_TOO_COMMON"),
        ("the rossi family sails on tuesdays", ""),
    ],
)
def test_length_and_guessability_decide(password: str, reason: str) -> None:
    assert reason_of(password) == reason


def test_thousands_of_leaked_passwords_of_this_length_are_refused() -> None:
    leaked = common_passwords()
    assert len(leaked) >= 3000
    assert all(reason_of(password) == "PASSWORD_TOO_COMMON" for password in sorted(leaked)[:200])


@given(st.text(max_size=40))
def test_any_text_is_judged_without_failing(password: str) -> None:
    assert reason_of(password) in {"", "PASSWORD_TOO_SHORT", "PASSWORD_TOO_COMMON", "PASSWORD_TOO_LONG"}


# --- hashes --------------------------------------------------------------------------------------------------------------------------
def test_a_hash_is_argon2id_with_the_wanted_parameters() -> None:
    assert Argon2Hasher().hash("una barca verde").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_is_compared_as_received() -> None:
    hasher = Argon2Hasher()
    stored = hasher.hash("  Una Barca  ")
    assert hasher.verify(stored, "  Una Barca  ")
    assert not hasher.verify(stored, "Una Barca")
    assert not hasher.verify(stored, "  una barca  ")


def test_without_a_hash_nothing_is_right() -> None:
    hasher = Argon2Hasher()
    assert not hasher.verify("", "")
    assert not hasher.verify("", "una barca verde")


def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    hasher = Argon2Hasher()
    assert hasher.outdated(PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("una barca verde"))
    assert not hasher.outdated(hasher.hash("una barca verde"))


def test_above_the_limit_hashing_is_refused_and_not_queued() -> None:
    hasher = Argon2Hasher(at_once=1)
    inside, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        with hasher._turn():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=occupy)
    thread.start()
    inside.wait(10)
    with pytest.raises(Unavailable) as refused:
        hasher.verify("", "una barca verde")
    leave.set()
    thread.join()
    assert refused.value.retry_after_seconds == 1
    assert not hasher.verify("", "una barca verde")  # there is room again
