"""The unit of work and what stands on it, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa
from google.protobuf.message import Message
from recapito.contacts.events.v1.events_pb2 import ContactDeleted
from recapito.documents.events.v1 import events_pb2
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded
from sqlalchemy.engine import Engine

from libs import database
from libs.database import OUTBOX_CHANNEL, Cents, InboxAttempts, OutboxRows, SqlUnitOfWork, UtcDateTime, Waiter
from libs.errors import RequestIdReused
from libs.ids import new_id
from libs.unit_of_work import NO_REQUEST, Request

EVENT = events_pb2.InvoiceIssued(invoice="invoices/019ab7a0-0000-7000-8000-000000000001", version=3, number="INV-2026-000001")

metadata = database.tables()
things = sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("amount", Cents),
    sa.Column("time", UtcDateTime),
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = database.connect(database_url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def add(uow: SqlUnitOfWork, **values: object) -> UUID:
    id_ = new_id()
    uow.connection.execute(sa.insert(things).values(id=id_, **values))
    return id_


def count(engine: Engine, table: sa.Table) -> int:
    with database.reader(engine).connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_leaving_without_a_commit_takes_row_and_event_back(engine: Engine) -> None:
    with SqlUnitOfWork(engine, "documents") as uow:
        add(uow)
        uow.outbox.add(EVENT)

    def fail() -> None:
        with SqlUnitOfWork(engine, "documents") as uow:
            add(uow)
            uow.outbox.add(EVENT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (count(engine, things), count(engine, database.outbox)) == (0, 0)


def test_row_and_event_commit_together(engine: Engine) -> None:
    with SqlUnitOfWork(engine, "documents") as uow:
        add(uow)
        uow.outbox.add(EVENT)
        uow.commit()
    assert (count(engine, things), count(engine, database.outbox)) == (1, 1)
    with OutboxRows(engine, "documents").claim(10, datetime.now(UTC)) as (events, _):
        (event,) = events
    assert (event.type, event.subject, event.version) == ("recapito.documents.invoice.issued.v1", EVENT.invoice, 3)
    assert events_pb2.InvoiceIssued.FromString(event.data) == EVENT


def test_money_and_instants_come_back_as_they_went(engine: Engine) -> None:
    rome = datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    with SqlUnitOfWork(engine, "documents") as uow:
        id_ = add(uow, amount=Decimal("-12345678901.05"), time=rome)
        uow.commit()
    with database.reader(engine).connect() as connection:
        row = connection.execute(sa.select(things).where(things.c.id == id_)).one()
    assert (row.amount, row.time, row.time.tzinfo) == (Decimal("-12345678901.05"), rome, UTC)


@pytest.mark.parametrize("values", [{"amount": Decimal("0.001")}, {"time": datetime(2026, 1, 1)}])  # noqa: DTZ001 - it is what is refused
def test_fractions_of_a_cent_and_naive_times_are_refused(engine: Engine, values: dict[str, object]) -> None:
    with pytest.raises(sa.exc.StatementError), SqlUnitOfWork(engine, "documents") as uow:
        add(uow, **values)


def test_sums_of_money_are_exact(engine: Engine) -> None:
    with SqlUnitOfWork(engine, "documents") as uow:
        for _ in range(100):
            add(uow, amount=Decimal("0.10"))
        total = uow.connection.execute(sa.select(sa.func.sum(things.c.amount))).scalar_one()
    assert total == Decimal("10.00")


def test_an_event_counts_as_handled_once(engine: Engine) -> None:
    event_id = new_id()
    for expected in (True, False):
        with SqlUnitOfWork(engine, "notifications") as uow:
            assert uow.inbox.add(event_id) is expected
            uow.commit()
    with SqlUnitOfWork(engine, "notifications") as uow:
        assert uow.inbox.add(other := new_id())
    attempts = InboxAttempts(engine)
    assert attempts.handled([event_id, other]) == {event_id}, "rolled back is not handled"


def test_of_a_group_of_events_the_new_ones_are_named(engine: Engine) -> None:
    earlier, failed, new = new_id(), new_id(), new_id()
    InboxAttempts(engine).failed(failed, "no", datetime.now(UTC))
    with SqlUnitOfWork(engine, "notifications") as uow:
        uow.inbox.add(earlier)
        uow.commit()
    with SqlUnitOfWork(engine, "notifications") as uow:
        assert uow.inbox.add_all([new, earlier, failed]) == {new, failed}
        assert uow.inbox.add_all([]) == set()
        uow.commit()
    assert InboxAttempts(engine).handled([earlier, failed, new]) == {earlier, failed, new}


def test_failures_are_counted_until_the_event_is_handled(engine: Engine) -> None:
    attempts, event_id, now = InboxAttempts(engine), new_id(), datetime.now(UTC)
    assert [attempts.failed(event_id, "no", now) for _ in range(3)] == [1, 2, 3]
    attempts.forget(event_id)
    assert attempts.failed(event_id, "no", now) == 1
    with SqlUnitOfWork(engine, "notifications") as uow:
        assert uow.inbox.add(event_id), "failed before is not handled"
        uow.commit()
    assert attempts.handled([event_id]) == {event_id}


REQUEST = Request("r-1", "accounts/1", b"a" * 32)


def test_a_retry_gets_the_first_result_and_another_body_is_refused(engine: Engine) -> None:
    with SqlUnitOfWork(engine, "documents") as uow:
        assert uow.requests.claim(REQUEST, "first") is None
        uow.commit()
    with SqlUnitOfWork(engine, "documents") as uow:
        assert uow.requests.claim(REQUEST, "second") == "first"
        assert uow.requests.claim(Request("r-1", "accounts/2", b"b" * 32), "of another caller") is None
        assert uow.requests.claim(NO_REQUEST, "x") is None
        assert uow.requests.claim(NO_REQUEST, "x") is None
        with pytest.raises(RequestIdReused):
            uow.requests.claim(Request("r-1", "accounts/1", b"b" * 32), "third")


def test_of_two_retries_at_once_one_does_the_work(engine: Engine) -> None:
    start = threading.Barrier(8)

    def attempt(number: int) -> str | None:
        start.wait()
        with SqlUnitOfWork(engine, "documents") as uow:
            earlier = uow.requests.claim(REQUEST, str(number))
            if earlier is None:
                add(uow)
                uow.commit()
            return earlier

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(attempt, range(8)))
    winner = str(results.index(None))
    assert sorted(results, key=str) == sorted([None, *[winner] * 7], key=str)
    assert count(engine, things) == 1


def test_a_waiter_wakes_at_the_commit_and_not_before(engine: Engine) -> None:
    waiter = Waiter(engine, "jobs")
    waiter.wait(0.01)  # listens from here on
    woken = threading.Event()

    def wait() -> None:
        waiter.wait(20)
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        with SqlUnitOfWork(engine, "documents") as uow:
            uow.wake("jobs")
            assert not woken.wait(0.2)
            uow.commit()
        assert woken.wait(10)
    finally:
        thread.join()
        waiter.close()


def test_old_request_ids_and_events_are_forgotten(engine: Engine) -> None:
    then = datetime.now(UTC) - timedelta(days=31)
    with SqlUnitOfWork(engine, "documents", lambda: then) as uow:
        uow.requests.claim(REQUEST, "x")
        uow.inbox.add(new_id())
        uow.commit()
    database.sweep(engine, datetime.now(UTC))
    assert (count(engine, database.requests), count(engine, database.inbox)) == (0, 0)


def test_ids_sort_by_their_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert {id_.version for id_ in ids} == {7}
    assert [id_.int >> 80 for id_ in ids] == sorted(id_.int >> 80 for id_ in ids)


@pytest.mark.parametrize(("announced", "woken"), [((), False), ((ContactDeleted(contact="contacts/1", version=1),), True)])
def test_an_audit_entry_alone_hurries_nobody(engine: Engine, announced: tuple[Message, ...], woken: bool) -> None:
    waiter = Waiter(engine, OUTBOX_CHANNEL)
    waiter.wait(0.01)  # listens from here on
    with SqlUnitOfWork(engine, "documents") as uow:
        uow.outbox.add(AuditEntryRecorded(resource="invoices/1", service="documents", method="CreateInvoice"))
        for event in announced:
            uow.outbox.add(event)
        uow.commit()
    started, longest = time.perf_counter(), 20 if woken else 0.5
    waiter.wait(longest)
    assert (time.perf_counter() - started < longest) == woken
    waiter.close()
