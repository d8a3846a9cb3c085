"""A person is erased in notifications: what was sent stays counted, to whom and what it said does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from recapito.contacts.events.v1.events_pb2 import ContactCreated, CustomerCreated, ErasureRequested
from recapito.identity.events.v1.events_pb2 import CredentialsChanged
from recapito.platform.events.v1.events_pb2 import PersonalDataErased

from libs import database
from libs.access import Caller, Kind
from libs.ids import new_id
from libs.messaging.consumer import Delivery
from libs.messaging.event import type_of
from services.notifications import consumer
from services.notifications.domain.messages import Outcome, State
from services.notifications.service.reading import get_message
from tests.everything import FakeSetAside, everything, found
from tests.integration.notifications.looking import deliver, dispatches, messages
from tests.unit.notifications.builders import ACME, LAURA, MARIO, NOON, SENDER, candidate, contact_created, invoice_issued

EVERYTHING = Caller(Kind.OPERATOR, sees_all=True)
PERSONAL = ("mario", "rossi")


def erase(world: SimpleNamespace, *, itself: bool = False, event_id: UUID | None = None, parked: FakeSetAside | None = None) -> None:
    customers = [f"customers/{ACME}"]
    event = ErasureRequested(erasure=f"erasures/{MARIO}", version=1, person=f"contacts/{MARIO}", customers=customers)
    event.erased_customers.extend(customers * itself)
    handler = consumer.erasing(world.planner, parked or FakeSetAside())[ErasureRequested]
    handler([Delivery(event, event_id or new_id(), NOON)])


def receipts(engine: Any) -> list[PersonalDataErased]:
    with engine.connect() as connection:
        rows = connection.execute(sa.select(database.outbox).where(database.outbox.c.type == type_of(PersonalDataErased))).all()
    return [PersonalDataErased.FromString(row.data) for row in rows]


def issue(world: SimpleNamespace) -> None:
    laura = candidate(LAURA, email="laura@acme.example", first_name="Laura", last_name="Verdi")
    world.contacts.candidates[ACME] = (candidate(), laura)
    world.listener.on_invoice_issued([invoice_issued()])


@pytest.mark.req("R-DEL-09")
def test_addresses_names_and_bodies_go_and_counts_stay(world: SimpleNamespace, engine: Any) -> None:
    """Rule 63."""
    issue(world)
    world.mailer.outcomes = {"mario@acme.example": Outcome(State.FAILED, "550 no mailbox mario", "FAIL_ADDRESS_UNKNOWN", bad_address=True)}
    deliver(world)
    assert all(word in everything(engine) for word in PERSONAL)
    erase(world)
    assert not found(PERSONAL, engine)
    (mario,) = [message for message in messages(world) if message.contact_id == MARIO]
    assert (mario.to_address, mario.first_name, mario.last_name) == ("", "", "")
    assert get_message(mario.id, caller=EVERYTHING, read=world.read, words=world.words, sender=SENDER).content is None
    (laura,) = [message for message in messages(world) if message.contact_id == LAURA]
    assert laura.to_address == "laura@acme.example"
    shown = get_message(laura.id, caller=EVERYTHING, read=world.read, words=world.words, sender=SENDER)
    assert shown.content is not None
    (receipt,) = receipts(engine)
    assert (receipt.service, receipt.version, receipt.erased_count >= 1) == ("notifications", 1, True)


@pytest.mark.req("R-DEL-05", "R-DEL-09")
def test_what_has_not_left_is_cancelled_and_nothing_new_is_written(world: SimpleNamespace, engine: Any) -> None:
    issue(world)
    erase(world)
    deliver(world)
    assert [letter.to_address for letter in world.mailer.letters] == ["laura@acme.example"]
    assert [message.state for message in messages(world) if message.contact_id == MARIO] == [State.CANCELLED]
    world.contacts.candidates[ACME] = (candidate(),)  # as contacts answered a moment before
    world.listener.on_invoice_issued([invoice_issued(invoice=f"invoices/{new_id()}")])
    world.listener.on_contact_created([contact_created()])
    assert not found(PERSONAL, engine)
    assert {message.reason.name for message in messages(world) if message.contact_id == MARIO} >= {"SKIP_CONTACT_DELETED"}


def test_erasing_twice_is_one_receipt(world: SimpleNamespace, engine: Any) -> None:
    issue(world)
    event_id = new_id()
    for _ in range(2):
        erase(world, event_id=event_id)
    assert len(receipts(engine)) == 1
    erase(world)
    assert len(receipts(engine)) == 2


def test_a_letter_that_is_under_way_leaves_no_address_behind(world: SimpleNamespace, engine: Any) -> None:
    """The mail server refuses the address after the person was erased: it is not put on the list of refused ones."""
    issue(world)
    refuse = Outcome(State.FAILED, "550 no mailbox mario", "FAIL_ADDRESS_UNKNOWN", bad_address=True)
    hand_over: Callable[..., Any] = world.mailer.hand_over

    def erased_meanwhile(letters: Any, enter_data: Any) -> Any:
        outcomes = hand_over(letters, enter_data)
        erase(world)
        mario = {letter.message.id for letter in letters if letter.message.contact_id == MARIO}
        return {id_: refuse if id_ in mario else outcome for id_, outcome in outcomes.items()}

    world.mailer.hand_over = erased_meanwhile
    world.deliverer.deliver_batch()
    assert not found(PERSONAL, engine)


def test_the_name_of_a_customer_that_is_the_person_goes_from_what_was_said(world: SimpleNamespace, engine: Any) -> None:
    issue(world)
    assert any("company_name" in dispatch.facts for dispatch in dispatches(world))
    erase(world, itself=True)
    assert not any("company_name" in dispatch.facts for dispatch in dispatches(world))


def test_parked_events_about_the_person_go_and_others_stay(world: SimpleNamespace) -> None:
    mario, laura, acme = f"contacts/{MARIO}", f"contacts/{LAURA}", f"customers/{ACME}"
    parked = FakeSetAside(
        (mario, ContactCreated), (laura, ContactCreated), (f"accounts/{MARIO}", CredentialsChanged), (acme, CustomerCreated)
    )
    erase(world, parked=parked)
    assert parked.parked == [(laura, ContactCreated), (acme, CustomerCreated)]


def test_who_plans_at_that_very_moment_writes_before_or_not_at_all(world: SimpleNamespace, engine: Any) -> None:
    """Rule 63: whichever of the two is first, nothing is left."""
    world.contacts.candidates[ACME] = (candidate(),)
    start = threading.Barrier(6)

    def plan() -> None:
        start.wait()
        for _ in range(5):
            world.listener.on_invoice_issued([invoice_issued(invoice=f"invoices/{new_id()}")])

    def end() -> None:
        start.wait()
        erase(world)

    threads = [threading.Thread(target=each) for each in (plan, plan, end, plan, plan, plan)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not found(PERSONAL, engine)
    assert len(messages(world)) == 25
