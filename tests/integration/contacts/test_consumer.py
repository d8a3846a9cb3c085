"""Activities: from the events of other services to the timeline that operators read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2
from recapito.documents.events.v1.events_pb2 import InvoiceViewed
from recapito.identity.events.v1.events_pb2 import PolicyAccepted, SessionOpened
from recapito.identity.v1.accounts_pb2 import Account
from recapito.notifications.events.v1.events_pb2 import MessageSent

from libs.errors import NotFound
from libs.messaging import bus
from libs.messaging.consumer import Consumer, Delivery
from libs.messaging.event import event_of, type_of
from libs.messaging.relay import Relay
from services.contacts import consumer, repository
from tests.integration.contacts.conftest import Api

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def deliver(api: Api, *messages: Message, event_id: UUID | None = None, time: datetime = NOON) -> None:
    """Hand one event each to its handler, as the consumer does."""
    handlers = consumer.handlers(partial(repository.SqlUnitOfWork, api.engine, "contacts"))
    for message in messages:
        handlers[type(message)]([Delivery(message, event_id or uuid4(), time)])


def opened(account: str, at: datetime = NOON, customer: str = "") -> SessionOpened:
    time = Timestamp()
    time.FromDatetime(at)
    return SessionOpened(account=account, version=1, kind=Account.CONTACT, session="sessions/1", customer=customer, open_time=time)


def account_of(contact: contacts_pb2.Contact) -> str:
    return contact.name.replace("contacts/", "accounts/")


def activities(api: Api, parent: str, filter: str = "") -> list[contacts_pb2.Activity]:  # noqa: A002 - the contract's word
    return list(api.contacts.ListActivities(contacts_pb2.ListActivitiesRequest(parent=parent, filter=filter)).activities)


@pytest.mark.req("R-ACT-01", "R-ACT-05", "R-ACT-08")
def test_what_a_contact_did_is_listed_newest_first(api: Api) -> None:
    customer = api.new_customer()
    contact = api.new_contact(customer)
    message = MessageSent(message="messages/1", version=1, contact=contact.name, customer=customer.name, kind="invoice_issued")
    viewed = InvoiceViewed(invoice="invoices/1", version=1, customer=customer.name, contact=contact.name, number="INV-2026-000001")
    deliver(api, message, time=NOON)
    deliver(api, opened(account_of(contact), NOON + timedelta(minutes=1), customer.name))
    deliver(api, PolicyAccepted(account=account_of(contact), version=1, policy="policies/1"), time=NOON + timedelta(minutes=2))
    deliver(api, viewed, time=NOON + timedelta(minutes=3))
    with api.operator():
        listed = activities(api, contact.name)
        assert [(one.kind, one.resource, one.title, one.customer) for one in listed] == [
            ("recapito.documents.invoice.viewed.v1", "invoices/1", "INV-2026-000001", customer.name),
            ("recapito.identity.policy.accepted.v1", "policies/1", "", ""),
            ("recapito.identity.session.opened.v1", "sessions/1", "", customer.name),
            ("recapito.notifications.message.sent.v1", "messages/1", "invoice_issued", customer.name),
        ]
        assert listed[0].create_time.ToDatetime(UTC) == NOON + timedelta(minutes=3)
        assert len(activities(api, customer.name)) == 3
        assert activities(api, contact.name, filter=f'kind = "{type_of(InvoiceViewed)}"') == listed[:1]
        assert activities(api, contact.name, filter=f'customer = "{customer.name}"') == [listed[0], *listed[2:]]


@pytest.mark.req("R-ACT-02", "R-ACT-07", "R-ACT-09")
def test_the_last_access_is_the_latest_and_leaves_the_etag_alone(api: Api) -> None:
    customer = api.new_customer()
    contact, never = api.new_contact(customer), api.new_contact(customer)
    deliver(api, opened(account_of(contact), NOON), opened(account_of(contact), NOON - timedelta(days=1)))
    with api.operator():
        kept = api.contact_of(contact.name)
        assert kept.last_access_time.ToDatetime(UTC) == NOON
        assert kept.etag == contact.etag
        found = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter="never_entered = true")).contacts
        assert [one.name for one in found] == [never.name]
        assert api.update_contact(contact, first_name="Maria").last_access_time == kept.last_access_time


def test_an_event_delivered_twice_is_one_activity(api: Api) -> None:
    customer = api.new_customer()
    contact = api.new_contact(customer)
    event = InvoiceViewed(invoice="invoices/1", version=1, customer=customer.name, contact=contact.name)
    id_ = uuid4()
    handle = consumer.handlers(partial(repository.SqlUnitOfWork, api.engine, "contacts"))[InvoiceViewed]
    handle([Delivery(event, id_, NOON), Delivery(event, id_, NOON)])
    handle([Delivery(event, id_, NOON), Delivery(event, uuid4(), NOON)])
    with api.operator():
        assert len(activities(api, contact.name)) == 2


def test_accounts_that_are_no_contacts_and_mailboxes_leave_nothing(api: Api) -> None:
    customer = api.new_customer()
    mailbox = MessageSent(message="messages/1", version=1, customer=customer.name, kind="invoice_issued")
    deliver(api, opened(f"accounts/{uuid4()}"), mailbox)
    with api.operator():
        assert activities(api, customer.name) == []


@pytest.mark.req("R-PRI-09")
def test_a_change_of_the_primary_stands_in_the_history_of_both(api: Api) -> None:
    customer = api.new_customer()
    first, second = api.new_contact(customer), api.new_contact(customer)
    with api.operator():
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=second.affiliations[0].name))
    deliver(api, api.events()[-1])
    with api.operator():
        for contact in (first, second):
            assert [(one.kind, one.resource) for one in activities(api, contact.name)] == [
                ("recapito.contacts.primary_contact.changed.v1", second.name)
            ]


@pytest.mark.req("R-DEL-03", "R-DEL-06", "R-GRP-09")
def test_history_outlives_a_contact_and_stays_hidden_with_it(api: Api) -> None:
    naples, rome = api.new_group("Napoli"), api.new_group("Roma")
    customer = api.new_customer(groups=[naples.name, rome.name])
    api.new_contact(customer, groups=[naples.name])
    gone, hidden = api.new_contact(customer, groups=[naples.name]), api.new_contact(customer, groups=[rome.name])
    for contact in (gone, hidden):
        deliver(api, InvoiceViewed(invoice="invoices/1", version=1, customer=customer.name, contact=contact.name))
    with api.operator():
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=gone.name, force=True))
        with pytest.raises(NotFound):
            activities(api, gone.name)
        assert len(activities(api, customer.name)) == 2
    with api.operator(naples.name):
        left = activities(api, customer.name)
        assert [one.name.rsplit("/", 2)[0] for one in left] == [gone.name]
        with pytest.raises(NotFound):
            activities(api, hidden.name)
    again = api.new_contact(customer, email=gone.email)
    with api.operator():
        assert activities(api, again.name) == []


# --- with the bus --------------------------------------------------------------------------------------------------------------------
@contextmanager
def working(api: Api, events: bus.Bus) -> Iterator[None]:
    """Run relay and consumer of contacts."""
    stop = threading.Event()
    new_uow = partial(repository.SqlUnitOfWork, api.engine, "contacts")
    bodies: list[Callable[[threading.Event], None]] = [
        Relay(api.engine, "contacts", events).run,
        Consumer(api.engine, "contacts", events, consumer.handlers(new_uow)),
    ]
    threads = [threading.Thread(target=body, args=[stop]) for body in bodies]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.req("R-ACT-01", "R-PRI-09")
@pytest.mark.parametrize("kind", ["sqlite", "rabbitmq"])
def test_events_travel_from_the_outbox_and_back_into_the_timeline(
    kind: str, tmp_path: Path, queue_prefix: str, request: pytest.FixtureRequest, eventually: Callable[..., object]
) -> None:
    api: Api = request.getfixturevalue("sqlite_api" if kind == "sqlite" else "postgres_api")
    url = f"sqlite:///{tmp_path}/bus.db" if kind == "sqlite" else str(request.getfixturevalue("amqp_url"))
    events = bus.connect(url, prefix=queue_prefix)
    customer = api.new_customer()
    first, second = api.new_contact(customer), api.new_contact(customer)
    with api.operator():
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=second.affiliations[0].name))
    with working(api, events):
        viewed = InvoiceViewed(invoice="invoices/1", version=1, customer=customer.name, contact=first.name, number="INV-1")
        publisher = events.publisher()
        event = event_of(viewed, id=uuid4(), source="documents", time=NOON)

        def told() -> bool:
            publisher.publish([event])  # again and again: it is one event
            with api.operator():
                return {one.kind for one in activities(api, first.name)} == {
                    "recapito.contacts.primary_contact.changed.v1",
                    "recapito.documents.invoice.viewed.v1",
                }

        eventually(told)
        publisher.close()
    with api.operator():
        assert len(activities(api, first.name)) == 2
