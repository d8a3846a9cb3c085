"""What both buses promise: the same tests on one SQLite file, and on RabbitMQ with PostgreSQL."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from recapito.documents.events.v1.events_pb2 import InvoiceIssued, InvoiceViewed, PaymentRecorded

from libs import database, telemetry
from libs.errors import InvalidArgument, Unavailable
from libs.ids import new_id
from libs.messaging import bus, commands
from libs.messaging.bus import Outcome, Received, Subscription
from libs.messaging.consumer import ATTEMPTS, Consumer, Delivery, Handlers, one_by_one
from libs.messaging.event import Event, event_of
from libs.settings import ServiceSettings
from tests.integration.libs.bus_world import World, apply, issued, strikes

Eventually = Callable[..., object]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "rabbitmq"])
def world(request: pytest.FixtureRequest, tmp_path: Path, queue_prefix: str) -> Iterator[World]:
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("producer", "consumer", "bus")]
    else:
        new_database = request.getfixturevalue("new_database")
        urls = [new_database(), new_database(), request.getfixturevalue("amqp_url")]
    producer, consumer = (database.connect(url) for url in urls[:2])
    yield World(producer, consumer, urls[2], prefix=f"{queue_prefix}.")
    producer.dispose()
    consumer.dispose()


def event(number: int | str = 1, **attributes: Any) -> Event:
    return event_of(issued(number, **attributes), id=new_id(), source="documents", time=NOON)


def publish(world: World, *events: Event) -> Outcome:
    with closing(world.bus().publisher()) as publisher:
        return publisher.publish(events)


@contextmanager
def subscribed(world: World) -> Iterator[Subscription]:
    with closing(world.bus().subscription(world.queue, ["recapito.documents.invoice.issued.v1"])) as subscription:
        yield subscription


def parked(world: World) -> list[tuple[str, int, str]]:
    return [(found.id, found.attempts, found.error) for found in world.bus().parked(world.queue)]


def failing(error: Exception) -> Callable[[Sequence[Delivery[Any]]], None]:
    def handle(_deliveries: Sequence[Delivery[Any]]) -> None:
        raise error

    return handle


# --- publishing ----------------------------------------------------------------------------------------------------------------------
def test_a_confirmed_event_is_delivered_once_with_all_its_attributes(world: World) -> None:
    world.declare()
    sent = event_of(issued(7, version=3), id=new_id(), source="documents", time=NOON, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")
    assert set(publish(world, sent).published) == {sent.id}
    with subscribed(world) as subscription:
        (received,) = subscription.take(64, 5)
        assert received.event == sent
        assert not received.redelivered
        subscription.settle([received])
        assert not subscription.take(64, 0.1)


def test_an_event_that_no_queue_wants_is_returned_not_published(world: World) -> None:
    world.declare()
    wanted, unwanted = event(1), event_of(PaymentRecorded(payment="payments/1"), id=new_id(), source="documents", time=NOON)
    outcome = publish(world, wanted, unwanted)
    assert (set(outcome.published), set(outcome.returned), outcome.fault) == ({wanted.id}, {unwanted.id}, "")


def test_a_returned_event_stays_in_the_outbox_until_somebody_subscribes(world: World, eventually: Eventually) -> None:
    world.emit(issued(1))
    with world.relaying(returned_wait=timedelta(milliseconds=50)):
        eventually(lambda: rows_put_off(world) == 1)
        assert world.waiting() == 1
        with world.consuming():
            eventually(lambda: world.effects() == ["1"])
        eventually(lambda: world.waiting() == 0)


def rows_put_off(world: World) -> int:
    with world.producer.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count(database.outbox.c.not_before))).scalar_one())


def test_events_of_a_transaction_that_rolled_back_never_leave(world: World, eventually: Eventually) -> None:
    with database.SqlUnitOfWork(world.producer, "documents") as uow:
        uow.outbox.add(issued("rolled back"))
    world.declare()
    with world.consuming(), world.relaying():
        world.emit(issued("committed"))
        eventually(lambda: world.effects() == ["committed"])


def test_two_queues_each_get_the_event(world: World, eventually: Eventually) -> None:
    seen: list[tuple[str, str]] = []
    queues = ("notifications", "contacts")

    def seen_by(queue: str) -> Handlers:
        return world.handlers(lambda group: seen.extend((queue, delivery.message.number) for delivery in group))

    first, second = (world.consuming(seen_by(queue), queue=queue) for queue in queues)
    for queue in queues:
        world.bus().declare(queue, ["recapito.documents.invoice.issued.v1"])
    publish(world, event("x"))
    with first, second:
        eventually(lambda: sorted(seen) == [("contacts", "x"), ("notifications", "x")])


def test_on_one_host_a_consumer_that_is_made_misses_nothing_before_it_runs(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/service.db")
    events = bus.connect(f"sqlite:///{tmp_path}/bus.db")
    Consumer(engine, "notifications", events, {InvoiceIssued: failing(Unavailable("not called"))})
    with closing(events.publisher()) as publisher:
        assert publisher.publish([event()]).published


# --- once, in order ------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-NOT-24")
def test_an_event_delivered_twice_is_handled_once(world: World, eventually: Eventually) -> None:
    world.declare()
    twice, after = event("twice"), event("after")
    publish(world, twice, twice)
    publish(world, twice, after)
    with world.consuming():
        eventually(lambda: "after" in world.effects())
    assert Counter(world.effects()) == {"twice": 1, "after": 1}


def test_a_group_never_holds_an_event_twice(world: World, eventually: Eventually) -> None:
    world.declare()
    twice = event("twice")
    publish(world, twice, twice)
    groups: list[list[UUID]] = []
    with world.consuming(world.handlers(lambda deliveries: groups.append([delivery.event_id for delivery in deliveries]))):
        eventually(lambda: groups)
    assert all(len(group) == len(set(group)) for group in groups)


def test_events_of_one_subject_are_handled_in_the_order_of_their_commits(world: World, eventually: Eventually) -> None:
    world.declare()
    with world.consuming(), world.relaying():
        for version in range(1, 201):
            world.emit(issued(version, invoice="invoices/1", version=version))
        eventually(lambda: len(world.effects()) == 200)
    assert world.effects() == [str(version) for version in range(1, 201)]


def test_a_backlog_is_handled_in_groups(world: World, eventually: Eventually) -> None:
    world.declare()
    publish(world, *[event(number) for number in range(300)])
    sizes: list[int] = []

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        sizes.append(len(deliveries))
        apply(world.consumer, deliveries)

    with world.consuming(world.handlers(handle)):
        eventually(lambda: len(world.effects()) == 300)
    assert max(sizes) <= 64
    assert len(sizes) < 60  # not one by one: at rest beside other tests, five to fifteen


def test_a_group_holds_one_type_and_keeps_the_order_between_types(world: World, eventually: Eventually) -> None:
    world.declare("recapito.documents.invoice.issued.v1", "recapito.documents.invoice.viewed.v1")
    viewed = [event_of(InvoiceViewed(invoice="invoices/1"), id=new_id(), source="documents", time=NOON) for _ in range(2)]
    events = [event(1), event(2), viewed[0], event(3), viewed[1]]
    publish(world, *events)
    seen: list[UUID] = []

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        assert len({type(delivery.message) for delivery in deliveries}) == 1
        seen.extend(delivery.event_id for delivery in deliveries)

    with world.consuming({InvoiceIssued: handle, InvoiceViewed: handle}):
        eventually(lambda: len(seen) == 5)
    assert seen == [one.id for one in events]


def test_several_consumers_share_a_queue(world: World, eventually: Eventually) -> None:
    world.declare()
    publish(world, *[event(number) for number in range(200)])
    with world.consuming(consumers=3):
        eventually(lambda: len(world.effects()) >= 200)
    assert Counter(world.effects()) == {str(number): 1 for number in range(200)}


def test_two_relays_lose_nothing_and_the_inbox_makes_one_of_what_they_double(world: World, eventually: Eventually) -> None:
    world.declare()
    with world.relaying(relays=2, batch=20), world.consuming():
        for start in range(0, 300, 30):
            world.emit(*[issued(number, invoice="invoices/1") for number in range(start, start + 30)])
        eventually(lambda: len(world.effects()) == 300, 20)
    assert sorted(world.effects(), key=int) == [str(number) for number in range(300)]
    assert world.waiting() == 0


def test_two_relays_publish_each_event_once_on_postgresql(world: World, eventually: Eventually) -> None:
    if world.producer.dialect.name != "postgresql":
        pytest.skip("a SQLite file has one relay; two would be absorbed by the inbox, as the test above shows")
    world.declare()
    with world.relaying(relays=2, batch=20):
        for start in range(0, 300, 30):
            world.emit(*[issued(number) for number in range(start, start + 30)])
        eventually(lambda: world.waiting() == 0)
    with subscribed(world) as subscription:
        eventually(lambda: subscription.lengths()[0] + 64 >= 300)
        taken: list[Received] = []
        while group := subscription.take(64, 0.3):
            taken.extend(group)
            subscription.settle(group)
    assert [received.event.subject for received in taken if received.event] == [f"invoices/{number}" for number in range(300)]


# --- failures ------------------------------------------------------------------------------------------------------------------------
def test_a_group_that_fails_is_tried_one_by_one_and_only_the_culprit_waits(world: World, eventually: Eventually) -> None:
    world.declare()
    publish(world, *[event(number) for number in range(10)])
    cured = threading.Event()

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        if any(delivery.message.number == "4" for delivery in deliveries) and not cured.is_set():
            raise InvalidArgument("4 is wrong")
        apply(world.consumer, deliveries)

    with world.consuming(world.handlers(handle)):
        eventually(lambda: len(world.effects()) == 9)
        cured.set()
        eventually(lambda: len(world.effects()) == 10)
    assert world.effects()[-1] == "4"


def test_a_failure_is_tried_again_after_its_delay(world: World, eventually: Eventually) -> None:
    world.declare()
    publish(world, event("slow"))
    with subscribed(world) as subscription:
        (received,) = subscription.take(64, 5)
        delayed = time.monotonic()
        subscription.delay([received], 0.4)
        assert not subscription.take(64, 0.2)
        (again,) = subscription.take(64, 5)
        assert time.monotonic() - delayed >= 0.4
        assert again.event == received.event
        assert (again.redelivered, again.postponements) == (False, 0)
        subscription.settle([again])


def test_after_eight_failures_an_event_is_parked_with_its_error(world: World, eventually: Eventually) -> None:
    world.declare()
    bad = event("bad")
    calls: list[Delivery[Any]] = []

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        calls.extend(deliveries)
        raise InvalidArgument("nobody wants this")

    publish(world, bad)
    with world.consuming(world.handlers(handle)):
        eventually(lambda: parked(world))
    assert parked(world) == [(str(bad.id), ATTEMPTS, "InvalidArgument: nobody wants this")]
    assert len(calls) == ATTEMPTS


def test_what_another_error_says_is_not_kept(world: World, eventually: Eventually) -> None:
    """It may hold personal data: only our own errors are known not to."""
    world.declare()
    publish(world, event("bad"))
    with world.consuming(world.handlers(failing(KeyError("mario.rossi@example.test")))):
        eventually(lambda: parked(world))
    ((_, _, error),) = parked(world)
    assert "KeyError in handle" in error
    assert "mario" not in error


def test_an_event_that_waits_for_another_service_is_never_parked(world: World, eventually: Eventually) -> None:
    world.declare()
    calls: list[int] = []
    back = 3 * ATTEMPTS

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        calls.append(len(deliveries))
        if len(calls) < back:
            raise Unavailable("contacts cannot be reached")
        apply(world.consumer, deliveries)

    publish(world, event("patient"))
    with world.consuming(world.handlers(handle)):
        eventually(lambda: world.effects() == ["patient"], 20)
    assert parked(world) == []


def test_an_unknown_type_is_parked_at_once_and_holds_up_nobody(world: World, eventually: Eventually) -> None:
    world.declare("recapito.documents.invoice.issued.v1", "recapito.documents.payment.recorded.v1")
    unknown = event_of(PaymentRecorded(payment="payments/1"), id=new_id(), source="documents", time=NOON)
    publish(world, event(1), unknown, event(2))
    with world.consuming():
        eventually(lambda: world.effects() == ["1", "2"])
    assert parked(world) == [(str(unknown.id), 1, "nothing here handles recapito.documents.payment.recorded.v1")]


def test_a_body_that_cannot_be_read_is_parked_at_once(world: World, eventually: Eventually) -> None:
    world.declare()
    broken = Event(new_id(), "recapito.documents.invoice.issued.v1", "documents", "invoices/1", 1, NOON, b"\xff\xff\xff")
    publish(world, broken, event("good"))
    with world.consuming():
        eventually(lambda: world.effects() == ["good"])
    assert parked(world) == [(str(broken.id), 1, "its body is not a recapito.documents.invoice.issued.v1")]


def test_fields_of_a_newer_version_are_tolerated(world: World, eventually: Eventually) -> None:
    world.declare()
    newer = Event(
        new_id(),
        "recapito.documents.invoice.issued.v1",
        "documents",
        "invoices/1",
        1,
        NOON,
        issued("n").SerializeToString() + b"\xfa\x3e\x01x",
    )
    publish(world, newer)
    with world.consuming():
        eventually(lambda: world.effects() == ["n"])


# --- crashes -------------------------------------------------------------------------------------------------------------------------
def test_a_consumer_that_dies_between_commit_and_acknowledgement_does_nothing_twice(world: World, eventually: Eventually) -> None:
    world.declare()
    publish(world, *[event(number) for number in range(5)])
    assert world.spawn("dies after the commit").wait(30) == -9
    done = len(world.effects())
    assert done
    with world.consuming():
        eventually(lambda: len(world.effects()) == 5)
        publish(world, event("last"))
        eventually(lambda: "last" in world.effects())
    assert Counter(world.effects()) == {"0": 1, "1": 1, "2": 1, "3": 1, "4": 1, "last": 1}


def test_an_event_that_kills_its_process_is_tried_again_by_the_next(world: World, eventually: Eventually) -> None:
    world.declare()
    publish(world, event("deadly"))
    assert world.spawn("dies").wait(30) == -9
    with world.consuming():
        eventually(lambda: world.effects() == ["deadly"])


def test_an_event_that_always_kills_its_process_is_parked(world: World, eventually: Eventually) -> None:
    world.declare()
    deadly = event("deadly")
    publish(world, deadly)
    with world.consumer.begin() as connection:  # as if the processes before had died of it; each costs a second to start
        attempts = {"attempts": ATTEMPTS - 1, "error": "", "update_time": NOON, "handle_time": None}
        connection.execute(sa.insert(database.inbox).values(event_id=deadly.id, **attempts))
    assert world.spawn("dies").wait(30) == -9
    assert world.spawn("dies").wait(30) == -9
    with world.consuming():
        eventually(lambda: parked(world))
    assert parked(world) == [(str(deadly.id), ATTEMPTS, "the consumer stopped each time while handling it")]
    assert world.effects() == []
    with world.consumer.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(strikes)).scalar_one() == 2


def test_what_a_consumer_held_when_it_closed_comes_to_the_next(world: World) -> None:
    world.declare()
    publish(world, event(1), event(2))
    with subscribed(world) as subscription:
        first, _ = subscription.take(64, 5)
        subscription.settle([first])
    with subscribed(world) as subscription:
        (second,) = subscription.take(64, 5)
        assert second.event is not None
        assert second.event.subject == "invoices/2"
        subscription.settle([second])


def test_settling_after_the_event_went_to_another_changes_nothing(world: World) -> None:
    world.declare()
    publish(world, event(1))
    subscription = world.bus().subscription(world.queue, ["recapito.documents.invoice.issued.v1"])
    (late,) = subscription.take(64, 5)
    subscription.close()
    with subscribed(world) as other:
        (received,) = other.take(64, 5)
        subscription.settle([late])
        subscription.delay([late], 0.01)
        assert other.lengths()[0] <= 1
        other.park(received, "kept", 1)
    assert [error for _, _, error in parked(world)] == ["kept"]


# --- what an operator does with parked events ----------------------------------------------------------------------------------------
def test_parked_events_are_listed_shown_redriven_and_dropped_from_the_command_line(world: World, eventually: Eventually) -> None:
    world.declare()
    events = [event(number) for number in range(3)]
    publish(world, *events)
    with world.consuming(world.handlers(failing(InvalidArgument("broken")))):
        eventually(lambda: len(parked(world)) == 3)
    assert world.bus().lengths(world.queue) == (0, 3)
    first, second, third = (str(found.id) for found in events)

    for _ in range(25):  # a broker of today drops a message after 20 readings, if nobody sees to it
        listed = json.loads(park_command(world, "list", "--json"))
        assert [entry["id"] for entry in sorted(listed, key=lambda entry: entry["id"])] == sorted([first, second, third])
    assert {entry["error"] for entry in listed} == {"InvalidArgument: broken"}
    assert {entry["attempts"] for entry in listed} == {ATTEMPTS}
    table = park_command(world, "list")
    assert "recapito.documents.invoice.issued.v1" in table
    assert len(table.splitlines()) == 4
    shown = json.loads(park_command(world, "show", second, "--json"))
    assert shown["data"] == {"invoice": "invoices/1", "number": "1"}
    assert "InvalidArgument: broken" in park_command(world, "show", second)

    assert "1 dropped" in park_command(world, "drop", third)
    assert "1 redriven" in park_command(world, "redrive", second)
    with world.consuming():
        eventually(lambda: world.effects() == ["1"])
    assert "1 redriven" in park_command(world, "redrive", "--all")
    with world.consuming():
        eventually(lambda: sorted(world.effects()) == ["0", "1"])
    assert parked(world) == []


def test_a_redriven_event_has_all_its_attempts_again(world: World, eventually: Eventually) -> None:
    world.declare()
    publish(world, event("bad"))
    with world.consuming(world.handlers(failing(InvalidArgument("broken")))):
        eventually(lambda: parked(world))
    park_command(world, "redrive", "--all")
    assert parked(world) == []
    calls: list[int] = []

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        calls.append(len(deliveries))
        raise InvalidArgument("still broken")

    with world.consuming(world.handlers(handle)):
        eventually(lambda: parked(world))
    assert len(calls) == ATTEMPTS


def test_commands_on_events_that_are_not_parked_say_so(world: World) -> None:
    world.declare()
    missing = str(new_id())
    assert f"not parked: {missing}" in park_command(world, "redrive", missing, exit_code=1)
    assert f"not parked: {missing}" in park_command(world, "drop", missing, exit_code=1)
    assert "is parked" in park_command(world, "show", missing, exit_code=1)
    assert "ids of events, or --all" in park_command(world, "redrive", exit_code=2)
    assert park_command(world, "list").splitlines() == ["ID  TYPE  SUBJECT  PARKED  ATTEMPTS  ERROR"]


def park_command(world: World, *arguments: str, exit_code: int = 0) -> str:
    """Run the command as a service's __main__ offers it."""
    settings = ServiceSettings(
        database_url=SecretStr(world.consumer.url.render_as_string(hide_password=False)), bus_url=SecretStr(world.bus_url)
    )
    group = commands.parked(world.queue, lambda: settings, prefix=world.prefix)
    result = CliRunner().invoke(group, list(arguments))
    assert result.exit_code == exit_code, result.output + repr(result.exception)
    return result.output


