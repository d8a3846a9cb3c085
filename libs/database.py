"""SQL for all services, PostgreSQL or SQLite: engines, types, the unit of work with outbox, inbox and request ids, and migrations."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg
import sqlalchemy as sa
from google.protobuf.message import Message
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine

from libs import audit, telemetry
from libs.errors import RequestIdReused
from libs.ids import new_id
from libs.messaging.event import Event, event_of
from libs.unit_of_work import Request

REQUESTS_KEPT = timedelta(hours=24)
INBOX_KEPT = timedelta(days=30)
RETURNED_WAIT = timedelta(seconds=5)


# --- engines -------------------------------------------------------------------------------------------------------------------------
def connect(url: str, *, pool_size: int = 10) -> Engine:
    """Return the engine of a service's own database, "postgresql+psycopg://…" or "sqlite:///path".

    On SQLite every transaction is BEGIN IMMEDIATE: a deferred one that reads and then writes fails at once with "database is
    locked", whatever busy_timeout says.
    """
    target = sa.make_url(url)
    if target.get_backend_name() != "sqlite":
        return sa.create_engine(
            target,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # they are personal data, and an error's text reaches the log
            connect_args={"connect_timeout": 5},
        )
    engine = sa.create_engine(target, pool_size=pool_size, max_overflow=-1, hide_parameters=True, connect_args={"timeout": 10})

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing of its own: we do, below
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader(engine: Engine) -> Engine:
    """Return the same database for single statements that only read: no transaction is opened or closed around them."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _is_sqlite(bind: Engine | Connection) -> bool:
    return bind.dialect.name == "sqlite"


def insert(bind: Engine | Connection, table: sa.Table) -> postgresql.Insert:
    """Return the dialect's INSERT, which knows ON CONFLICT; both dialects spell it alike."""
    return sqlite.insert(table) if _is_sqlite(bind) else postgresql.insert(table)  # type: ignore[return-value] # alike, but no common class


def ready(engine: Engine) -> None:
    """Raise when the database does not answer."""
    with reader(engine).connect() as connection:
        connection.execute(sa.select(1))


def is_transient(error: Exception) -> bool:
    """Whether the database refused because of a moment (away, locked, deadlock), not because of what it was asked."""
    if not isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.TimeoutError)  # no connection of the pool became free
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return error.connection_invalidated or isinstance(cause, psycopg.OperationalError)


# --- types ---------------------------------------------------------------------------------------------------------------------------
class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware instant; stored in UTC, which SQLite keeps without its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Cents(sa.TypeDecorator[Decimal]):
    """An amount of money to the cent; an integer, so that both databases add it exactly."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        cents = value.scaleb(2)
        if cents != cents.to_integral_value():
            raise ValueError(f"{value} is finer than a cent")
        return int(cents)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


# --- tables that every service has ---------------------------------------------------------------------------------------------------
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.Uuid, nullable=False, unique=True),
    sa.Column("type", sa.String(120), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("traceparent", sa.String(60), nullable=False),
    sa.Column("not_before", UtcDateTime),  # the broker had no queue for it: tried again from then on
)
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("handle_time", UtcDateTime),  # null: not handled yet, only failed
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("error", sa.String(1000), nullable=False, default=""),
    sa.Column("update_time", UtcDateTime, nullable=False),
)
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("caller", sa.String(80), primary_key=True),
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
    sa.Column("result", sa.String(2000), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
)
SHARED_TABLES = (outbox, inbox, requests)


def tables() -> sa.MetaData:
    """Return a service's MetaData, with the shared tables in it."""
    own = sa.MetaData(naming_convention=NAMING)
    for table in SHARED_TABLES:
        table.to_metadata(own)
    return own


# --- waking on commit ----------------------------------------------------------------------------------------------------------------
_local_signals: dict[tuple[str, str], list[threading.Event]] = defaultdict(list)  # SQLite: waiters of this process


