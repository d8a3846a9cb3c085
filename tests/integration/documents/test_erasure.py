"""A person is erased in documents: what was issued stays, and the receipt says until when."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from recapito.contacts.events.v1.events_pb2 import CustomerCreated, ErasureRequested
from recapito.platform.events.v1.events_pb2 import PersonalDataErased

from libs.ids import new_id
from libs.messaging.consumer import Delivery
from libs.messaging.event import type_of
from services.documents import consumer
from services.documents.service.customers import apply_customer
from tests.everything import FakeSetAside, found
from tests.integration.documents.calls import get, issued
from tests.integration.documents.conftest import Documents
from tests.unit.documents.builders import ACME, NOON, customer, operator


def erase(documents: Documents, *, itself: bool = False, event_id: UUID | None = None, parked: FakeSetAside | None = None) -> None:
    person, customers = f"contacts/{new_id()}", [f"customers/{ACME}"]
    event = ErasureRequested(erasure="erasures/x", version=1, person=person, customers=customers, erased_customers=customers * itself)
    handler = consumer.erasing(documents.new_uow, documents.contacts, parked or FakeSetAside(), documents.clock)[ErasureRequested]
    handler([Delivery(event, event_id or new_id(), NOON)])


def receipts(documents: Documents) -> list[PersonalDataErased]:
    wanted = type_of(PersonalDataErased)
    return [PersonalDataErased.FromString(data) for kind, _, _, data in documents.events() if kind == wanted]


@pytest.mark.req("R-DEL-09")
def test_issued_invoices_stay_as_they_were_issued_and_are_held_by_law(documents: Documents) -> None:
    with documents.as_(operator()):
        invoice = issued(documents)
    erase(documents, itself=True)
    with documents.as_(operator()):
        assert get(documents, invoice.name) == invoice
    (receipt,) = receipts(documents)
    assert (receipt.service, list(receipt.held)) == ("documents", ["invoices"])
    assert receipt.held_until_date == f"{int(invoice.issue_date[:4]) + 10}-12-31"


def test_without_invoices_nothing_is_held(documents: Documents) -> None:
    erase(documents)
    assert [(one.erased_count, list(one.held), one.held_until_date) for one in receipts(documents)] == [(0, [], "")]


@pytest.mark.req("R-DEL-09")
def test_a_customer_that_is_the_person_loses_its_name_in_lists_and_searches(documents: Documents) -> None:
    known = customer(display_name="Giuseppina Bevilacqua")
    apply_customer(known, new_id(), uow=documents.new_uow(), clock=documents.clock)
    assert found(["bevilacqua"], documents.engine)
    documents.now = NOON + timedelta(minutes=1)
    documents.contacts.known[ACME] = customer(display_name="Persona anonimizzata")
    parked = FakeSetAside((f"customers/{ACME}", CustomerCreated))
    event_id = new_id()
    for _ in range(2):
        erase(documents, itself=True, event_id=event_id, parked=parked)
    assert not found(["bevilacqua"], documents.engine)
    assert found(["persona anonimizzata"], documents.engine)
    assert parked.parked == []
    assert [one.erased_count for one in receipts(documents)] == [2]
