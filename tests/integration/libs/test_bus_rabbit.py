"""What only a real broker can do to us: end, stall, fill up, refuse, hand over what is none of ours."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from recapito.identity.events.v1.events_pb2 import SessionOpened

from libs import database
from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.messaging import amqp, bus
from libs.messaging.bus import BusUnavailable
from libs.messaging.consumer import Delivery
from libs.messaging.event import Event, event_of
from tests.integration.libs.bus_world import World, issued
from tests.servers import PrivateRabbit

Eventually = Callable[..., object]
TYPE = "recapito.documents.invoice.issued.v1"


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateRabbit]:
    """A broker that tests may ill-treat."""
    with PrivateRabbit() as server:
        yield server


@pytest.fixture
def world(new_database: Callable[[], str], amqp_url: str, queue_prefix: str) -> Iterator[World]:
    yield from _world(new_database, amqp_url, queue_prefix)


@pytest.fixture
def fragile(new_database: Callable[[], str], broker: PrivateRabbit, queue_prefix: str) -> Iterator[World]:
    """The same, on the broker that may be ill-treated."""
    yield from _world(new_database, broker.url, queue_prefix)


def _world(new_database: Callable[[], str], url: str, queue_prefix: str) -> Iterator[World]:
    producer, consumer = (database.connect(new_database()) for _ in range(2))
    world = World(producer, consumer, url, prefix=f"{queue_prefix}.")
    world.declare()
    yield world
    producer.dispose()
    consumer.dispose()


def event(number: int | str = 1) -> Event:
    return event_of(issued(number), id=new_id(), source="documents", time=datetime.now(UTC))


def test_the_end_of_the_broker_loses_nothing_and_holds_up_no_writer(fragile: World, broker: PrivateRabbit, eventually: Eventually) -> None:
    """First in order, then by kill -9: that one a quorum queue survives from a few seconds after it was made (RabbitMQ 3.10)."""
    ends: list[Callable[[], None]] = [broker.stop, lambda: os.killpg(broker._processes[-1].pid, signal.SIGKILL)]
    with fragile.relaying(), fragile.consuming():
        for round_, end in enumerate(ends):
            first = round_ * 300
            fragile.emit(*[issued(number) for number in range(first, first + 200)])
            end()
            started = time.monotonic()
            fragile.emit(*[issued(number) for number in range(first + 200, first + 300)])
            assert time.monotonic() - started < 10
            broker.stop()
            broker.start()
            eventually(lambda count=first + 300: len(fragile.effects()) == count, 40)
            eventually(lambda: fragile.waiting() == 0)
    assert Counter(fragile.effects()) == {str(number): 1 for number in range(600)}


def test_a_full_broker_holds_up_the_relay_and_no_writer(fragile: World, broker: PrivateRabbit, eventually: Eventually) -> None:
    with fragile.relaying(), fragile.consuming():
        fragile.emit(issued("before"))
        eventually(lambda: fragile.effects() == ["before"])
        control(broker, "set_vm_memory_high_watermark", "absolute", "1")
        try:
            started = time.monotonic()
            for number in range(20):
                fragile.emit(issued(number))
            assert time.monotonic() - started < 10
            with closing(fragile.bus().publisher()) as publisher:
                outcome = publisher.publish([event("unheard")])
                assert not outcome.published
                assert "takes no events" in outcome.fault
                with pytest.raises(BusUnavailable, match="takes no events"):
                    publisher.publish([event("not even sent")])
        finally:
            control(broker, "set_vm_memory_high_watermark", "absolute", "1GB")
        eventually(lambda: set(fragile.effects()) >= {str(number) for number in range(20)}, 20)
    assert max(Counter(fragile.effects()).values()) == 1


def control(broker: PrivateRabbit, *command: str) -> None:
    subprocess.run(
        ["/usr/lib/rabbitmq/bin/rabbitmqctl", "-q", "-n", broker.node, *command], env=broker._env, check=True, capture_output=True
    )


def test_a_broker_that_stalls_does_not_confirm_and_is_not_waited_for(
    fragile: World, broker: PrivateRabbit, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amqp, "PUBLISH_SECONDS", 0.3)
    with closing(fragile.bus().publisher()) as publisher:
        assert publisher.publish([event("warm")]).published
        os.killpg(broker._processes[-1].pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            outcome = publisher.publish([event("lost?")])
            assert time.monotonic() - started < 10
        finally:
            os.killpg(broker._processes[-1].pid, signal.SIGCONT)
        assert not outcome.published
        assert "has not confirmed" in outcome.fault
        monkeypatch.setattr(amqp, "PUBLISH_SECONDS", 5.0)
        eventually(lambda: publisher.publish([event("again")]).published)


def test_an_event_that_a_queue_refuses_is_not_published(world: World) -> None:
    with closing(pika.BlockingConnection(pika.URLParameters(world.bus_url))) as connection:
        channel = connection.channel()
        full = f"{world.prefix}full"
        limits = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare(full, durable=True, arguments=limits)
        channel.queue_bind(full, f"{world.prefix}recapito.events", TYPE)
        with closing(world.bus().publisher()) as publisher:
            outcomes: list[bus.Outcome] = []
            while not (outcomes and outcomes[-1].fault) and len(outcomes) < 20:  # the broker applies the limit a little late
                outcomes.append(publisher.publish([event(len(outcomes))]))
        assert "refused" in outcomes[-1].fault
        assert not outcomes[-1].published
        assert outcomes[0].published
        channel.queue_delete(full)


def test_an_event_travels_as_a_cloudevent_in_binary_mode(world: World) -> None:
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    sent = event_of(issued(7, version=3), id=new_id(), source="documents", time=datetime(2026, 11, 22, 12, tzinfo=UTC), traceparent=trace)
    with closing(world.bus().publisher()) as publisher:
        publisher.publish([sent])
    with closing(pika.BlockingConnection(pika.URLParameters(world.bus_url))) as connection:
        method, properties, body = connection.channel().basic_get(f"{world.prefix}notifications", auto_ack=True)
    assert method is not None
    assert properties is not None
    assert (method.exchange, method.routing_key) == (f"{world.prefix}recapito.events", TYPE)
    assert (properties.content_type, properties.delivery_mode) == ("application/protobuf", 2)
    assert {name: value for name, value in (properties.headers or {}).items() if not name.startswith("x-")} == {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": str(sent.id),
        "cloudEvents_type": TYPE,
        "cloudEvents_source": "documents",
        "cloudEvents_subject": "invoices/7",
        "cloudEvents_time": "2026-11-22T12:00:00+00:00",
        "cloudEvents_version": "3",
        "traceparent": trace,
    }
    assert body == sent.data


@pytest.mark.parametrize(
    "headers",
    [None, {}, {"cloudEvents_id": "not an id"}, {"cloudEvents_id": 7}, {"recapito-postponements": "many"}],
)
def test_a_message_that_is_no_event_is_parked(world: World, eventually: Eventually, headers: dict[str, object] | None) -> None:
    with closing(pika.BlockingConnection(pika.URLParameters(world.bus_url))) as connection:
        foreign = pika.BasicProperties(headers=headers)  # type: ignore[arg-type] # hostile on purpose
        connection.channel().basic_publish(f"{world.prefix}recapito.events", TYPE, b"hello", foreign)
    with world.consuming():
        eventually(lambda: world.bus().parked(world.queue))
        with closing(world.bus().publisher()) as publisher:
            publisher.publish([event("good")])
        eventually(lambda: world.effects() == ["good"])
    (parked,) = world.bus().parked(world.queue)
    assert (parked.error, parked.data) == ("its attributes are not those of an event", b"hello")
    assert world.bus().drop(world.queue, [parked.id]) == [parked.id]


def test_acknowledging_after_the_connection_was_lost_is_silent_and_the_event_comes_again(world: World) -> None:
    with closing(world.bus().publisher()) as publisher:
        publisher.publish([event(1), event(2)])
    with closing(world.bus().subscription(world.queue, [TYPE])) as subscription:
        late = subscription.take(64, 5)
        subscription.close()
        again = subscription.take(64, 5)
        subscription.settle(late)  # the tags are the same on the new connection: they must not count there
        assert [item.event for item in again] == [item.event for item in late]
        assert all(item.redelivered for item in again)
        subscription.close()
        assert len(subscription.take(64, 5)) == 2


def test_a_publisher_finds_its_broker_again(fragile: World, broker: PrivateRabbit, eventually: Eventually) -> None:
    with closing(fragile.bus().publisher()) as publisher:
        assert publisher.publish([event(1)]).published
        broker.stop()
        with pytest.raises(BusUnavailable):
            publisher.publish([event(2)])
        broker.start()
        eventually(lambda: publisher.publish([event(3)]).published)


def test_an_idle_publisher_does_not_mind_the_end_of_its_connection(fragile: World, broker: PrivateRabbit) -> None:
    with closing(fragile.bus().publisher()) as publisher:
        assert publisher.publish([event(1)]).published
        control(broker, "close_all_connections", "test")
        for _ in range(3):
            publisher.keep_alive()
        assert publisher.publish([event(2)]).published


def test_a_consumer_whose_queue_was_deleted_makes_it_again(world: World, eventually: Eventually) -> None:
    with world.consuming(), closing(pika.BlockingConnection(pika.URLParameters(world.bus_url))) as connection:
        with closing(world.bus().publisher()) as publisher:
            publisher.publish([event("before")])
            eventually(lambda: world.effects() == ["before"])
            connection.channel().queue_delete(f"{world.prefix}notifications")
            eventually(lambda: publisher.publish([event("after")]).published)
        eventually(lambda: "after" in world.effects())


def test_a_service_needs_no_more_of_the_broker_than_its_own_names(
    fragile: World, broker: PrivateRabbit, queue_prefix: str, eventually: Eventually
) -> None:
    """Publish its own events, read its own queue, with retries and parking: what the README of libs/messaging asks an operator for."""
    own = rf"^{queue_prefix}\.(recapito\.events|notifications(\..+)?)$"
    control(broker, "add_user", queue_prefix, "secret")
    control(broker, "set_permissions", queue_prefix, own, own, own)
    control(broker, "set_topic_permissions", queue_prefix, f"{queue_prefix}.recapito.events", r"^recapito\.documents\.", ".*")
    fragile.bus_url = broker.url.replace("guest:guest", f"{queue_prefix}:secret")
    calls: list[int] = []

    def handle(deliveries: Sequence[Delivery[Any]]) -> None:
        calls.append(len(deliveries))
        raise InvalidArgument("no")

    with closing(fragile.bus().publisher()) as publisher:
        assert publisher.publish([event("own")]).published
        foreign = dataclasses.replace(event(), type="recapito.identity.session.opened.v1")
        assert "ACCESS_REFUSED" in publisher.publish([foreign]).fault
    with fragile.consuming(fragile.handlers(handle)):
        eventually(lambda: fragile.bus().parked(fragile.queue))
    assert len(calls) == 8
    with closing(fragile.bus().subscription("contacts", [TYPE])) as other, pytest.raises(BusUnavailable, match="ACCESS_REFUSED"):
        other.take(1, 1)


def test_events_are_kept_for_a_service_that_was_migrated_and_has_never_run(broker: PrivateRabbit, sqlite_url: str) -> None:
    environment = {
        "RECAPITO_DATABASE_URL": sqlite_url,
        "RECAPITO_BUS_URL": broker.url,
        "RECAPITO_INTERNAL_SECRET": "an internal secret for tests only",
    }
    opened = SessionOpened(account=f"accounts/{new_id()}", version=1)
    with closing(bus.connect(broker.url).publisher()) as publisher:
        made = [event_of(opened, id=new_id(), source="identity", time=datetime.now(UTC)) for _ in range(2)]
        assert publisher.publish(made[:1]).returned == {made[0].id}, "nobody listens yet"
        assert migrate("contacts", environment).returncode == 0
        assert publisher.publish(made[1:]).published == {made[1].id}
    away = migrate("contacts", environment | {"RECAPITO_BUS_URL": "amqp://guest:guest@127.0.0.1:1"})
    assert away.returncode == 1
    assert "the queue could not be made" in away.stderr


def migrate(service: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"services.{service}", "migrate"]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_a_broker_that_never_answers_is_unavailable_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amqp, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}"
        with closing(bus.connect(url).publisher()) as publisher, pytest.raises(BusUnavailable):
            publisher.publish([event()])


def test_wrong_credentials_are_said_without_showing_them(amqp_url: str) -> None:
    url = amqp_url.replace("guest:guest", "guest:s3cret")
    with closing(bus.connect(url).publisher()) as publisher, pytest.raises(BusUnavailable) as error:
        publisher.publish([event()])
    assert "s3cret" not in str(error.value)
