"""An event as a message of AMQP 0-9-1, and a connection that publishes with a window of confirms.

An event is a CloudEvent in binary mode. CloudEvents has no binding for AMQP 0-9-1; RabbitMQ shows the headers of 0-9-1 as the
application properties of AMQP 1.0, so these are the binding for 1.0: attributes as headers with the prefix "cloudEvents_" (the one it
prefers), datacontenttype as content-type. traceparent is a header of its own, as the W3C's draft for AMQP has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import pika
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.exceptions import AMQPError
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from libs.messaging.bus import PUBLISH_SECONDS, BusUnavailable
from libs.messaging.event import Event

CONTENT_TYPE = "application/protobuf"
CONNECT_SECONDS = 10.0
PERSISTENT: Literal[2] = 2


# --- an event as a message -----------------------------------------------------------------------------------------------------------
def properties_of(event: Event) -> BasicProperties:
    headers: dict[str, Any] = {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": str(event.id),
        "cloudEvents_type": event.type,
        "cloudEvents_source": event.source,
        "cloudEvents_subject": event.subject,
        "cloudEvents_time": event.time.isoformat(),
        "cloudEvents_version": str(event.version),  # an extension attribute: the subject's version
    }
    if event.traceparent:
        headers["traceparent"] = event.traceparent
    return BasicProperties(content_type=CONTENT_TYPE, delivery_mode=PERSISTENT, message_id=headers["cloudEvents_id"], headers=headers)


def event_of(properties: BasicProperties, body: bytes) -> Event | None:
    """Return the event, or None when the message is none."""
    headers: Mapping[str, Any] = properties.headers or {}
    try:
        return Event(
            id=UUID(headers["cloudEvents_id"]),
            type=headers["cloudEvents_type"],
            source=headers["cloudEvents_source"],
            subject=headers["cloudEvents_subject"],
            version=int(headers["cloudEvents_version"]),
            time=_instant(headers["cloudEvents_time"]),
            data=body,
            traceparent=headers.get("traceparent", ""),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return instant


def number_in(properties: BasicProperties, header: str) -> int:
    value = (properties.headers or {}).get(header, 0)
    return value if isinstance(value, int) else 0


# --- a connection --------------------------------------------------------------------------------------------------------------------
class Connection:
    """A connection with one channel, driven by the thread that uses it: pika's loop turns only inside our calls.

    Of pika's two faces the blocking one waits for each confirm by itself, 1.6 thousand a second; this one allows a window of them.
    """

    def __init__(self, parameters: pika.URLParameters) -> None:
        self.blocked = False  # the broker takes no events: its disk or its memory is full
        self._fault = ""
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._opened: list[Channel] = []
        self._pika = pika.SelectConnection(
            parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened.append),
            on_open_error_callback=lambda _connection, error: self._fail(error),
            on_close_callback=lambda _connection, error: self._fail(error),
            custom_ioloop=self._loop,
        )
        self._pika.add_on_connection_blocked_callback(lambda _connection, _frame: self._set_blocked(True))
        self._pika.add_on_connection_unblocked_callback(lambda _connection, _frame: self._set_blocked(False))
        try:
            self.channel = self._open_channel()
        except BusUnavailable:
            self.close()
            raise
        self.channel.add_on_close_callback(lambda _channel, error: self._fail(error))
        self.channel.add_on_cancel_callback(lambda _frame: self._fail("the queue is gone"))

    def _open_channel(self) -> Channel:
        if not self.turn_until(lambda: bool(self._opened), CONNECT_SECONDS):
            raise BusUnavailable("the broker does not answer")
        return self._opened[0]

    def _fail(self, error: BaseException | str) -> None:
        if not self._fault:
            self._fault = error if isinstance(error, str) else f"{type(error).__name__}: {str(error) or error.args}"

    def _set_blocked(self, blocked: bool) -> None:
        self.blocked = blocked

    @property
    def is_open(self) -> bool:
        return not self._fault

    def turn_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Send and receive until `done`, or until the time is over: then return False."""
        deadline = time.monotonic() + seconds
        timer = self._loop.call_later(max(0.0, seconds), lambda: None)  # ends the poll
        try:
            while not done():
                if self._fault:
                    raise BusUnavailable(self._fault)
                if time.monotonic() > deadline:
                    return False
                self._poll()
        finally:
            self._loop.remove_timeout(timer)
        return True

    def turn(self) -> None:
        """Send and receive what is ready, without waiting."""
        self._loop.call_later(0, lambda: None)
        self._poll()
        if self._fault:
            raise BusUnavailable(self._fault)

    def _poll(self) -> None:
        self._loop.poll()
        self._loop.process_timeouts()

    def ask(self, method: Callable[..., object], *args: Any, **kwargs: Any) -> Any:
        """Call a method of the channel that answers by callback, and return its answer."""
        answers: list[Any] = []
        with broker_errors():
            method(*args, callback=answers.append, **kwargs)
        if not self.turn_until(lambda: bool(answers), PUBLISH_SECONDS):
            self._fail("the broker does not answer")
            raise BusUnavailable(self._fault)
        return answers[0]

    def close(self) -> None:
        """Close in order when that is still possible; what was not acknowledged goes back to its queue."""
        self._fail("closed")
        if self._pika.is_open:  # also when only the channel failed: its consumer would go on taking events
            self._pika.close()
            deadline = time.monotonic() + 1
            while not self._pika.is_closed and time.monotonic() < deadline:
                self._loop.call_later(0.1, lambda: None)
                self._poll()
        self._loop.close()


@contextmanager
def broker_errors() -> Iterator[None]:
    """Raise what pika raises when its connection is gone as what our callers know."""
    try:
        yield
    except AMQPError as error:
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error


class Confirms:
    """The messages of one channel that the broker has neither confirmed nor refused."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tag = 0
        self._pending: dict[int, str] = {}  # message ids by delivery tag, ascending
        self.confirmed: set[str] = set()
        self.returned: set[str] = set()
        self.refused: set[str] = set()
        connection.channel.add_on_return_callback(self._on_return)
        connection.ask(connection.channel.confirm_delivery, self._on_answer)

    def _on_return(self, _channel: Channel, _method: Basic.Return, properties: BasicProperties, _body: bytes) -> None:
        self.returned.add(str(properties.message_id))

    def _on_answer(self, frame: Method[Any]) -> None:
        method = frame.method
        answered = self.confirmed if isinstance(method, Basic.Ack) else self.refused
        if not method.multiple:
            message_id = self._pending.pop(method.delivery_tag, None)
            if message_id is not None:
                answered.add(message_id)
            return
        for tag in list(self._pending):
            if tag > method.delivery_tag:
                break
            answered.add(self._pending.pop(tag))

    def begin(self) -> None:
        """Start a batch: forget the answers to the one before."""
        for answers in (self.confirmed, self.returned, self.refused):
            answers.clear()

    def publish(self, exchange: str, routing_key: str, body: bytes, properties: BasicProperties) -> None:
        self._tag += 1
        self._pending[self._tag] = str(properties.message_id)
        self._connection.channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)

    def wait(self) -> str:
        """Wait for the answer to each message; return what is wrong when some are missing, else ""."""
        connection = self._connection
        try:
            in_time = connection.turn_until(lambda: not self._pending or connection.blocked, PUBLISH_SECONDS)
        except BusUnavailable as error:
            return str(error)
        if connection.blocked:
            return "the broker takes no events: its disk or memory is full"
        if not in_time:
            return f"the broker has not confirmed within {PUBLISH_SECONDS:g} s"
        return "the broker refused events: a queue is full" if self.refused else ""
