"""The consent to open tracking: a setting of its own, given and taken back by the person or for it by an operator."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2
from recapito.notifications.events.v1.events_pb2 import MessageOpened

from libs.errors import NotFound
from libs.messaging.consumer import Delivery
from services.contacts import consumer, repository
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import Api

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def choose(api: Api, name: str, *, on: bool, request_id: str = "") -> contacts_pb2.Contact:
    """Choose as whoever calls now."""
    return api.contacts.SetOpenTracking(contacts_pb2.SetOpenTrackingRequest(name=name, open_tracking=on, request_id=request_id))


def candidate(api: Api, contact: contacts_pb2.Contact) -> affiliations_pb2.Candidate:
    query = affiliations_pb2.BatchGetCandidatesRequest.Query(party=contact.customer)
    (party,) = api.affiliations.BatchGetCandidates(affiliations_pb2.BatchGetCandidatesRequest(queries=[query])).parties
    return next(one for one in party.candidates if one.contact == contact.name)


@pytest.mark.req("R-ACT-11", "R-DEL-12")
def test_nobody_consents_unasked_and_a_person_gives_and_takes_it_back(api: Api) -> None:
    """Security rule 50: also in a session of a link, and nothing else changes."""
    contact = api.new_contact(api.new_customer(), access={"enabled": True})
    assert not contact.open_tracking
    assert not candidate(api, contact).open_tracking
    for on in (True, False):
        with api.contact(contact, method="MAGIC_LINK"):
            before, after = api.contact_of(contact.name), choose(api, contact.name, on=on)
        assert after.open_tracking == on == candidate(api, contact).open_tracking
        for one in (before, after):
            for field in ("open_tracking", "update_time", "etag", "version"):
                one.ClearField(field)
        assert before == after
    *_, entry = entries_in_outbox(api.engine)
    assert (entry.method.rpartition(".")[2], entry.resource) == ("SetOpenTracking", contact.name)
    assert entry.actor == contact.name.replace("contacts", "accounts")


@pytest.mark.req("R-ACT-11")
def test_nobody_decides_for_somebody_else(sqlite_api: Api) -> None:
    """Security rule 50: an operator changes it as any field of the contact, a colleague not at all."""
    api, customer = sqlite_api, sqlite_api.new_customer()
    mario, laura = api.new_contact(customer), api.new_contact(customer)
    with api.contact(mario, "PRIMARY"):
        for name in (laura.name, f"contacts/{uuid4()}"):
            with pytest.raises(NotFound):
                choose(api, name, on=True)
    with api.operator():
        with pytest.raises(NotFound):
            choose(api, laura.name, on=True)
        assert api.update_contact(laura, open_tracking=True).open_tracking


def test_a_retry_changes_nothing_any_more(sqlite_api: Api) -> None:
    contact, request_id = sqlite_api.new_contact(sqlite_api.new_customer()), str(uuid4())
    with sqlite_api.contact(contact):
        choose(sqlite_api, contact.name, on=True, request_id=request_id)
        choose(sqlite_api, contact.name, on=False)
        assert not choose(sqlite_api, contact.name, on=True, request_id=request_id).open_tracking


@pytest.mark.req("R-ACT-11")
def test_the_past_knows_who_consented(api: Api) -> None:
    contact = api.new_contact(api.new_customer(), open_tracking=True)
    asked = contacts_pb2.GetContactRequest(name=contact.name)
    asked.read_time.CopyFrom(contact.update_time)
    with api.contact(contact):
        choose(api, contact.name, on=False)
    with api.operator():
        assert api.contacts.GetContact(asked).open_tracking
        assert not api.contact_of(contact.name).open_tracking


@pytest.mark.req("R-ACT-10", "R-ACT-11")
def test_an_opened_message_is_a_hint_in_the_timeline_once(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    event = MessageOpened(message=f"messages/{uuid4()}", version=3, contact=contact.name, customer=contact.customer, kind="invoice_issued")
    delivery = Delivery(event, uuid4(), NOON)
    for _ in range(2):
        consumer.handlers(partial(repository.SqlUnitOfWork, api.engine, "contacts"))[MessageOpened]([delivery])
    with api.operator():
        (found,) = api.contacts.ListActivities(contacts_pb2.ListActivitiesRequest(parent=contact.name)).activities
    assert (found.kind, found.resource, found.title) == ("recapito.notifications.message.opened.v1", event.message, "invoice_issued")
    assert found.create_time.ToDatetime(UTC) == NOON
