"""All that a database holds, as one text: to look for what must not be in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.engine import Engine

from libs.messaging.event import type_of


def everything(engine: Engine) -> str:
    """Return every row of every table, in small letters, a line each."""
    lines = []
    with engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f'SELECT * FROM "{table}"'))
            lines += [f"{table}: {'|'.join(_text(value) for value in row)}".lower() for row in rows]
    return "\n".join(lines)


def _text(value: object) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)


def found(words: Iterable[str], engine: Engine) -> list[str]:
    """Return the lines that hold one of the words, cut to what a reader needs to find the place."""
    return [line[:300] for line in everything(engine).splitlines() if any(word.lower() in line for word in words)]


class FakeSetAside:
    """Parked events as they were put here: subject and type."""

    def __init__(self, *parked: tuple[str, type[Message]]) -> None:
        self.parked = list(parked)

    def forget(self, subjects: Collection[str], kinds: Collection[type[Message]]) -> int:
        types = {type_of(kind) for kind in kinds}
        left = [one for one in self.parked if not (one[0] in subjects and type_of(one[1]) in types)]
        gone, self.parked = len(self.parked) - len(left), left
        return gone
