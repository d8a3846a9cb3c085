"""Parked events about an erased person go, on both buses."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from recapito.documents.events.v1.events_pb2 import InvoiceIssued, InvoiceViewed

from libs.ids import new_id
from libs.messaging import bus
from libs.messaging.event import event_of, type_of
from libs.messaging.parked import ParkedEvents

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["sqlite", "rabbitmq"])
def test_those_about_one_subject_and_of_these_kinds_are_dropped(
    kind: str, tmp_path: Path, queue_prefix: str, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/bus.db" if kind == "sqlite" else str(request.getfixturevalue("amqp_url"))
    events = bus.connect(url, prefix=f"{queue_prefix}.")
    messages = [InvoiceIssued(invoice="invoices/1"), InvoiceIssued(invoice="invoices/2"), InvoiceViewed(invoice="invoices/1")]
    types = [type_of(InvoiceIssued), type_of(InvoiceViewed)]
    events.declare("documents", types)
    with closing(events.publisher()) as publisher, closing(events.subscription("documents", types)) as subscription:
        publisher.publish([event_of(message, id=new_id(), source="documents", time=NOON) for message in messages])
        taken = 0
        while taken < len(messages):
            for received in subscription.take(10, 5):
                subscription.park(received, "it failed", 8)
                taken += 1
    parked = ParkedEvents(events, "documents")
    assert parked.forget(["invoices/1"], [InvoiceIssued]) == 1
    assert {(one.subject, one.type) for one in events.parked("documents")} == {("invoices/2", types[0]), ("invoices/1", types[1])}
    assert parked.forget(["invoices/1"], [InvoiceIssued]) == 0
