"""Events in, through the bus."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest
from google.protobuf.message import Message
from recapito.contacts.events.v1.events_pb2 import CustomerCreated, CustomerSnapshot, CustomerUpdated
from recapito.documents.v1 import invoices_pb2
from recapito.notifications.events.v1.events_pb2 import MessageSent

from libs.ids import new_id
from libs.messaging import bus
from libs.messaging.bus import Bus
from libs.messaging.consumer import Consumer
from libs.messaging.event import event_of
from services.documents import consumer
from services.documents.service.customers import reproject_customers
from tests.integration.documents.calls import created, get, issued, listed, paid
from tests.integration.documents.conftest import Documents
from tests.unit.documents.builders import ACME, NOON, NORTH, SOUTH, customer, operator

Drain = Callable[..., None]
CustomerEvent = CustomerCreated | CustomerUpdated


@pytest.fixture(params=["sqlite", "rabbitmq"])
def events(request: pytest.FixtureRequest, tmp_path: object, queue_prefix: str) -> Bus:
    if request.param == "sqlite":
        return bus.connect(f"sqlite:///{tmp_path}/bus.db")
    return bus.connect(request.getfixturevalue("amqp_url"), prefix=queue_prefix)


@pytest.fixture
def drain(documents: Documents, events: Bus) -> Drain:
    """Publishes events, each as often as it is given, and lets documents handle them all."""
    handlers = consumer.handlers(documents.new_uow, documents.clock)
    listening = Consumer(documents.engine, "documents", events, handlers)
    listening.declare()

    def publish_and_handle(*messages: tuple[UUID, Message]) -> None:
        with closing(events.publisher()) as publisher, closing(events.subscription("documents", listening._handlers)) as subscription:
            sent = [event_of(message, id=event_id, source="test", time=NOON) for event_id, message in messages]
            assert set(publisher.publish(sent).published) == {event.id for event in sent}
            taken = 0
            while taken < len(sent):
                taken += listening.step(subscription, 5)

    return publish_and_handle


def told(version: int, *groups: UUID, name: str = "ABC", kind: type[CustomerEvent] = CustomerUpdated) -> tuple[UUID, Message]:
    snapshot = CustomerSnapshot(display_name=name, groups=[f"groups/{group}" for group in groups])
    return new_id(), kind(customer=f"customers/{ACME}", version=version, snapshot=snapshot)


def sent(invoice: invoices_pb2.Invoice) -> tuple[UUID, Message]:
    return new_id(), MessageSent(message=f"messages/{new_id()}", version=1, kind="invoice_issued", subject_resource=invoice.name)


def test_a_customers_groups_decide_who_sees_its_invoices(documents: Documents, drain: Drain) -> None:
    invoice = issued(documents)
    drain(told(1, NORTH, kind=CustomerCreated), told(2, SOUTH))
    with documents.as_(operator(SOUTH)):
        assert listed(documents) == [invoice.name]
    with documents.as_(operator(NORTH)):
        assert listed(documents) == []


def test_an_older_event_that_comes_later_changes_nothing(documents: Documents, drain: Drain) -> None:
    invoice = issued(documents)
    drain(told(2, SOUTH, name="New name"), told(1, NORTH, name="Old name"))
    with documents.as_(operator(SOUTH)):
        assert listed(documents, query="new name") == [invoice.name]


@pytest.mark.req("R-SND-11")
def test_many_recipients_make_an_invoice_sent_once(documents: Documents, drain: Drain) -> None:
    invoice = issued(documents)
    drain(sent(invoice), sent(invoice), sent(invoice))
    found = get(documents, invoice.name)
    assert (found.state, found.send_time.ToDatetime()) == (invoices_pb2.Invoice.SENT, NOON.replace(tzinfo=None))
    drain(sent(invoice))
    assert get(documents, invoice.name).etag == found.etag


def test_an_event_delivered_twice_counts_once(documents: Documents, drain: Drain) -> None:
    invoice = issued(documents)
    message = sent(invoice)
    drain(message)
    etag = get(documents, invoice.name).etag
    drain(message)
    assert get(documents, invoice.name).etag == etag


def test_a_message_after_the_payment_leaves_it_paid(documents: Documents, drain: Drain) -> None:
    invoice = issued(documents)
    paid(documents, "122", invoice)
    drain(sent(invoice))
    assert get(documents, invoice.name).state == invoices_pb2.Invoice.PAID


def test_messages_about_other_things_or_deleted_drafts_are_passed_over(documents: Documents, drain: Drain, events: Bus) -> None:
    draft = created(documents)
    documents.invoices.DeleteInvoice(invoices_pb2.DeleteInvoiceRequest(name=draft.name))
    drain(sent(draft), (new_id(), MessageSent(message=f"messages/{new_id()}", version=1, subject_resource=f"tickets/{new_id()}")))
    assert not events.parked("documents")


def test_reprojecting_takes_all_customers_over(documents: Documents) -> None:
    invoice = issued(documents)
    documents.now = documents.now + timedelta(seconds=1)
    documents.contacts.known[ACME] = customer(groups=frozenset({SOUTH}))
    count = reproject_customers(contacts=documents.contacts, new_uow=documents.new_uow, clock=documents.clock)
    with documents.as_(operator(SOUTH)):
        assert (count, listed(documents)) == (1, [invoice.name])
