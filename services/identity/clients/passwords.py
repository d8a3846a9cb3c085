"""Argon2id: 19 MiB, 2 passes, 1 lane (OWASP's least), and the public list of leaked passwords."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from libs.errors import Unavailable

_WORDS = Path(__file__).resolve().parent.parent / "words" / "common_passwords.txt"


@functools.cache
def common_passwords() -> frozenset[str]:
    """Return the most frequent leaked passwords of twelve characters or more, folded."""
    return frozenset(_WORDS.read_text(encoding="utf-8").split())


class Argon2Hasher:
    """At most two hashes for each core run at once: each takes 19 MiB and some 20 ms of a core.

    places: how many may be at it or wait for it, so that the wait stays short and the other calls find a thread.
    """

    def __init__(self, at_once: int = 2 * (os.cpu_count() or 1), places: int = 8) -> None:
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(places)
        self._held = threading.local()
        self._dummy = self._argon2.hash(os.urandom(16).hex())

    @property
    def common(self) -> frozenset[str]:
        return common_passwords()

    def hash(self, password: str) -> str:
        with self.place(), self._turns:
            return self._argon2.hash(_bytes(password))

    def verify(self, password_hash: str, password: str) -> bool:
        with self.place(), self._turns:
            try:
                self._argon2.verify(password_hash or self._dummy, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False
        return bool(password_hash)

    def outdated(self, password_hash: str) -> bool:
        return self._argon2.check_needs_rehash(password_hash)

    @contextmanager
    def place(self) -> Iterator[None]:
        if getattr(self._held, "place", False):
            yield
            return
        if not self._places.acquire(blocking=False):
            raise Unavailable("too many people sign in at this moment", reason="BUSY", retry_after_seconds=1)
        self._held.place = True
        try:
            yield
        finally:
            self._held.place = False
            self._places.release()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
