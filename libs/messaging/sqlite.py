"""The bus in one SQLite file, for one host: subscriptions, and a row for each queue and event."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs import database
from libs.database import UtcDateTime
from libs.messaging.bus import BusUnavailable, Outcome, Parked, Received
from libs.messaging.event import Event

LEASE = timedelta(seconds=60)  # after it an event that was taken and not settled comes again
POLL_SECONDS = 0.2  # how soon an event of another process is seen; one of this process wakes its consumer

_metadata = sa.MetaData(naming_convention=database.NAMING)
_subscriptions = sa.Table(
    "subscriptions",
    _metadata,
    sa.Column("type", sa.String(120), primary_key=True),
    sa.Column("queue", sa.String(80), primary_key=True),
)
_deliveries = sa.Table(
    "deliveries",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("queue", sa.String(80), nullable=False),
    sa.Column("due", UtcDateTime, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False, default=0),  # how often; tells a late settlement from a timely one
    sa.Column("ended", sa.Integer, nullable=False, default=0),  # `taken` when a taking last ended in order; else its consumer stopped
    sa.Column("owner", sa.Integer),  # the process that holds it; null: nobody
    sa.Column("postponements", sa.Integer, nullable=False, default=0),
    sa.Column("park_time", UtcDateTime),  # null: not parked
    sa.Column("error", sa.String(1000), nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("type", sa.String(120), nullable=False),
    sa.Column("source", sa.String(80), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.Column("traceparent", sa.String(60), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Index("ix_deliveries_due", "queue", "park_time", "due"),
)


def _now() -> datetime:
    return datetime.now(UTC)


class SqliteBus:
    """Safe against the end of a process at any line, and against the end of power: each commit is synced."""

    def __init__(self, url: str) -> None:
        self._engine = database.connect(url)
        sa.event.listen(self._engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=FULL"))
        self._made = False

    def publisher(self) -> SqlitePublisher:
        return SqlitePublisher(self)

    def subscription(self, queue: str, types: Collection[str]) -> SqliteSubscription:
        return SqliteSubscription(self, queue, types)

    def declare(self, queue: str, types: Collection[str]) -> None:
        with self.transaction() as connection:
            for type_ in types:
                connection.execute(database.insert(connection, _subscriptions).values(type=type_, queue=queue).on_conflict_do_nothing())

    def expect(self, queue: str, types: Collection[str]) -> None:
        self.declare(queue, types)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                if not self._made:
                    _metadata.create_all(connection)
                    self._made = True
                yield connection
        except sa.exc.OperationalError as error:
            raise BusUnavailable(f"the bus file cannot be used: {type(error.orig).__name__}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with database.reader(self._engine).connect() as connection:
            yield connection

    def waiter(self, queue: str) -> database.Waiter:
        return database.Waiter(self._engine, queue)

    def wake(self, queues: Collection[str]) -> None:
        for queue in queues:
            database.signal(self._engine, queue)

    def parked(self, queue: str) -> Sequence[Parked]:
        with self.transaction() as connection:
            rows = connection.execute(sa.select(_deliveries).where(*_is_parked(queue)).order_by(_deliveries.c.id)).all()
        return [_parked(row) for row in rows]

    def lengths(self, queue: str) -> tuple[int, int]:
        parked = sa.func.count(_deliveries.c.park_time)
        with self.transaction() as connection:
            total, aside = connection.execute(sa.select(sa.func.count(), parked).where(_deliveries.c.queue == queue)).one()
        return int(total - aside), int(aside)

    def redrive(self, queue: str, ids: Collection[str]) -> Sequence[str]:
        fresh = {"park_time": None, "error": "", "attempts": 0, "postponements": 0, "due": _now(), "owner": None}
        with self.transaction() as connection:
            changed = sa.update(_deliveries).where(*_is_parked(queue), _has_id(ids)).values(fresh).returning(_deliveries.c.event_id)
            found = [str(event_id) for event_id in connection.execute(changed).scalars()]
        self.wake([queue])
        return found

    def drop(self, queue: str, ids: Collection[str]) -> Sequence[str]:
        with self.transaction() as connection:
            gone = sa.delete(_deliveries).where(*_is_parked(queue), _has_id(ids)).returning(_deliveries.c.event_id)
            return [str(event_id) for event_id in connection.execute(gone).scalars()]


def _is_parked(queue: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _deliveries.c.queue == queue, _deliveries.c.park_time.is_not(None)


def _has_id(ids: Collection[str]) -> sa.ColumnElement[bool]:
    return _deliveries.c.event_id.in_([UUID(event_id) for event_id in ids])


def _event(row: sa.Row[Any]) -> Event:
    return Event(row.event_id, row.type, row.source, row.subject, row.version, row.time, row.data, row.traceparent)


def _parked(row: sa.Row[Any]) -> Parked:
    return Parked(
        id=str(row.event_id),
        type=row.type,
        source=row.source,
        subject=row.subject,
        time=row.time,
        traceparent=row.traceparent,
        park_time=row.park_time,
        attempts=row.attempts,
        error=row.error,
        data=row.data,
    )


class SqlitePublisher:
    def __init__(self, bus: SqliteBus) -> None:
        self._bus = bus

    def publish(self, events: Sequence[Event]) -> Outcome:
        now = _now()
        rows: list[dict[str, Any]] = []
        returned = []
        with self._bus.transaction() as connection:
            wanted = connection.execute(sa.select(_subscriptions).where(_subscriptions.c.type.in_({event.type for event in events}))).all()
            for event in events:
                queues = [row.queue for row in wanted if row.type == event.type]
                if not queues:
                    returned.append(event.id)
                rows.extend(_row(queue, event, now) for queue in queues)
            if rows:
                connection.execute(sa.insert(_deliveries), rows)
        self._bus.wake({row["queue"] for row in rows})
        return Outcome({event.id for event in events}.difference(returned), returned)

    def keep_alive(self) -> None:
        """A file does not go away."""

    def close(self) -> None:
        """Nothing is held."""


def _row(queue: str, event: Event, now: datetime) -> dict[str, Any]:
    return {
        "queue": queue,
        "due": now,
        "event_id": event.id,
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "version": event.version,
        "time": event.time,
        "traceparent": event.traceparent,
        "data": event.data,
    }


class SqliteSubscription:
    def __init__(self, bus: SqliteBus, queue: str, types: Collection[str]) -> None:
        self._bus, self._queue, self._types = bus, queue, types
        self._waiter = bus.waiter(queue)
        self._declared = False
        self._owners_time = 0.0
        self._held: set[int] = set()

    def take(self, limit: int, timeout_seconds: float) -> Sequence[Received]:
        if not self._declared:
            self._bus.declare(self._queue, self._types)
            self._declared = True
        deadline = time.monotonic() + timeout_seconds
        while True:
            if time.monotonic() >= self._owners_time:
                self._owners_time = time.monotonic() + 5
                self._release_orphans()
            due_seconds = self._due_seconds()
            taken = self._claim(limit) if due_seconds <= 0 else []
            remaining = deadline - time.monotonic()
            if taken or remaining <= 0:
                return taken
            self._waiter.wait(min(remaining, POLL_SECONDS, max(due_seconds, 0.001)))

    def _due_seconds(self) -> float:
        """Return in how many seconds an event is due. Most looks find nothing: they lock nobody."""
        waiting = sa.select(sa.func.min(_deliveries.c.due)).where(_deliveries.c.queue == self._queue, _deliveries.c.park_time.is_(None))
        with self._bus.reading() as connection:
            due = connection.execute(waiting).scalar_one()
        return (due - _now()).total_seconds() if due else POLL_SECONDS

    def _claim(self, limit: int) -> list[Received]:
        now = _now()
        due = sa.select(_deliveries.c.id).where(
            _deliveries.c.queue == self._queue, _deliveries.c.park_time.is_(None), _deliveries.c.due <= now
        )
        claim = (
            sa.update(_deliveries)
            .where(_deliveries.c.id.in_(due.order_by(_deliveries.c.id).limit(limit).scalar_subquery()))
            .values(due=now + LEASE, owner=os.getpid(), taken=_deliveries.c.taken + 1)
            .returning(_deliveries)
        )
        with self._bus.transaction() as connection:
            rows = sorted(connection.execute(claim).all(), key=lambda row: int(row.id))
        self._held.update(row.id for row in rows)
        return [Received(_event(row), row.taken - 1 > row.ended, row.postponements, (row.id, row.taken)) for row in rows]

    def _release_orphans(self) -> None:
        """Free what processes of this host held when they ended; without this a restart waits for the lease."""
        held = (_deliveries.c.queue == self._queue, _deliveries.c.owner.is_not(None), _deliveries.c.park_time.is_(None))
        with self._bus.reading() as connection:
            owners = connection.execute(sa.select(_deliveries.c.owner).where(*held).distinct()).scalars().all()
        gone = [owner for owner in owners if not _lives(owner)]
        if gone:
            with self._bus.transaction() as connection:
                connection.execute(sa.update(_deliveries).where(*held, _deliveries.c.owner.in_(gone)).values(due=_now(), owner=None))

    def settle(self, received: Sequence[Received]) -> None:
        with self._bus.transaction() as connection:
            connection.execute(sa.delete(_deliveries).where(self._still_ours(received)))

    def delay(self, received: Sequence[Received], seconds: float, *, postponed: bool = False) -> None:
        later: dict[str, Any] = {"due": _now() + timedelta(seconds=seconds), "ended": _deliveries.c.taken, "owner": None}
        if postponed:
            later["postponements"] = _deliveries.c.postponements + 1
        with self._bus.transaction() as connection:
            connection.execute(sa.update(_deliveries).where(self._still_ours(received)).values(later))

    def park(self, received: Received, error: str, attempts: int) -> None:
        aside = {"park_time": _now(), "error": error[:1000], "attempts": attempts, "ended": _deliveries.c.taken, "owner": None}
        with self._bus.transaction() as connection:
            connection.execute(sa.update(_deliveries).where(self._still_ours([received])).values(aside))

    def _still_ours(self, received: Sequence[Received]) -> sa.ColumnElement[bool]:
        """Nobody else took them since: `taken` is as we left it."""
        receipts = [_receipt(item) for item in received]
        self._held.difference_update(row_id for row_id, _ in receipts)
        return sa.tuple_(_deliveries.c.id, _deliveries.c.taken).in_(receipts)

    def lengths(self) -> tuple[int, int]:
        return self._bus.lengths(self._queue)

    def close(self) -> None:
        """Give back what was taken and not settled."""
        self._waiter.close()
        if self._held:
            with self._bus.transaction() as connection:
                back = sa.update(_deliveries).where(_deliveries.c.id.in_(self._held), _deliveries.c.owner == os.getpid())
                connection.execute(back.values(due=_now(), owner=None, ended=_deliveries.c.taken))


def _receipt(received: Received) -> tuple[int, int]:
    row_id, taken = cast("tuple[int, int]", received.receipt)
    return row_id, taken


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
