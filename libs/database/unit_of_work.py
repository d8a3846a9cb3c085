"""The unit of work: one transaction with its outbox, inbox and request ids."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from google.protobuf.message import Message
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded
from sqlalchemy.engine import Connection, Engine

from libs import audit, telemetry
from libs.database.bulk import insert_all
from libs.database.engines import insert, is_sqlite
from libs.database.schema import inbox, outbox, requests
from libs.database.waiting import signal
from libs.errors import RequestIdReused
from libs.ids import new_id
from libs.messaging.event import Event, event_of, type_of
from libs.unit_of_work import Request

OUTBOX_CHANNEL = "outbox"
# Nobody waits for an entry of the audit. It goes with the next event, or when the relay looks by itself within a second, and so under
# load many go together: sent and chained one by one, they would cost as much as the work that they tell of.
_UNHURRIED = type_of(AuditEntryRecorded)


class SqlOutbox:
    """Collects the events of one transaction; they are written together at its commit."""

    def __init__(self, connection: Connection, source: str, clock: Callable[[], datetime]) -> None:
        self._connection, self._source, self._clock = connection, source, clock
        self.events: list[Event] = []

    def add(self, event: Message) -> None:
        self.events.append(event_of(event, id=new_id(), source=self._source, time=self._clock(), traceparent=telemetry.traceparent()))

    def withdraw(self, subject: str, kinds: Collection[type[Message]]) -> None:
        types = [type_of(kind) for kind in kinds]
        self._connection.execute(sa.delete(outbox).where(outbox.c.subject == subject, outbox.c.type.in_(types)))


class SqlInbox:
    def __init__(self, connection: Connection, clock: Callable[[], datetime]) -> None:
        self._connection, self._clock = connection, clock

    def add(self, event_id: UUID) -> bool:
        return bool(self.add_all([event_id]))

    def add_all(self, event_ids: Collection[UUID]) -> set[UUID]:
        """Mark events as handled in one statement, in one order for all, so that two consumers never wait for each other."""
        if not event_ids:
            return set()
        now = self._clock()
        rows = [
            {"event_id": event_id, "handle_time": now, "attempts": 0, "error": "", "update_time": now} for event_id in sorted(event_ids)
        ]
        new = insert(self._connection, inbox)
        taken = new.on_conflict_do_update(
            index_elements=[inbox.c.event_id],
            set_={"handle_time": new.excluded.handle_time, "update_time": new.excluded.update_time},
            where=inbox.c.handle_time.is_(None),
        ).returning(inbox.c.event_id)  # RETURNING, because SQLAlchemy reports rowcount -1 for an INSERT
        return set(self._connection.execute(taken, rows).scalars())


class SqlRequests:
    """made: the result of the claim. repeated: it was a retry, which changes nothing."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime]) -> None:
        self._connection, self._clock = connection, clock
        self.made, self.repeated = "", False

    def claim(self, request: Request, result: str) -> str | None:
        self.made = result
        if not request.id:
            return None
        key = {"caller": request.caller, "request_id": request.id}
        values = {"fingerprint": request.fingerprint, "result": result, "create_time": self._clock()}
        new = insert(self._connection, requests).values(**key, **values).on_conflict_do_nothing().returning(requests.c.request_id)
        if self._connection.execute(new).first() is not None:
            return None
        of_caller = (requests.c.caller == request.caller) & (requests.c.request_id == request.id)
        earlier = self._connection.execute(sa.select(requests).where(of_caller)).one()
        if earlier.fingerprint != request.fingerprint:
            raise RequestIdReused(f"request_id {request.id} was used for another request")
        self.repeated = True
        return str(earlier.result)


class SqlUnitOfWork:
    """One transaction of a service; its repository adds the repositories as properties.

    source: the service's name, for its events. wake(channel) wakes the Waiters of that channel at the commit.
    """

    def __init__(self, engine: Engine, source: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.engine, self.clock = engine, clock
        self._source = source
        self._channels: set[str] = set()

    def __enter__(self) -> Self:
        self.connection = self.engine.connect()
        self._transaction = self.connection.begin()
        self.outbox = SqlOutbox(self.connection, self._source, self.clock)
        self.inbox = SqlInbox(self.connection, self.clock)
        self.requests = SqlRequests(self.connection, self.clock)
        self._channels.clear()
        return self

    def wake(self, channel: str) -> None:
        self._channels.add(channel)

    def commit(self) -> None:
        recorded = self._record()
        if self.outbox.events:
            insert_all(self.connection, outbox, [_outbox_row(event) for event in self.outbox.events])
            if any(event.type != _UNHURRIED for event in self.outbox.events):
                self.wake(OUTBOX_CHANNEL)
        if not is_sqlite(self.engine):
            for channel in sorted(self._channels):
                self.connection.execute(sa.select(sa.func.pg_notify(channel, "")))
        self._transaction.commit()
        if recorded:
            audit.recorded()
        if is_sqlite(self.engine):
            for channel in self._channels:
                signal(self.engine, channel)

    def _record(self) -> bool:
        """Add the audit entry of the call, when this is the transaction that it was made for."""
        if self.requests.repeated:
            return False
        entry = audit.done(self._source, self.requests.made, [event.subject for event in self.outbox.events], self.clock())
        if entry is not None:
            self.outbox.add(entry)
        return entry is not None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._transaction.is_active:
            self._transaction.rollback()
        self.connection.close()


def refusals(engine: Engine, source: str) -> audit.Refusals:
    """Return what writes the refusals of a service, each in a transaction of its own."""

    def write(entry: AuditEntryRecorded, _address: str) -> None:
        with SqlUnitOfWork(engine, source) as uow, audit.aside():
            uow.outbox.add(entry)
            uow.commit()

    return audit.Refusals(source, write, lambda: datetime.now(UTC))


def _outbox_row(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "type": event.type,
        "subject": event.subject,
        "version": event.version,
        "time": event.time,
        "data": event.data,
        "traceparent": event.traceparent,
    }
