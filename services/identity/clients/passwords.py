"""Argon2id: 19 MiB, 2 passes, 1 lane (OWASP's least), and the public list of leaked passwords."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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

    They have threads of their own, because a thread keeps the memory of its hash. places: how many may be at it or wait for it, so
    that the wait stays short and the other calls find a thread; a quarter of them is kept for known devices.
    """

    def __init__(self, at_once: int = 2 * (os.cpu_count() or 1), places: int = 8) -> None:
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        kept = places // 4
        self._places, self._kept = threading.BoundedSemaphore(places - kept), threading.Semaphore(kept)
        self._held = threading.local()
        self._dummy = self._argon2.hash(os.urandom(16).hex())

    @property
    def common(self) -> frozenset[str]:
        return common_passwords()

    def hash(self, password: str) -> str:
        with self.place():
            return self._threads.submit(self._argon2.hash, _bytes(password)).result()

    def verify(self, password_hash: str, password: str) -> bool:
        with self.place():
            try:
                self._threads.submit(self._argon2.verify, password_hash or self._dummy, _bytes(password)).result()
            except (VerificationError, InvalidHashError):
                return False
        return bool(password_hash)

    def outdated(self, password_hash: str) -> bool:
        return self._argon2.check_needs_rehash(password_hash)

    @contextmanager
    def place(self, known: Callable[[], bool] = lambda: False) -> Iterator[None]:
        if getattr(self._held, "place", False):
            yield
            return
        taken = self._take(known)
        self._held.place = True
        try:
            yield
        finally:
            self._held.place = False
            taken.release()

    def _take(self, known: Callable[[], bool]) -> threading.Semaphore:
        if self._places.acquire(blocking=False):
            return self._places
        if known() and self._kept.acquire(blocking=False):
            return self._kept
        raise Unavailable("too many people sign in at this moment", reason="BUSY", retry_after_seconds=1)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
