"""What carries events between services: the protocols that RabbitMQ and a SQLite file both keep, and how to choose one."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from libs.errors import Unavailable
from libs.messaging.event import Event

GROUP = 64  # events that a consumer holds at once, and at most handles together
PUBLISH_SECONDS = 5.0  # a batch that the broker has not confirmed by then counts as not published


class BusUnavailable(Unavailable):
    """The broker cannot be reached, or does not take or give events now."""


@dataclass(frozen=True)
class Outcome:
    """What became of a batch. An event in neither set may or may not have arrived: it must be published again."""

    published: Collection[UUID] = ()  # stored safely, in every queue that wants it
    returned: Collection[UUID] = ()  # no queue wants it
    fault: str = ""  # why the rest was not published


@dataclass(frozen=True)
class Received:
    """An event that a queue gave us; it comes again, here or elsewhere, until it is settled."""

    event: Event | None  # None: its attributes cannot be read
    redelivered: bool = False  # taken before and not settled: its consumer stopped, perhaps because of it
    postponements: int = 0  # how often it waited for something that could not be reached
    receipt: object = None  # the bus's own


@dataclass(frozen=True)
class Parked:
    """An event that was set aside for an operator."""

    id: str  # the event's id; one of its own when the event has none
    type: str
    source: str
    subject: str
    time: datetime | None
    traceparent: str
    park_time: datetime | None
    attempts: int
    error: str
    data: bytes = field(repr=False)


class Publisher(Protocol):
    """For one thread."""

    def publish(self, events: Sequence[Event]) -> Outcome:
        """Hand over up to 1000 events and say what became of each; BusUnavailable when none could be sent."""
        ...

    def keep_alive(self) -> None:
        """To be called every few seconds while there is nothing to publish."""
        ...

    def close(self) -> None: ...


class Subscription(Protocol):
    """One consumer of a queue, for one thread. What was taken is settled in the order in which it was taken.

    Settling is silent when the connection was lost meanwhile: the event then comes again. All methods may raise BusUnavailable.
    """

    def take(self, limit: int, timeout_seconds: float) -> Sequence[Received]:
        """Wait for an event, then return all that are there, in order."""
        ...

    def settle(self, received: Sequence[Received]) -> None:
        """Forget events that are done with."""
        ...

    def delay(self, received: Sequence[Received], seconds: float, *, postponed: bool = False) -> None:
        """Bring them again after a while. postponed: through no fault of their own."""
        ...

    def park(self, received: Received, error: str, attempts: int) -> None:
        """Set it aside, with its reason."""
        ...

    def lengths(self) -> tuple[int, int]:
        """Return how many events wait, and how many are parked."""
        ...

    def close(self) -> None: ...


class Bus(Protocol):
    """Publishers and subscriptions connect when first used, and again after each BusUnavailable."""

    def publisher(self) -> Publisher: ...
    def subscription(self, queue: str, types: Collection[str]) -> Subscription: ...
    def declare(self, queue: str, types: Collection[str]) -> None:
        """Make the queue, so that events are kept for a service that has never run."""
        ...

    def expect(self, queue: str, types: Collection[str]) -> None:
        """Make the queue now if that needs nobody else; on a broker its first connection makes it."""
        ...

    def parked(self, queue: str) -> Sequence[Parked]:
        """Return what is parked, oldest first."""
        ...

    def lengths(self, queue: str) -> tuple[int, int]:
        """Return how many events wait, and how many are parked."""
        ...

    def redrive(self, queue: str, ids: Collection[str]) -> Sequence[str]:
        """Put parked events back into the queue; return the ids of those that were there."""
        ...

    def drop(self, queue: str, ids: Collection[str]) -> Sequence[str]:
        """Forget parked events for good; return the ids of those that were there."""
        ...


class Backoff:
    """Waits that double up to a limit, with jitter, so that many processes do not come back at the same moment."""

    def __init__(self, first_seconds: float = 0.1, limit_seconds: float = 5.0) -> None:
        self._first, self._limit = first_seconds, limit_seconds
        self.reset()

    def reset(self) -> None:
        self._next = self._first

    def next(self) -> float:
        """Return the seconds to wait now."""
        seconds, self._next = self._next, min(self._next * 2, self._limit)
        return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter needs no secret


def connect(url: str, *, prefix: str = "") -> Bus:
    """Return the bus at amqp://…, amqps://… or sqlite:///path; it connects when first used.

    prefix: stands before every name on a broker, so that several installations share one without meeting.
    """
    if url.startswith(("amqp:", "amqps:")):
        from libs.messaging.rabbit import RabbitBus  # imported late: these modules need the protocols above

        return RabbitBus(url, prefix)
    from libs.messaging.sqlite import SqliteBus

    return SqliteBus(url)
