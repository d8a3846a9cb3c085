"""Events, their form on the wire, and what a consumer makes of each outcome of a handler."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from pika.spec import BasicProperties
from recapito.documents.events.v1.events_pb2 import InvoiceIssued, InvoiceViewed, PaymentRecorded

from libs.errors import InvalidArgument, Unavailable
from libs.ids import new_id
from libs.messaging.amqp import event_of as event_of_message
from libs.messaging.amqp import properties_of
from libs.messaging.bus import Backoff, Received
from libs.messaging.consumer import ATTEMPTS, Consumer, Delivery, describe, one_by_one
from libs.messaging.event import Event, event_of, full_name_of, message_class, type_of
from libs.messaging.rabbit import RabbitBus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PROTOS = Path(__file__).parents[3] / "protos"


# --- names ---------------------------------------------------------------------------------------------------------------------------
def test_the_type_follows_from_package_and_name() -> None:
    assert type_of(InvoiceIssued) == "recapito.documents.invoice.issued.v1"


def test_every_declared_event_has_its_resource_and_its_version_first_and_a_type_that_leads_back_to_it() -> None:
    modules = [
        importlib.import_module(".".join(path.relative_to(PROTOS).with_suffix("").parts) + "_pb2")
        for path in sorted(PROTOS.glob("recapito/*/events/v1/events.proto"))
    ]
    snapshots = 0
    for module in modules:
        for name, descriptor in module.DESCRIPTOR.message_types_by_name.items():
            if descriptor.fields_by_number[1].message_type is not None or "version" not in descriptor.fields_by_name:
                snapshots += 1  # a part of an event
                continue
            assert descriptor.fields_by_number[2].name == "version", name
            event_class = message_class(descriptor.full_name)
            assert full_name_of(type_of(event_class)) == descriptor.full_name
    assert len(modules) >= 4
    assert snapshots < 10


@pytest.mark.parametrize("type_", ["", "recapito", "other.documents.invoice.issued.v1", "recapito.documents.issued.v1"])
def test_what_is_no_type_of_ours_is_refused(type_: str) -> None:
    with pytest.raises(ValueError, match="is not a type of event here"):
        full_name_of(type_)


def test_an_event_without_its_resource_is_refused() -> None:
    with pytest.raises(ValueError, match="without its resource"):
        event_of(InvoiceIssued(), id=new_id(), source="documents", time=NOON)


# --- the wire ------------------------------------------------------------------------------------------------------------------------
texts = st.text(st.characters(codec="utf-8"), max_size=60)
instants = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=1))]))


@settings(deadline=None)  # the machine may be busy
@given(st.uuids(), texts, texts, texts, st.integers(0, 2**62), instants, st.binary(max_size=50), st.just("") | texts)
def test_every_event_survives_its_form_on_the_wire(
    id_: UUID, type_: str, source: str, subject: str, version: int, time: datetime, data: bytes, traceparent: str
) -> None:
    event = Event(id_, type_, source, subject, version, time, data, traceparent)
    encoded = b"".join(properties_of(event).encode())
    decoded = BasicProperties()
    decoded.decode(encoded)
    assert event_of_message(decoded, data) == event


values = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts | st.lists(texts, max_size=2) | st.dictionaries(texts, texts)
plain = event_of(InvoiceIssued(invoice="invoices/1"), id=new_id(), source="documents", time=NOON)
names = st.sampled_from(list(properties_of(plain).headers or {}))


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(names | texts, values))
def test_whatever_the_headers_hold_it_is_an_event_or_none(headers: dict[str, Any]) -> None:
    found = event_of_message(BasicProperties(headers=headers), b"")
    assert found is None or isinstance(found, Event)


def test_a_time_without_a_zone_is_no_event() -> None:
    properties = properties_of(event_of(InvoiceIssued(invoice="invoices/1"), id=new_id(), source="documents", time=NOON))
    headers = dict(properties.headers or {}) | {"cloudEvents_time": "2026-11-22T12:00:00"}
    assert event_of_message(BasicProperties(headers=headers), b"") is None


# --- waits ---------------------------------------------------------------------------------------------------------------------------
def test_waits_double_up_to_the_limit_and_start_again_after_a_success() -> None:
    backoff = Backoff(1.0, 5.0)
    waits = [backoff.next() for _ in range(6)]
    for wait, full in zip(waits, [1, 2, 4, 5, 5, 5], strict=True):
        assert full / 2 <= wait <= full
    backoff.reset()
    assert backoff.next() <= 1.0


# --- errors --------------------------------------------------------------------------------------------------------------------------
def test_only_our_own_errors_are_quoted() -> None:
    assert describe(InvalidArgument("the field is wrong")) == "InvalidArgument: the field is wrong"
    try:
        int("mario.rossi@example.test")
    except ValueError as error:
        described = describe(error)
    assert described.startswith("ValueError in test_only_our_own_errors_are_quoted, line ")
    assert "mario" not in described


# --- consumer ------------------------------------------------------------------------------------------------------------------------
@dataclass
class FakeSubscription:
    """Keeps the broker's rule: everything is settled once, in the order in which it was taken."""

    coming: list[Received]
    ends: list[tuple[str, Received]] = field(default_factory=list)
    delays: list[tuple[float, bool]] = field(default_factory=list)
    aside: list[tuple[Received, str, int]] = field(default_factory=list)

    def take(self, limit: int, timeout_seconds: float) -> Sequence[Received]:
        taken, self.coming = self.coming[:limit], self.coming[limit:]
        return taken

    def settle(self, received: Sequence[Received]) -> None:
        self.ends.extend(("settled", one) for one in received)

    def delay(self, received: Sequence[Received], seconds: float, *, postponed: bool = False) -> None:
        self.ends.extend(("postponed" if postponed else "delayed", one) for one in received)
        self.delays.extend((seconds, postponed) for _ in received)

    def park(self, received: Received, error: str, attempts: int) -> None:
        self.ends.append(("parked", received))
        self.aside.append((received, error, attempts))

    def lengths(self) -> tuple[int, int]:
        return len(self.coming), len(self.aside)

    def close(self) -> None: ...


