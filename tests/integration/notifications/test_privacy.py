"""What notifications knows of a person: what it was sent, with the words, what it was not, and why."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from recapito.contacts.events.v1 import events_pb2 as contacts_events

from libs.access import Caller, Kind
from libs.errors import NotFound
from libs.ids import new_id
from libs.messaging.consumer import Delivery
from services.notifications.domain.kinds import Type
from services.notifications.domain.messages import Outcome, State
from services.notifications.servicer import Privacy
from tests.integration.notifications.looking import deliver
from tests.personal import exported, kinds, of_kind
from tests.unit.notifications.builders import ACME, LAURA, MARIO, NOON, SENDER, candidate, contact_created, invoice_issued

TOKEN_HASH = bytes(32)
NORTH, SOUTH = new_id(), new_id()
EVERYTHING = Caller(Kind.OPERATOR, new_id(), sees_all=True)


def person(account_id: Any) -> Caller:
    return Caller(Kind.CONTACT, account_id, customer_id=ACME)


@pytest.fixture
def servicer(world: SimpleNamespace) -> Privacy:
    """Mario and Laura, of a customer of the north, were told of an invoice, Mario also that he may enter; one address is refused."""
    laura = candidate(LAURA, email="laura@acme.example", first_name="Laura", last_name="Bevilacqua", preferences={Type.INVOICE: False})
    world.contacts.candidates[ACME] = (candidate(), laura)
    created = contacts_events.CustomerCreated(
        customer=f"customers/{ACME}", version=1, snapshot=contacts_events.CustomerSnapshot(groups=[f"groups/{NORTH}"])
    )
    world.listener.on_customer_changed([Delivery(created, new_id(), NOON)])
    world.listener.on_invoice_issued([invoice_issued()])
    world.listener.on_contact_created([contact_created()])
    world.mailer.outcomes = {"mario@acme.example": Outcome(State.FAILED, "550 no mailbox", "FAIL_ADDRESS_UNKNOWN", bad_address=True)}
    deliver(world)
    with world.new_uow() as uow:
        (opened, *_others) = uow.personal_data.messages([f"contacts/{MARIO}"], EVERYTHING)
        uow.opens.keep({opened: TOKEN_HASH})
        uow.opens.count(TOKEN_HASH, NOON)
        uow.commit()
    return Privacy(world.read, world.words, SENDER)


def test_a_person_gets_its_messages_with_words_and_reasons_and_nobody_elses(servicer: Privacy) -> None:
    records = exported(servicer, MARIO, person(MARIO))
    assert kinds(records) == ["message", "occasion", "opened_message", "refused_address"]
    told = of_kind(records, "message")
    assert len(told) >= 2
    assert all(one["to_address"] == "mario@acme.example" and one["decision"]["text"] for one in told)
    assert any("Mario" in one["content"]["text"] and one["content"]["subject"] for one in told if "content" in one)
    assert of_kind(records, "refused_address")[0]["address"] == "mario@acme.example"
    assert [one["count"] for one in of_kind(records, "opened_message")] == [1]
    written = json.dumps(records).lower()
    assert not [word for word in ("laura", "bevilacqua", "/password/", "/in/") if word in written]
    (skipped,) = of_kind(exported(servicer, LAURA, person(LAURA)), "message")
    assert (skipped["decision"]["outcome"], "content" in skipped) == ("SKIP", False)


def test_operators_get_what_was_about_customers_whom_they_see(servicer: Privacy) -> None:
    everything = exported(servicer, MARIO, EVERYTHING)
    assert everything == exported(servicer, MARIO, person(MARIO))
    north, south = (Caller(Kind.OPERATOR, new_id(), groups=frozenset({group})) for group in (NORTH, SOUTH))
    assert "message" in kinds(exported(servicer, MARIO, north))
    assert exported(servicer, MARIO, south) == exported(servicer, new_id(), south) == []
    with pytest.raises(NotFound):
        exported(servicer, MARIO, person(LAURA))
