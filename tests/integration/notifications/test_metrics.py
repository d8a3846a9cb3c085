"""What notifications says on /metrics about messages on their way, on PostgreSQL and SQLite."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from prometheus_client import REGISTRY

from services.notifications.domain.messages import Outcome, State
from services.notifications.service import metrics
from tests.integration.notifications.conftest import WORDS
from tests.integration.notifications.looking import deliver
from tests.unit.notifications.builders import ACME, LAURA, candidate, invoice_issued


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"recapito_notifications_{name}", labels) or 0.0


def measured(world: SimpleNamespace) -> dict[str, tuple[float, float]]:
    """Count and age by state, of the states that have any."""
    metrics.measure(read=world.read, clock=lambda: world.now[0])
    every = {
        state.name: (value("waiting_messages", state=state.name), value("oldest_message_seconds", state=state.name)) for state in State
    }
    return {state: found for state, found in every.items() if found != (0, 0)}


def issue(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(), candidate(LAURA, email="laura@acme.example"))
    world.listener.on_invoice_issued([invoice_issued()])


def test_messages_on_their_way_are_counted_with_the_age_of_the_oldest(world: SimpleNamespace) -> None:
    assert measured(world) == {}
    issue(world)
    world.now[0] += timedelta(minutes=20)
    assert measured(world) == {"QUEUED": (2, 1200)}
    world.mailer.outcomes["laura@acme.example"] = Outcome(State.DEFERRED, "451 later", "FAIL_SERVER_BUSY")
    deliver(world)
    assert measured(world) == {"DEFERRED": (1, 1200)}
    world.mailer.outcomes.clear()
    world.now[0] += timedelta(minutes=20)
    deliver(world)
    assert measured(world) == {}


def test_uncertain_messages_are_shown_for_a_day(world: SimpleNamespace) -> None:
    issue(world)
    world.mailer.outcomes["laura@acme.example"] = Outcome(State.UNCERTAIN)
    deliver(world)
    measured(world)
    assert value("uncertain_messages") == 1
    world.now[0] += timedelta(hours=25)
    measured(world)
    assert value("uncertain_messages") == 0


def test_failures_are_counted_by_cause(world: SimpleNamespace) -> None:
    labels = {"failure": "FAIL_ADDRESS_UNKNOWN", "state": "FAILED"}
    failures, sent = value("failures_total", **labels), value("messages_total", state="SENT")
    issue(world)
    world.mailer.outcomes["laura@acme.example"] = Outcome(State.FAILED, "550 5.1.1", "FAIL_ADDRESS_UNKNOWN", bad_address=True)
    deliver(world)
    assert (value("failures_total", **labels), value("messages_total", state="SENT")) == (failures + 1, sent + 1)


def test_every_cause_of_failure_is_there_before_it_happens() -> None:
    metrics.expect(WORDS.failures)
    assert len(WORDS.failures) >= 16
    labels = {"failure": "FAIL_SENDER_REFUSED", "state": "DEFERRED"}
    assert REGISTRY.get_sample_value("recapito_notifications_failures_total", labels) is not None