# --- traces and time -----------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def spans() -> Iterator[InMemorySpanExporter]:
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()  # else it would keep the spans of all tests to come


def test_one_trace_spans_the_request_the_publishing_and_the_handling(
    world: World, eventually: Eventually, spans: InMemorySpanExporter
) -> None:
    spans.clear()
    inside: list[str] = []

    def handle(message: InvoiceIssued, event_id: UUID) -> None:
        inside.append(telemetry.traceparent())

    world.declare()
    with telemetry.span("request"):
        request = telemetry.traceparent()
        world.emit(issued(1), issued(2))
    with world.relaying(), world.consuming(world.handlers(one_by_one(handle))):
        eventually(lambda: len(inside) == 2)
    of_trace = [span for span in spans.get_finished_spans() if format(span.context.trace_id, "032x") == request.split("-")[1]]
    names = Counter(span.name for span in of_trace)
    kind = "recapito.documents.invoice.issued.v1"
    assert names == {"request": 1, f"publish {kind}": 2, f"handle {kind}": 2}
    published = {span.context.span_id: span for span in of_trace if span.name.startswith("publish")}
    handled = {format(span.context.span_id, "016x"): span for span in of_trace if span.name.startswith("handle")}
    assert {span.parent.span_id for span in handled.values() if span.parent} == set(published)
    assert {traceparent.split("-")[2] for traceparent in inside} == set(handled)  # what a handler does belongs to its own event


def test_an_event_is_handled_within_50_ms_of_its_commit_at_rest(world: World, eventually: Eventually) -> None:
    handled: dict[str, float] = {}

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        handled.update({delivery.message.number: time.perf_counter() for delivery in deliveries})

    def median_seconds(first: int) -> float:
        taken = []
        for number in range(first, first + 20):
            world.emit(issued(number))
            committed = time.perf_counter()
            eventually(lambda number=number: str(number) in handled)
            taken.append(handled[str(number)] - committed)
        return statistics.median(taken)

    world.declare()
    with world.relaying(), world.consuming(world.handlers(handle)):
        world.emit(issued("warm"))
        eventually(lambda: "warm" in handled)
        medians = (median_seconds(first) for first in range(0, 100, 20))  # other tests share the processors: the best of five
        assert any(median < 0.05 for median in medians)
