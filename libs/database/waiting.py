"""Waking on commit: LISTEN and NOTIFY, or inside one process on SQLite."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

import psycopg
from sqlalchemy.engine import Engine

from libs.database.engines import is_sqlite

_local_signals: dict[tuple[str, str], list[threading.Event]] = defaultdict(list)  # SQLite: waiters of this process


class Waiter:
    """Wakes when a transaction that called UnitOfWork.wake(channel) has committed: LISTEN/NOTIFY, or inside one process on SQLite."""

    def __init__(self, engine: Engine, channel: str) -> None:
        self._engine, self._channel = engine, channel
        self._signal = threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        if is_sqlite(engine):
            _local_signals[str(engine.url), channel].append(self._signal)

    def wait(self, timeout_seconds: float) -> None:
        """Return at the next wake-up, or after the time; a wake-up since the last wait counts."""
        if is_sqlite(self._engine):
            self._signal.wait(timeout_seconds)
            self._signal.clear()
            return
        try:
            for _ in self._listening().notifies(timeout=timeout_seconds, stop_after=1):
                pass
        except psycopg.OperationalError:
            self.close()
            self._signal.wait(timeout_seconds)

    def _listening(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
            self._connection.execute(f'LISTEN "{self._channel}"')
        return self._connection

    def close(self) -> None:
        """Stop listening."""
        if is_sqlite(self._engine) and self._signal in (waiting := _local_signals[str(self._engine.url), self._channel]):
            waiting.remove(self._signal)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def signal(engine: Engine, channel: str) -> None:
    """Wake the Waiters of this process on a SQLite database, after a commit."""
    for waiting in _local_signals[str(engine.url), channel]:
        waiting.set()
