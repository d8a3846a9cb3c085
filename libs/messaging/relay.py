"""From a service's outbox to the bus, woken by each commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from opentelemetry.trace import SpanKind

from libs import database, telemetry
from libs.messaging.bus import Backoff, Bus, BusUnavailable, Outcome, Publisher
from libs.messaging.event import Event

log = telemetry.logger(__name__)

BATCH = 1000
TURN_SECONDS = 60.0  # within which it has published what there was, when all is well
IDLE_SECONDS = 1.0  # a look at the outbox without being woken: for what another process left, and for events that nobody wanted before


class Relay:
    """Publishes a service's events in order. Several may run; on PostgreSQL one of them works at a time, so that the order holds."""

    def __init__(
        self,
        engine: sa.Engine,
        source: str,
        bus: Bus,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        batch: int = BATCH,
        returned_wait: timedelta = database.RETURNED_WAIT,
    ) -> None:
        self._engine, self._source, self._bus, self._clock, self._batch = engine, source, bus, clock, batch
        self._rows = database.OutboxRows(engine, source, returned_wait)
        self._measure_time = 0.0

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set; survives the absence of broker and database, which never hold up a writer."""
        publisher, waiter, backoff = self._bus.publisher(), database.Waiter(self._engine, database.OUTBOX_CHANNEL), Backoff()
        waiter.wait(0)  # listens from here on, so that no commit falls between the first look and the first wait
        task, broker = telemetry.Task(self._source, "publish", TURN_SECONDS), telemetry.BROKER_UP.labels(self._source, "relay")
        try:
            while not stop.is_set():
                try:
                    full = True
                    while full and not stop.is_set():  # what comes after a batch that was not full wakes us, or may wait
                        full = self.publish_batch(publisher) == self._batch
                        backoff.reset()
                    publisher.keep_alive()
                    task.went_well()
                    broker.set(1)
                    waiter.wait(IDLE_SECONDS)
                except BusUnavailable as error:
                    broker.set(0)
                    log.warning("events wait in the outbox", service=self._source, error=str(error))
                    stop.wait(backoff.next())
                except sa.exc.DBAPIError as error:
                    log.warning("the database is away", service=self._source, error=type(error.orig).__name__)
                    stop.wait(backoff.next())
                except Exception:
                    log.exception("publishing failed", service=self._source)  # a defect of this module; what is not published stays
                    stop.wait(backoff.next())
                self._measure()
        finally:
            publisher.close()
            waiter.close()

    def publish_batch(self, publisher: Publisher) -> int:
        """Publish the oldest events that are due; return how many there were."""
        with self._rows.claim(self._batch, self._clock()) as (events, done):
            if not events:
                return 0
            outcome = self._publish(publisher, events)
            done(outcome.published, outcome.returned)
        telemetry.EVENTS_PUBLISHED.labels(self._source).inc(len(outcome.published))
        if outcome.returned:
            log.warning("no queue wants these events", service=self._source, events=len(outcome.returned))
        if outcome.fault:
            raise BusUnavailable(outcome.fault)
        return len(events)

    @staticmethod
    def _publish(publisher: Publisher, events: Sequence[Event]) -> Outcome:
        """Publish, each traced event under a span of its own trace."""
        if not any(event.traceparent for event in events):
            return publisher.publish(events)
        with ExitStack() as spans:
            traced = []
            for event in events:
                if event.traceparent:
                    attributes = {"messaging.system": "recapito", "messaging.message.id": str(event.id)}
                    spans.enter_context(telemetry.span(f"publish {event.type}", event.traceparent, SpanKind.PRODUCER, attributes))
                    traced.append(replace(event, traceparent=telemetry.traceparent()))
                else:
                    traced.append(event)
            return publisher.publish(traced)

    def _measure(self) -> None:
        if time.monotonic() < self._measure_time:
            return
        self._measure_time = time.monotonic() + 5
        try:
            count, age_seconds = self._rows.age(self._clock())
        except sa.exc.DBAPIError:
            return  # it is away: the next measure tells
        telemetry.OUTBOX_EVENTS.labels(self._source).set(count)
        telemetry.OUTBOX_AGE_SECONDS.labels(self._source).set(age_seconds)
