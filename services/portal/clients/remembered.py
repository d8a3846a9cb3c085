"""What every page shows, so that it is not asked for with each."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from libs.rpc.context import as_person

REMEMBERED_SECONDS = 10.0
_MOST_REMEMBERED = 1000

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values that every page shows and that seldom change, asked for again after some seconds."""

    def __init__(self, ask: Callable[[str], T]) -> None:
        self._ask = ask
        self._known: dict[str, tuple[float, T]] = {}

    def __call__(self, name: str) -> T:
        now = time.monotonic()
        known = self._known.get(name)
        if known is not None and now < known[0]:
            return known[1]
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        with as_person(""):  # as the portal itself: what is remembered for one person is shown to others
            value = self._ask(name)
        self._known[name] = (now + REMEMBERED_SECONDS, value)
        return value