@dataclass
class FakeAttempts:
    counts: dict[UUID, int] = field(default_factory=dict)
    done: set[UUID] = field(default_factory=set)

    def handled(self, event_ids: Collection[UUID]) -> set[UUID]:
        return self.done & set(event_ids)

    def failed(self, event_id: UUID, error: str, now: datetime) -> int:
        self.counts[event_id] = self.counts.get(event_id, 0) + 1
        return self.counts[event_id]

    def explain(self, event_id: UUID, error: str) -> None: ...


class FakeHandler:
    """Handles what its event's number says: "ok", "bad" or "away"."""

    def __init__(self) -> None:
        self.handled: list[UUID] = []

    def __call__(self, deliveries: Sequence[Delivery[Any]]) -> None:
        words = {getattr(delivery.message, "number", "ok") for delivery in deliveries}
        if "away" in words:
            raise Unavailable("contacts cannot be reached")
        if "bad" in words:
            raise InvalidArgument("no")
        self.handled.extend(delivery.event_id for delivery in deliveries)


def consumer_with(attempts: FakeAttempts) -> tuple[Consumer, FakeHandler]:
    handler = FakeHandler()
    handlers = {InvoiceIssued: handler, InvoiceViewed: handler}
    consumer = Consumer(sa.create_engine("sqlite://"), "notifications", RabbitBus("amqp://nowhere"), handlers, clock=lambda: NOON)
    consumer._attempts = attempts  # type: ignore[assignment] # no database in unit tests
    return consumer, handler


def received(word: str, *, redelivered: bool = False, event_id: UUID | None = None, postponements: int = 0) -> Received:
    if word == "no event":
        return Received(None, redelivered)
    message = {"viewed": InvoiceViewed(invoice="invoices/1"), "unknown": PaymentRecorded(payment="payments/1")}.get(
        word, InvoiceIssued(invoice="invoices/1", number=word)
    )
    event = event_of(message, id=event_id or new_id(), source="documents", time=NOON)
    if word == "unreadable":
        event = Event(event.id, event.type, event.source, event.subject, event.version, event.time, b"\xff")
    return Received(event, redelivered, postponements)


words = st.sampled_from(["ok", "viewed", "bad", "away", "unknown", "unreadable", "no event"])


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(words, st.booleans()), max_size=40))
def test_whatever_comes_each_event_is_settled_once_in_order_and_as_it_deserves(script: list[tuple[str, bool]]) -> None:
    consumer, handler = consumer_with(FakeAttempts())
    coming = [received(word, redelivered=redelivered) for word, redelivered in script]
    subscription = FakeSubscription(list(coming))
    consumer.step(subscription)
    assert [id(one) for _, one in subscription.ends] == [id(one) for one in coming]
    for (end, one), (word, _) in zip(subscription.ends, script, strict=True):
        if word in {"unknown", "unreadable", "no event"}:
            assert end == "parked"
        elif word in {"bad", "away"}:
            assert end == {"bad": "delayed", "away": "postponed"}[word] or (end == "postponed" and "away" in dict(script))
        else:
            assert end == "settled" or (end == "postponed" and "away" in dict(script))
            assert (one.event is not None and one.event.id in handler.handled) == (end == "settled")


def test_delays_grow_until_the_event_is_parked() -> None:
    consumer, _ = consumer_with(FakeAttempts())
    event_id = new_id()
    subscription = FakeSubscription([])
    for _ in range(ATTEMPTS):
        subscription.coming = [received("bad", event_id=event_id)]
        consumer.step(subscription)
    assert [seconds for seconds, _ in subscription.delays] == [1, 4, 15, 60, 240, 900, 3600]
    assert [(error, attempts) for _, error, attempts in subscription.aside] == [("InvalidArgument: no", ATTEMPTS)]


def test_postponements_wait_up_to_a_minute_and_count_no_failure() -> None:
    attempts = FakeAttempts()
    consumer, _ = consumer_with(attempts)
    subscription = FakeSubscription([received("away", postponements=count) for count in range(6)])
    consumer.step(subscription)
    assert subscription.delays == [(seconds, True) for seconds in (1, 4, 15, 60, 60, 60)]
    assert attempts.counts == {}


def test_an_event_that_was_handled_before_is_not_handed_over_again() -> None:
    event_id = new_id()
    consumer, handler = consumer_with(FakeAttempts(done={event_id}))
    subscription = FakeSubscription([received("ok", redelivered=True, event_id=event_id)])
    consumer.step(subscription)
    assert [end for end, _ in subscription.ends] == ["settled"]
    assert handler.handled == []


def test_a_handler_of_single_events_gets_each_with_its_id() -> None:
    seen: list[tuple[str, UUID]] = []

    def on_invoice_issued(message: InvoiceIssued, event_id: UUID) -> None:
        seen.append((message.number, event_id))

    handle = one_by_one(on_invoice_issued)
    ids = [new_id(), new_id()]
    handle([Delivery(InvoiceIssued(number=str(index)), event_id, NOON) for index, event_id in enumerate(ids)])
    assert seen == [("0", ids[0]), ("1", ids[1])]
