"""From a queue to the handlers of a service: groups, retries with growing delays, parking; the acknowledgement follows the commit."""

from __future__ import annotations

import itertools
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import SpanKind

from libs import database, telemetry
from libs.errors import Aborted, DeadlineExceeded, ResourceExhausted, ServiceError, Unavailable
from libs.messaging.bus import GROUP, Backoff, Bus, BusUnavailable, Received, Subscription
from libs.messaging.event import Event, type_of

log = telemetry.logger(__name__)
M = TypeVar("M", bound=Message)

TURN_SECONDS = 60.0  # within which a group of events is handled, when all is well
ATTEMPTS = 8  # genuine failures after which an event is parked
# Before the second attempt, the third, …: about an hour and a half until an event is parked.
RETRY_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (1, 4, 15, 60, 240, 900, 3600))
POSTPONE_DELAYS = RETRY_DELAYS[:4]  # something else is away: the event waits up to a minute, as often as needed
TRANSIENT = (Aborted, DeadlineExceeded, ResourceExhausted, Unavailable)


@dataclass(frozen=True)
class Delivery(Generic[M]):
    """One event for a handler. time: when it was committed. traceparent: the trace that its effects belong to; "" when untraced."""

    message: M
    event_id: UUID
    time: datetime
    traceparent: str = ""


# A handler gets a group of events of one type, oldest first, no event twice. It may run twice at any line, also for an event that it has
# handled: it writes the inbox row, the effect and its own outbox rows in one commit, and raises when it could not.
Handler = Callable[[Sequence[Delivery[Any]]], None]
Handlers = Mapping[type[Any], Handler]  # by class of message


def one_by_one(handle: Callable[[M, UUID], None]) -> Callable[[Sequence[Delivery[M]]], None]:
    """Return the handler of a group that handles each of its events alone."""

    def handle_group(deliveries: Sequence[Delivery[M]]) -> None:
        for delivery in deliveries:
            with telemetry.resumed(delivery.traceparent):
                handle(delivery.message, delivery.event_id)

    return handle_group


@dataclass(frozen=True)
class _Item:
    """An event with what its handler gets."""

    received: Received
    event: Event
    message: Message


@dataclass(frozen=True)
class _Unreadable:
    received: Received
    fault: str


