"""What relay and consumers need of a service's database: the unpublished events, the handled ones, the failed attempts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from libs.database.engines import insert, is_sqlite, reader
from libs.database.schema import inbox, outbox, requests
from libs.messaging.event import Event

REQUESTS_KEPT = timedelta(hours=24)
INBOX_KEPT = timedelta(days=30)
RETURNED_WAIT = timedelta(seconds=5)


_RELAY_LOCK = 0x72656C6179  # any constant that nothing else takes
Done = Callable[[Collection[UUID], Collection[UUID]], None]


@dataclass(frozen=True)
class Waiting:
    """The unpublished events of one type."""

    type: str
    events: int
    oldest_seconds: float


class OutboxRows:
    """The unpublished events of a service, for its relay. returned_wait: how long an event that no queue wanted waits."""

    def __init__(self, engine: Engine, source: str, returned_wait: timedelta = RETURNED_WAIT) -> None:
        self._engine, self._source, self._returned_wait = engine, source, returned_wait

    @contextmanager
    def claim(self, limit: int, now: datetime) -> Iterator[tuple[Sequence[Event], Done]]:
        """Give the oldest events, and a function `done(published, returned)` to call once.

        Published rows are deleted. Returned ones (no queue) wait. Others stay as they were. On PostgreSQL one relay at a time gets
        events, since two at once would mix up the order within a subject; the others get none. On SQLite nothing is locked while
        the broker is asked, because a lock would stop every writer of the service; two relays may then publish an event twice,
        which the inboxes absorb.
        """
        due = sa.select(outbox).where(sa.or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)).order_by(outbox.c.seq).limit(limit)
        with self._engine.connect() as connection:
            if is_sqlite(self._engine):
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                alone = True
            else:
                alone = bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_RELAY_LOCK))).scalar_one())
            rows = connection.execute(due).all() if alone else []
            seqs = {row.event_id: row.seq for row in rows}

            def done(published: Collection[UUID], returned: Collection[UUID]) -> None:
                if published:
                    connection.execute(sa.delete(outbox).where(outbox.c.seq.in_([seqs[event_id] for event_id in published])))
                if returned:
                    later = sa.update(outbox).values(not_before=now + self._returned_wait)
                    connection.execute(later.where(outbox.c.seq.in_([seqs[event_id] for event_id in returned])))

            yield [self._event(row) for row in rows], done
            connection.commit()

    def _event(self, row: sa.Row[Any]) -> Event:
        return Event(row.event_id, row.type, self._source, row.subject, row.version, row.time, row.data, row.traceparent)

    def waiting(self, now: datetime) -> Sequence[Waiting]:
        """Return what waits, by type, the oldest first."""
        oldest = sa.func.min(outbox.c.time)
        query = sa.select(outbox.c.type, sa.func.count().label("events"), oldest.label("oldest")).group_by(outbox.c.type).order_by(oldest)
        with reader(self._engine).connect() as connection:
            rows = connection.execute(query).all()
        return [Waiting(row.type, row.events, round((now - row.oldest).total_seconds(), 1)) for row in rows]

    def age(self, now: datetime) -> tuple[int, float]:
        """Return how many events wait, and for how many seconds the oldest has."""
        with reader(self._engine).connect() as connection:
            count, oldest = connection.execute(sa.select(sa.func.count(), sa.func.min(outbox.c.time))).one()
        return int(count), (now - oldest).total_seconds() if oldest else 0.0


class InboxAttempts:
    """How often handling an event has failed, counted outside the handler's transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handled(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Return those that were handled before."""
        query = sa.select(inbox.c.event_id).where(inbox.c.event_id.in_(event_ids), inbox.c.handle_time.is_not(None))
        with reader(self._engine).connect() as connection:
            return set(connection.execute(query).scalars())

    def failed(self, event_id: UUID, error: str, now: datetime) -> int:
        """Count a failure and return how many there were."""
        with self._engine.begin() as connection:
            new = insert(connection, inbox).values(event_id=event_id, attempts=1, error=error[:1000], update_time=now)
            counted = new.on_conflict_do_update(
                index_elements=[inbox.c.event_id], set_={"attempts": inbox.c.attempts + 1, "error": error[:1000], "update_time": now}
            ).returning(inbox.c.attempts)
            return int(connection.execute(counted).scalar_one())

    def explain(self, event_id: UUID, error: str) -> None:
        """Replace the reason of the failure counted last."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(inbox).where(inbox.c.event_id == event_id).values(error=error[:1000]))

    def forget(self, event_id: UUID) -> None:
        """Start counting anew, for an event that an operator redrives."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(inbox).where(inbox.c.event_id == event_id).values(attempts=0))


def sweep(engine: Engine, now: datetime) -> None:
    """Forget request ids after 24 hours and handled events after 30 days."""
    with engine.begin() as connection:
        connection.execute(sa.delete(requests).where(requests.c.create_time < now - REQUESTS_KEPT))
        connection.execute(sa.delete(inbox).where(inbox.c.update_time < now - INBOX_KEPT, inbox.c.handle_time.is_not(None)))
