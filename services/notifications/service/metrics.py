"""What notifications counts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import timedelta

from prometheus_client import Counter, Gauge, Histogram

from libs.unit_of_work import Clock
from services.notifications import service
from services.notifications.domain.messages import ON_THE_WAY, Outcome, State

DECISIONS = Counter("recapito_notifications_decisions_total", "Decisions about who is told, by reason.", ["kind", "reason"])
MESSAGES = Counter("recapito_notifications_messages_total", "Messages that entered a state.", ["state"])
DELIVERY_SECONDS = Histogram(
    "recapito_notifications_delivery_seconds",
    "From the decision to the mail server's acceptance.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600),
)
ROUND_SECONDS = Histogram("recapito_notifications_smtp_round_seconds", "Handing over the letters that travel together.")
SENDER_HELD = Gauge("recapito_sender_held", "1 while nothing is sent on purpose: see `sender`.")
FAILURES = Counter("recapito_notifications_failures_total", "Attempts that failed, by cause and new state.", ["failure", "state"])
WAITING = Gauge("recapito_notifications_waiting_messages", "Messages on their way, by state.", ["state"])
OLDEST_SECONDS = Gauge("recapito_notifications_oldest_message_seconds", "Age of the oldest of them.", ["state"])
UNCERTAIN = Gauge("recapito_notifications_uncertain_messages", "Messages of the last 24 hours of which nobody knows if they arrived.")
UNCERTAIN_SHOWN = timedelta(hours=24)

for state in State:
    MESSAGES.labels(state.name)  # there from the start: a rate knows nothing of what appears with its first value


def expect(failures: Iterable[str]) -> None:
    """Show attempts that failed for one of these causes from the start, for the same reason."""
    for failure, state in itertools.product(failures, (State.QUEUED, State.DEFERRED, State.FAILED)):
        FAILURES.labels(failure, state.name)


def ended(outcome: Outcome) -> None:
    """Count how an attempt ended."""
    MESSAGES.labels(outcome.state.name).inc()
    if outcome.failure:
        FAILURES.labels(outcome.failure, outcome.state.name).inc()


def measure(*, read: service.Read, clock: Clock) -> None:
    now = clock()
    with read() as stored:
        waiting = stored.messages.waiting()
        uncertain = stored.messages.uncertain(now - UNCERTAIN_SHOWN)
    for state in ON_THE_WAY:
        count, oldest = waiting.get(state, (0, now))
        WAITING.labels(state.name).set(count)
        OLDEST_SECONDS.labels(state.name).set((now - oldest).total_seconds())
    UNCERTAIN.set(uncertain)
