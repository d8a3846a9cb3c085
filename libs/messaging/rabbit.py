"""The bus on RabbitMQ: one topic exchange for all events, one quorum queue per service with its retry queues and its parking place."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import pika
from pika.channel import Channel
from pika.spec import Basic, BasicProperties

from libs.ids import new_id
from libs.messaging.amqp import PERSISTENT, Confirms, Connection, broker_errors, event_of, number_in, properties_of
from libs.messaging.bus import GROUP, PUBLISH_SECONDS, BusUnavailable, Outcome, Parked, Received
from libs.messaging.event import Event

EXCHANGE = "recapito.events"
HEARTBEAT_SECONDS = 60  # the broker gives up a consumer that handles one group for longer than twice this; its events come again
FLUSH = 50
LOOK_AGAIN_SECONDS = (0.0, 0.2, 1.0)  # before each look for parked events that somebody else may hold at this moment
GIVE_BACK_SECONDS = 1.0  # another process may take what we let go of, so the count need never come back
ROTATE_AFTER = 10  # readings of a parked event; brokers from 4.0 on drop a message after 20 by default


# --- the bus -------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Names:
    """What a queue consists of. Everything but the shared exchange begins with its name, so that a broker user can be held to it."""

    prefix: str
    queue: str

    @property
    def events(self) -> str:
        return self.prefix + EXCHANGE

    @property
    def main(self) -> str:
        return self.prefix + self.queue

    @property
    def internal(self) -> str:
        return f"{self.main}.internal"  # direct exchange between the queues of one service

    @property
    def dead(self) -> str:
        return f"{self.main}.dead"

    def retry(self, seconds: float) -> str:
        return f"{self.main}.retry.{round(seconds * 1000)}"


def declare(connection: Connection, names: Names, types: Collection[str]) -> None:
    """Make the queue with all that belongs to it; does nothing where it is there already."""
    ask, channel = connection.ask, connection.channel
    ask(channel.exchange_declare, names.events, "topic", durable=True)
    ask(channel.exchange_declare, names.internal, "direct", durable=True)
    ask(channel.queue_declare, names.dead, durable=True, arguments={"x-queue-type": "quorum"})
    # Only the broker's own limit of deliveries, set by policy, sends something from here to the parking place by itself.
    safely = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
    to_dead = {"x-dead-letter-exchange": names.internal, "x-dead-letter-routing-key": names.dead}
    ask(channel.queue_declare, names.main, durable=True, arguments={"x-queue-type": "quorum"} | safely | to_dead)
    for queue in (names.main, names.dead):
        ask(channel.queue_bind, queue, names.internal, routing_key=queue)
    for type_ in types:
        ask(channel.queue_bind, names.main, names.events, routing_key=type_)


def declare_retry(connection: Connection, names: Names, seconds: float) -> str:
    """Make the queue in which events wait that long before they come back, and return its name."""
    retry = names.retry(seconds)
    arguments = {
        "x-queue-type": "quorum",
        "x-message-ttl": round(seconds * 1000),
        "x-dead-letter-exchange": names.internal,
        "x-dead-letter-routing-key": names.main,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    connection.ask(connection.channel.queue_declare, retry, durable=True, arguments=arguments)
    connection.ask(connection.channel.queue_bind, retry, names.internal, routing_key=retry)
    return retry


class RabbitBus:
    def __init__(self, url: str, prefix: str = "") -> None:
        if not urlsplit(url).path.strip("/"):
            url = url.rstrip("/") + "/%2F"
        self.parameters, self.prefix = pika.URLParameters(url), prefix
        self.parameters.heartbeat = HEARTBEAT_SECONDS

    def connect(self) -> Connection:
        return Connection(self.parameters)

    def publisher(self) -> RabbitPublisher:
        return RabbitPublisher(self)

    def subscription(self, queue: str, types: Collection[str]) -> RabbitSubscription:
        return RabbitSubscription(self, queue, types)

    @contextmanager
    def _connected(self, queue: str) -> Iterator[tuple[Connection, Names]]:
        connection, names = self.connect(), Names(self.prefix, queue)
        try:
            declare(connection, names, ())
            yield connection, names
        finally:
            connection.close()

    def declare(self, queue: str, types: Collection[str]) -> None:
        with self._connected(queue) as (connection, names):
            declare(connection, names, types)

    def expect(self, queue: str, types: Collection[str]) -> None:
        """The broker may be away while a process starts."""

    def parked(self, queue: str) -> Sequence[Parked]:
        with self._connected(queue) as (connection, names):
            confirms = Confirms(connection)
            found = []
            for message in _each(connection, names.dead):
                found.append(_parked(message))
                if number_in(message.properties, "x-delivery-count") >= ROTATE_AFTER:
                    _move(connection, confirms, names.internal, names.dead, message)  # a new copy begins to count anew
            _give_back(connection, names.dead, len(found))
        return found

    def lengths(self, queue: str) -> tuple[int, int]:
        with self._connected(queue) as (connection, names):
            return _count(connection, names.main), _count(connection, names.dead)

    def redrive(self, queue: str, ids: Collection[str]) -> Sequence[str]:
        def again(confirms: Confirms, names: Names, message: Message) -> None:
            headers = message.properties.headers or {}
            message.properties.headers = {name: value for name, value in headers.items() if not name.startswith("recapito-")}
            _move(message.connection, confirms, names.internal, names.main, message)

        return self._settle(queue, ids, again)

    def drop(self, queue: str, ids: Collection[str]) -> Sequence[str]:
        return self._settle(queue, ids, lambda _confirms, _names, message: message.connection.channel.basic_ack(message.tag))

    def _settle(self, queue: str, ids: Collection[str], settle: Callable[[Confirms, Names, Message], None]) -> Sequence[str]:
        """Settle the parked messages of these ids and return which there were.

        What somebody looked at a moment ago may still be on its way back into the queue, so what is missing is looked for again.
        """
        settled: list[str] = []
        for wait_seconds in LOOK_AGAIN_SECONDS:
            time.sleep(wait_seconds)
            with self._connected(queue) as (connection, names):
                confirms = Confirms(connection)
                for message in _each(connection, names.dead):
                    if (parked := _parked(message)).id in ids and parked.id not in settled:
                        settle(confirms, names, message)
                        settled.append(parked.id)
            if set(ids) <= set(settled):
                break
        return settled


# --- publishing ----------------------------------------------------------------------------------------------------------------------
class RabbitPublisher:
    def __init__(self, bus: RabbitBus) -> None:
        self._bus = bus
        self._connection: Connection | None = None

    def _connected(self) -> tuple[Connection, Confirms]:
        if self._connection is None or not self._connection.is_open:
            self.close()
            connection = self._bus.connect()
            try:
                self._exchange = Names(self._bus.prefix, "").events
                connection.ask(connection.channel.exchange_declare, self._exchange, "topic", durable=True)
                self._confirms = Confirms(connection)
            except BusUnavailable:
                connection.close()
                raise
            self._connection = connection
        return self._connection, self._confirms

    def publish(self, events: Sequence[Event]) -> Outcome:
        connection, confirms = self._connected()
        connection.turn()  # learns of what happened since: a lost connection, an alarm
        if connection.blocked:
            raise BusUnavailable("the broker takes no events: its disk or memory is full")
        confirms.begin()
        with broker_errors():
            for number, event in enumerate(events, 1):
                confirms.publish(self._exchange, event.type, event.data, properties_of(event))
                if number % FLUSH == 0:
                    connection.turn()  # the broker works on these while we write the next
        fault = confirms.wait()
        if fault and not connection.blocked:
            self.close()  # answers that come late belong to no batch; in an alarm it stays open, or each new try would queue up
        returned = {event.id for event in events if str(event.id) in confirms.returned}
        published = {event.id for event in events if str(event.id) in confirms.confirmed} - returned
        return Outcome(published, returned, fault)

    def keep_alive(self) -> None:
        if self._connection is not None:
            try:
                self._connection.turn()
            except BusUnavailable:
                self.close()  # the next event opens another

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


# --- consuming -----------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Message:
    """A message that is ours until we acknowledge it. connection: a tag means nothing on another one."""

    connection: Connection
    tag: int
    properties: BasicProperties
    body: bytes


class RabbitSubscription:
    def __init__(self, bus: RabbitBus, queue: str, types: Collection[str]) -> None:
        self._bus, self._names, self._types = bus, Names(bus.prefix, queue), types
        self._connection: Connection | None = None
        self._arrived: deque[Received] = deque()
        self._retries: dict[float, str] = {}

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._bus.connect()
            try:
                declare(connection, self._names, self._types)
                self._confirms = Confirms(connection)
                connection.ask(connection.channel.basic_qos, prefetch_count=GROUP)
                connection.ask(connection.channel.basic_consume, self._names.main, partial(self._on_message, connection))
            except BusUnavailable:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _on_message(
        self, connection: Connection, _channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        postponements = number_in(properties, "recapito-postponements")
        message = Message(connection, cast("int", method.delivery_tag), properties, body)
        self._arrived.append(Received(event_of(properties, body), bool(method.redelivered), postponements, message))

    def take(self, limit: int, timeout_seconds: float) -> Sequence[Received]:
        connection = self._connected()
        connection.turn()
        connection.turn_until(lambda: bool(self._arrived), timeout_seconds)
        return [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]

    def settle(self, received: Sequence[Received]) -> None:
        last = _message(received[-1])
        if last.connection.is_open:
            with broker_errors():
                last.connection.channel.basic_ack(last.tag, multiple=True)  # all before it are settled: in order is the rule

    def delay(self, received: Sequence[Received], seconds: float, *, postponed: bool = False) -> None:
        messages = [message for item in received if (message := _message(item)).connection.is_open]
        if not messages:
            return
        connection = messages[0].connection
        if seconds not in self._retries:
            self._retries[seconds] = declare_retry(connection, self._names, seconds)
        for item, message in zip(received, messages, strict=True):
            if postponed:
                message.properties.headers = {**(message.properties.headers or {}), "recapito-postponements": item.postponements + 1}
        self._move(messages, self._retries[seconds])

    def park(self, received: Received, error: str, attempts: int) -> None:
        message = _message(received)
        if not message.connection.is_open:
            return
        message.properties.headers = {
            **(message.properties.headers or {}),
            "recapito-id": str(received.event.id if received.event else new_id()),
            "recapito-error": error[:1000],
            "recapito-attempts": attempts,
            "recapito-park-time": datetime.now(UTC).isoformat(),
        }
        self._move([message], self._names.dead)

    def _move(self, messages: Sequence[Message], queue: str) -> None:
        """Copy, wait until the copies are safe, then acknowledge: a crash between the two duplicates and never loses."""
        connection = messages[0].connection
        self._confirms.begin()
        with broker_errors():
            for message in messages:
                _copy(self._confirms, self._names.internal, queue, message)
            fault = self._confirms.wait() or ("the retry queue is gone" if self._confirms.returned else "")
            if fault:
                raise BusUnavailable(fault)
            connection.channel.basic_ack(messages[-1].tag, multiple=True)

    def lengths(self) -> tuple[int, int]:
        connection = self._connected()
        return _count(connection, self._names.main), _count(connection, self._names.dead)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _message(received: Received) -> Message:
    return cast("Message", received.receipt)


def _copy(confirms: Confirms, exchange: str, queue: str, message: Message) -> None:
    message.properties.message_id = message.properties.message_id or str(new_id())
    message.properties.delivery_mode = PERSISTENT
    headers = message.properties.headers or {}
    message.properties.headers = {name: value for name, value in headers.items() if not name.startswith("x-")}  # the broker's own notes
    confirms.publish(exchange, queue, message.body, message.properties)


# --- what is parked ------------------------------------------------------------------------------------------------------------------
def _each(connection: Connection, queue: str) -> Iterator[Message]:
    """Give the messages that are in a queue now; those not acknowledged go back to their places when the connection is closed."""
    for _ in range(_count(connection, queue)):
        message = _get(connection, queue)
        if message is None:
            return
        yield message


def _give_back(connection: Connection, queue: str, count: int) -> None:
    """Let go of what was read, and wait until the queue shows it again: who looks next, even at once, finds all."""
    with broker_errors():
        connection.channel.basic_nack(0, multiple=True, requeue=True)
    deadline = time.monotonic() + GIVE_BACK_SECONDS
    while _count(connection, queue) < count and time.monotonic() < deadline:
        time.sleep(0.02)


def _count(connection: Connection, queue: str) -> int:
    return int(connection.ask(connection.channel.queue_declare, queue, passive=True).method.message_count)


def _get(connection: Connection, queue: str) -> Message | None:
    answers: list[Message | None] = []

    def on_message(_channel: Channel, method: Basic.GetOk, properties: BasicProperties, body: bytes) -> None:
        answers.append(Message(connection, cast("int", method.delivery_tag), properties, body))

    connection.channel.add_callback(lambda _frame: answers.append(None), [Basic.GetEmpty])
    connection.channel.basic_get(queue, on_message)
    if not connection.turn_until(lambda: bool(answers), PUBLISH_SECONDS):
        raise BusUnavailable("the broker does not answer")
    return answers[0]


def _move(connection: Connection, confirms: Confirms, exchange: str, queue: str, message: Message) -> None:
    confirms.begin()
    _copy(confirms, exchange, queue, message)
    if fault := confirms.wait():
        raise BusUnavailable(fault)
    connection.channel.basic_ack(message.tag)


def _parked(message: Message) -> Parked:
    headers: Mapping[str, Any] = message.properties.headers or {}
    event = event_of(message.properties, message.body)
    deaths = headers.get("x-death") or [{}]
    return Parked(
        id=str(headers.get("recapito-id") or (event.id if event else message.properties.message_id or "")),
        type=event.type if event else str(headers.get("cloudEvents_type", "")),
        source=event.source if event else "",
        subject=event.subject if event else "",
        time=event.time if event else None,
        traceparent=event.traceparent if event else "",
        park_time=datetime.fromisoformat(headers["recapito-park-time"]) if "recapito-park-time" in headers else None,
        attempts=int(headers.get("recapito-attempts", 0)),
        error=str(headers.get("recapito-error") or f"the broker gave it up: {deaths[0].get('reason', 'unknown')}"),
        data=message.body,
    )