class Waiter:
    """Wakes when a transaction that called UnitOfWork.wake(channel) has committed: LISTEN/NOTIFY, or inside one process on SQLite."""

    def __init__(self, engine: Engine, channel: str) -> None:
        self._engine, self._channel = engine, channel
        self._signal = threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        if _is_sqlite(engine):
            _local_signals[str(engine.url), channel].append(self._signal)

    def wait(self, timeout_seconds: float) -> None:
        """Return at the next wake-up, or after the time; a wake-up since the last wait counts."""
        if _is_sqlite(self._engine):
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
        if _is_sqlite(self._engine) and self._signal in (waiting := _local_signals[str(self._engine.url), self._channel]):
            waiting.remove(self._signal)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def signal(engine: Engine, channel: str) -> None:
    """Wake the Waiters of this process on a SQLite database, after a commit."""
    for waiting in _local_signals[str(engine.url), channel]:
        waiting.set()


# --- the unit of work ----------------------------------------------------------------------------------------------------------------
OUTBOX_CHANNEL = "outbox"


class SqlOutbox:
    """Collects the events of one transaction; they are written together at its commit."""

    def __init__(self, source: str, clock: Callable[[], datetime]) -> None:
        self._source, self._clock = source, clock
        self.events: list[Event] = []

    def add(self, event: Message) -> None:
        self.events.append(event_of(event, id=new_id(), source=self._source, time=self._clock(), traceparent=telemetry.traceparent()))


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
        self.outbox = SqlOutbox(self._source, self.clock)
        self.inbox = SqlInbox(self.connection, self.clock)
        self.requests = SqlRequests(self.connection, self.clock)
        self._channels.clear()
        return self

    def wake(self, channel: str) -> None:
        self._channels.add(channel)

    def commit(self) -> None:
        recorded = self._record()
        if self.outbox.events:
            self.connection.execute(sa.insert(outbox), [_outbox_row(event) for event in self.outbox.events])
            self.wake(OUTBOX_CHANNEL)
        if not _is_sqlite(self.engine):
            for channel in sorted(self._channels):
                self.connection.execute(sa.select(sa.func.pg_notify(channel, "")))
        self._transaction.commit()
        if recorded:
            audit.recorded()
        if _is_sqlite(self.engine):
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


# --- what the relay and the consumers need -------------------------------------------------------------------------------------------
_RELAY_LOCK = 0x72656C6179  # any constant that nothing else takes
Done = Callable[[Collection[UUID], Collection[UUID]], None]


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
            if _is_sqlite(self._engine):
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


# --- migrations ----------------------------------------------------------------------------------------------------------------------
_MIGRATION_LOCK = 0x7265636170  # any constant that nothing else takes


def migrate(engine: Engine, package: str, target: str = "head") -> None:
    """Bring the schema to the newest version of `package`.migrations, such as "services.documents"; safe to run in several processes.

    SQLite checks foreign keys only at the end: a batch change of a parent table would otherwise delete its children by ON DELETE
    CASCADE, without an error.
    """
    # Imported here, because alembic is a large part of a start, and only who migrates needs it.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        if _is_sqlite(connection):
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            connection.execute(sa.text("SET LOCAL lock_timeout = '2s'"))  # of the tables, not of another process that migrates

        def upgrade(revision: Any, _context: Any) -> Any:
            return script._upgrade_revs(target, revision)  # noqa: SLF001 - what alembic's own upgrade command calls

        with EnvironmentContext(config, script, fn=upgrade, destination_rev=target) as environment:
            environment.configure(connection=connection, render_as_batch=True, transaction_per_migration=False)
            environment.run_migrations()
        if _is_sqlite(connection) and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise RuntimeError(f"the migration broke foreign keys: {broken[:5]}")
        connection.commit()
        if _is_sqlite(connection):
            connection.invalidate()  # the next user of it gets a connection with foreign_keys=ON