class Consumer:
    """Reads one queue in one thread; any number of them, in any number of processes, share the work of a queue.

    Called, it is the body of that thread.
    """

    def __init__(
        self,
        engine: sa.Engine,
        queue: str,
        bus: Bus,
        handlers: Handlers,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        retry_delays: Sequence[timedelta] = RETRY_DELAYS,
        postpone_delays: Sequence[timedelta] = POSTPONE_DELAYS,
    ) -> None:
        self._queue, self._bus, self._clock = queue, bus, clock
        self._handlers = {type_of(message_class): (message_class, handler) for message_class, handler in handlers.items()}
        self._attempts = database.InboxAttempts(engine)
        self._retry_delays, self._postpone_delays = retry_delays, postpone_delays
        self._measure_time = 0.0
        bus.expect(queue, self._handlers)  # on one host all services are there before the first event is

    def declare(self) -> None:
        """Make the queue, so that events are kept for it before it first runs."""
        self._bus.declare(self._queue, self._handlers)

    def __call__(self, stop: threading.Event) -> None:
        """The body of a thread: handle events until `stop` is set; survives the absence of broker and database."""
        backoff = Backoff()
        task, broker = telemetry.Task(self._queue, "handle", TURN_SECONDS), telemetry.BROKER_UP.labels(self._queue, "consumer")
        while not stop.is_set():
            try:
                with closing(self._bus.subscription(self._queue, self._handlers)) as subscription:
                    while not stop.is_set():
                        self.step(subscription)
                        backoff.reset()
                        task.went_well()
                        broker.set(1)
            except BusUnavailable as error:
                broker.set(0)
                log.warning("the broker is away", queue=self._queue, error=str(error))
            except sa.exc.DBAPIError as error:
                log.warning("the database is away", queue=self._queue, error=type(error.orig).__name__)
            except Exception:
                log.exception("consuming failed", queue=self._queue)  # a defect of this module: unsettled events come again
            if not stop.is_set():
                stop.wait(backoff.next())

    def step(self, subscription: Subscription, timeout_seconds: float = 0.5) -> int:
        """Handle what is there, or what comes first within the time; return how many events were taken."""
        taken = subscription.take(GROUP, timeout_seconds)
        if taken:
            self._handle(subscription, taken)
        if time.monotonic() >= self._measure_time:
            self._measure(subscription)
        return len(taken)

    def _measure(self, subscription: Subscription) -> None:
        self._measure_time = time.monotonic() + 5
        waiting, parked = subscription.lengths()
        telemetry.QUEUE_EVENTS.labels(self._queue).set(waiting)
        telemetry.PARKED_EVENTS.labels(self._queue).set(parked)

    # --- a group ---------------------------------------------------------------------------------------------------------------------
    def _handle(self, subscription: Subscription, taken: Sequence[Received]) -> None:
        """Handle runs of neighbours of one type together, in the order in which they came."""
        run: list[_Item] = []
        for received in taken:
            item = self._read(received)
            if run and (isinstance(item, _Unreadable) or received.redelivered or item.event.type != run[0].event.type):
                self._handle_run(subscription, run)
                run = []
            if isinstance(item, _Unreadable):
                self._park(subscription, received, item.fault, attempts=1)
            elif received.redelivered:
                self._handle_suspect(subscription, item)
            else:
                run.append(item)
        if run:
            self._handle_run(subscription, run)

    def _read(self, received: Received) -> _Item | _Unreadable:
        event = received.event
        if event is None:
            return _Unreadable(received, "its attributes are not those of an event")
        if event.type not in self._handlers:
            return _Unreadable(received, f"nothing here handles {event.type}")
        try:
            return _Item(received, event, self._handlers[event.type][0].FromString(event.data))
        except DecodeError:
            return _Unreadable(received, f"its body is not a {event.type}")

    def _handle_run(self, subscription: Subscription, run: Sequence[_Item]) -> None:
        """Handle events of one type together; when that fails, one by one."""
        error = self._attempt(run)
        if error is None:
            self._handled(subscription, run)
        elif is_transient(error):
            self._postpone(subscription, run, error)
        elif len(run) == 1:
            attempts = self._attempts.failed(run[0].event.id, describe(error), self._clock())
            self._failed(subscription, run[0], error, attempts)
        else:
            for item in run:
                self._handle_run(subscription, [item])

    def _handle_suspect(self, subscription: Subscription, item: _Item) -> None:
        """Handle an event whose consumer stopped before it settled it.

        Alone, and counted before the attempt: an event that kills its process is parked in the end, and takes no other with it.
        """
        event_id = item.event.id
        if self._attempts.handled([event_id]):
            subscription.settle([item.received])
            self._count("skipped", [item])
            return
        attempts = self._attempts.failed(event_id, "the consumer stopped while handling it", self._clock())
        if attempts > ATTEMPTS:
            self._park(subscription, item.received, "the consumer stopped each time while handling it", attempts - 1)
            return
        error = self._attempt([item])
        if error is None:
            self._handled(subscription, [item])
        elif is_transient(error):
            self._postpone(subscription, [item], error)
        else:
            self._attempts.explain(event_id, describe(error))
            self._failed(subscription, item, error, attempts)

    def _attempt(self, run: Sequence[_Item]) -> Exception | None:
        try:
            self._call(run)
        except Exception as error:  # noqa: BLE001 - whatever the handler raises is its verdict on the events
            return error
        return None

    def _call(self, run: Sequence[_Item]) -> None:
        """Call the handler, each event under a span of its own trace; what is current is the first's."""
        handle = self._handlers[run[0].event.type][1]
        with ExitStack() as spans:
            deliveries: dict[UUID, Delivery[Any]] = {}
            for item in reversed(run):
                event, traceparent = item.event, ""
                if event.traceparent:
                    attributes = {"messaging.system": "recapito", "messaging.message.id": str(event.id)}
                    spans.enter_context(telemetry.span(f"handle {event.type}", event.traceparent, SpanKind.CONSUMER, attributes))
                    traceparent = telemetry.traceparent()
                deliveries[event.id] = Delivery(item.message, event.id, event.time, traceparent)
            handle(list(reversed(deliveries.values())))

    # --- how handling ends -----------------------------------------------------------------------------------------------------------
    def _handled(self, subscription: Subscription, run: Sequence[_Item]) -> None:
        subscription.settle([item.received for item in run])
        self._count("handled", run)
        now = self._clock()
        lag = telemetry.EVENT_LAG_SECONDS.labels(self._queue)
        for item in run:
            lag.observe(max(0.0, (now - item.event.time).total_seconds()))

    def _failed(self, subscription: Subscription, item: _Item, error: Exception, attempts: int) -> None:
        if attempts >= ATTEMPTS:
            self._park(subscription, item.received, describe(error), attempts)
            return
        delay = self._retry_delays[min(attempts, len(self._retry_delays)) - 1]
        about = {"queue": self._queue, "type": item.event.type, "event_id": str(item.event.id), "attempts": attempts}
        log.warning("handling failed", **about, exc_info=error)
        subscription.delay([item.received], delay.total_seconds())
        self._count("retried", [item])

    def _postpone(self, subscription: Subscription, run: Sequence[_Item], error: Exception) -> None:
        """Something that the handler needs is away: not the events' fault, so it is not counted against them."""
        log.warning("handling postponed", queue=self._queue, type=run[0].event.type, events=len(run), error=describe(error))
        for postponements, items in itertools.groupby(run, key=lambda item: item.received.postponements):
            delay = self._postpone_delays[min(postponements, len(self._postpone_delays) - 1)]
            subscription.delay([item.received for item in items], delay.total_seconds(), postponed=True)
        self._count("postponed", run)

    def _park(self, subscription: Subscription, received: Received, error: str, attempts: int) -> None:
        event = received.event
        log.error("event parked", queue=self._queue, type=event.type if event else "", event_id=str(event.id) if event else "", error=error)
        subscription.park(received, error, attempts)
        # An unknown type is not a label: whoever may publish could make any number of them.
        known = event.type if event is not None and event.type in self._handlers else ""
        telemetry.EVENTS_HANDLED.labels(self._queue, known, "parked").inc()

    def _count(self, outcome: str, items: Sequence[_Item]) -> None:
        telemetry.EVENTS_HANDLED.labels(self._queue, items[0].event.type, outcome).inc(len(items))


def is_transient(error: Exception) -> bool:
    """Whether the same event may well succeed later, when something else is back."""
    return isinstance(error, TRANSIENT) or database.is_transient(error)


def describe(error: Exception) -> str:
    """Return a line for operators. Only our own errors are known to hold no personal data; of others, their kind and place."""
    if isinstance(error, ServiceError):
        return f"{type(error).__name__}: {error}"
    *_, place = traceback.extract_tb(error.__traceback__) or [None]
    return type(error).__name__ + (f" in {place.name}, line {place.lineno}" if place else "")
