"""Which passwords are good enough, and how they are hashed."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import cast

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


def test_as_many_hashes_run_at_once_as_two_for_each_core_and_the_rest_waits() -> None:
    """Rule 6 of the security rules."""
    hasher = Argon2Hasher(places=50)
    running, most, lock = 0, 0, threading.Lock()

    class Counted:
        def verify(self, _hash: str, _password: bytes) -> bool:
            nonlocal running, most
            with lock:
                running, most = running + 1, max(most, running + 1)
            at_work.wait(0.02)
            with lock:
                running -= 1
            return True

    at_work, hasher._argon2 = threading.Event(), cast("PasswordHasher", Counted())
    with ThreadPoolExecutor(30) as threads:
        done = list(threads.map(lambda _: hasher.verify("a hash", "una barca verde"), range(30)))
    assert all(done)
    assert most <= 2 * (os.cpu_count() or 1)


def test_without_a_place_in_the_queue_hashing_is_refused_at_once() -> None:
    hasher = Argon2Hasher(at_once=1, places=1)
    inside, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        with hasher.place():
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


def test_strangers_leave_places_to_known_devices() -> None:
    """Rule 14 of the security rules: a known device is not held up by strangers."""
    hasher = Argon2Hasher(places=4)
    with ThreadPoolExecutor(4) as threads, ExitStack() as strangers:  # who leave first
        inside, leave = threading.Barrier(4), threading.Event()

        def occupy() -> None:
            with hasher.place():
                inside.wait(10)
                leave.wait(10)

        strangers.callback(leave.set)
        for _ in range(3):
            threads.submit(occupy)
        inside.wait(10)
        with pytest.raises(Unavailable), hasher.place():
            pass
        with hasher.place(lambda: True):
            assert not hasher.verify("", "una barca verde")


def test_who_holds_a_place_hashes_in_it() -> None:
    hasher = Argon2Hasher(at_once=1, places=1)
    with hasher.place():
        assert not hasher.verify("", "una barca verde")
        assert hasher.hash("una barca verde")
