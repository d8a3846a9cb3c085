"""Events in: every decision is stored once, on PostgreSQL and on SQLite."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.documents.events.v1 import events_pb2 as documents_events
from recapito.identity.events.v1 import events_pb2 as identity_events
from recapito.identity.v1 import accounts_pb2, links_pb2
from recapito.type.v1 import type_pb2
from sqlalchemy.exc import IntegrityError

from libs.errors import Unavailable
from libs.ids import new_id
from libs.messaging.consumer import Delivery
from services.notifications import service
from services.notifications.consumer import Listener
from services.notifications.domain.kinds import Type
from services.notifications.domain.messages import State
from services.notifications.service.planning import Planner
from tests.integration.notifications.looking import deliver, dispatches, messages, reasons, states
from tests.unit.notifications.builders import (
    ACME,
    EVENT,
    GIUSEPPE,
    INVOICE,
    LAURA,
    MARIO,
    NOON,
    SENDER,
    candidate,
    contact_created,
    invoice_issued,
    mailbox,
    message,
)

OTHER = UUID("0192f0c1-0000-7000-8000-000000000002")


def the_three(world: SimpleNamespace) -> None:
    """Mario and Laura want invoices, Giuseppe does not."""
    world.contacts.candidates[ACME] = (
        candidate(primary=True),
        candidate(LAURA, email="laura@acme.example", first_name="Laura", last_name="Bianchi"),
        candidate(GIUSEPPE, email="giuseppe@acme.example", first_name="Giuseppe", preferences={Type.INVOICE: False}),
    )


@pytest.mark.req("R-NOT-11")
@pytest.mark.req("R-EML-05")
def test_everybody_has_a_decision_also_who_is_told_nothing(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_invoice_issued([invoice_issued()])
    assert reasons(world) == {
        "invoice_issued mario@acme.example": "SEND_PREFERENCE_ON",
        "invoice_issued laura@acme.example": "SEND_PREFERENCE_ON",
        "invoice_issued giuseppe@acme.example": "SKIP_PREFERENCE_OFF",
    }
    assert states(world)["giuseppe@acme.example"] == "SUPPRESSED"
    (dispatch,) = dispatches(world)
    assert (dispatch.kind, dispatch.subject, dispatch.customer_id) == ("invoice_issued", INVOICE, ACME)
    assert dispatch.facts["amount_due"] == "1220.00 EUR"


@pytest.mark.req("R-NOT-24")
def test_an_event_delivered_again_changes_nothing(world: SimpleNamespace) -> None:
    the_three(world)
    for _ in range(3):
        world.listener.on_invoice_issued([invoice_issued(EVENT)])
    assert len(messages(world)) == 3
    assert len(dispatches(world)) == 1


@pytest.mark.req("R-NOT-24")
def test_an_event_that_the_inbox_has_forgotten_is_not_decided_anew(world: SimpleNamespace, engine: Any) -> None:
    the_three(world)
    world.listener.on_invoice_issued([invoice_issued(EVENT)])
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")
    world.contacts.candidates[ACME] += (candidate(new_id(), email="new@acme.example"),)
    world.listener.on_invoice_issued([invoice_issued(EVENT)])
    assert len(messages(world)) == 3


@pytest.mark.req("R-NOT-24")
def test_the_database_itself_refuses_a_second_message_about_one_event(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_invoice_issued([invoice_issued(EVENT)])
    (dispatch,) = dispatches(world)
    with pytest.raises(IntegrityError), world.new_uow() as uow:
        uow.messages.add([message(dispatch_id=dispatch.id, subject=dispatch.subject)])


def test_two_workers_with_the_same_event_decide_once(world: SimpleNamespace) -> None:
    the_three(world)
    errors: list[BaseException] = []

    def handle() -> None:
        try:
            world.listener.on_invoice_issued([invoice_issued(EVENT)])
        except BaseException as error:  # noqa: BLE001 - the consumer would try such an event again
            errors.append(error)

    threads = [threading.Thread(target=handle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(messages(world)) == 3


def test_a_group_of_events_asks_contacts_once(world: SimpleNamespace) -> None:
    the_three(world)
    world.contacts.candidates[OTHER] = (candidate(new_id(), email="other@other.example"),)
    events = [invoice_issued(customer=ACME if number % 2 else OTHER, invoice=f"invoices/{new_id()}") for number in range(10)]
    world.listener.on_invoice_issued(events)
    assert world.contacts.asked == [[OTHER, ACME]]
    assert len(messages(world)) == 5 * 3 + 5
    assert len(dispatches(world)) == 10


def test_an_invoice_issued_silently_tells_nobody_and_is_handled(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_invoice_issued([invoice_issued(EVENT, skip_notification=True), invoice_issued()])
    assert len(dispatches(world)) == 1


def test_while_contacts_is_away_the_event_stays(world: SimpleNamespace) -> None:
    the_three(world)
    world.contacts.away = True
    with pytest.raises(Unavailable):
        world.listener.on_invoice_issued([invoice_issued(EVENT)])
    world.contacts.away = False
    world.listener.on_invoice_issued([invoice_issued(EVENT)])
    assert len(messages(world)) == 3


@pytest.mark.req("R-NOT-22")
def test_preferences_count_as_they_are_when_the_event_is_handled(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_invoice_issued([invoice_issued()])
    world.contacts.candidates[ACME] = (candidate(preferences={}),)
    deliver(world)
    assert {letter.to_address for letter in world.mailer.letters} == {"mario@acme.example", "laura@acme.example"}


@pytest.mark.req("R-NOT-13")
def test_a_sole_contact_that_wants_nothing_leaves_no_message_to_send(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(preferences={}),)
    world.listener.on_invoice_issued([invoice_issued()])
    deliver(world)
    assert world.mailer.letters == []
    assert reasons(world) == {"invoice_issued mario@acme.example": "SKIP_PREFERENCE_OFF"}


@pytest.mark.req("R-CUS-04")
@pytest.mark.req("R-CUS-05")
def test_without_contacts_the_mailbox_gets_the_document_itself(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (mailbox(),)
    world.listener.on_invoice_issued([invoice_issued()])
    deliver(world)
    (letter,) = world.mailer.letters
    assert b"INV-2026-000001.pdf" in letter.content
    assert world.links.orders == [], "a mailbox is never a login"
    assert reasons(world) == {"invoice_issued info@acme.example": "SEND_CUSTOMER_MAILBOX"}


def test_a_suppressed_address_is_skipped_whatever_its_letters(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(email="Mario@ACME.example"),)
    with world.new_uow() as uow:
        uow.suppressions.add("mario@acme.example", "FAIL_ADDRESS_UNKNOWN", EVENT, NOON)
        uow.commit()
    world.listener.on_invoice_issued([invoice_issued()])
    assert reasons(world) == {"invoice_issued Mario@ACME.example": "SKIP_ADDRESS_SUPPRESSED"}


# --- payments ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-NOT-03")
def test_a_payment_is_confirmed_for_each_invoice_that_it_settles(world: SimpleNamespace) -> None:
    the_three(world)
    second = "invoices/0192f0c1-0000-7000-8000-0000000000a2"
    facts = {"invoice_number": "INV-2026-000001", "amount_due": "20.00 EUR", "due_day": "2026-12-24"}
    world.documents.invoices = {
        INVOICE: service.Invoice(ACME, facts),
        second: service.Invoice(ACME, {**facts, "invoice_number": "INV-2026-000002"}),
    }
    payment = "payments/0192f0c1-0000-7000-8000-0000000000b1"
    world.documents.payments[payment] = service.Payment("2026-11-24", {INVOICE: "1200.00 EUR", second: "5.00 EUR"})
    amount = type_pb2.Money(currency_code="EUR", amount="1205.00")
    event = documents_events.PaymentRecorded(
        payment=payment, version=1, customer=f"customers/{ACME}", amount=amount, invoices=[INVOICE, second]
    )
    for _ in range(2):
        world.listener.on_payment_recorded([Delivery(event, EVENT, NOON)])
    assert sorted(dispatch.subject for dispatch in dispatches(world)) == [INVOICE, second]
    deliver(world)
    assert sorted(letter.to_address for letter in world.mailer.letters) == ["laura@acme.example"] * 2 + ["mario@acme.example"] * 2


# --- account messages ----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-TPL-02")
@pytest.mark.req("R-IDN-01")
@pytest.mark.req("R-IDN-02")
@pytest.mark.parametrize(
    ("skip_welcome", "send_set_password", "expected"),
    [
        (False, False, {"welcome": "SEND_WELCOME"}),
        (True, False, {"welcome": "SKIP_WELCOME_NOT_WANTED"}),
        (False, True, {"welcome": "SEND_WELCOME", "set_password": "SEND_OPERATOR_ACTION"}),
        (True, True, {"welcome": "SKIP_WELCOME_NOT_WANTED", "set_password": "SEND_OPERATOR_ACTION"}),
    ],
)
def test_a_new_contact_is_welcomed_unless_not_wanted_and_gets_the_link_that_was_asked_for(
    world: SimpleNamespace, skip_welcome: bool, send_set_password: bool, expected: dict[str, str]
) -> None:
    world.contacts.candidates[ACME] = (candidate(preferences={}, block_ticket_email=True), candidate(LAURA, email="laura@acme.example"))
    world.listener.on_contact_created([contact_created(skip_welcome=skip_welcome, send_set_password=send_set_password)])
    assert reasons(world) == {f"{kind} mario@acme.example": reason for kind, reason in expected.items()}


@pytest.mark.req("R-TPL-03")
def test_a_disabled_welcome_template_means_no_welcome(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(),)
    sender = replace(SENDER, disabled=frozenset({"welcome"}))
    planner = Planner(world.new_uow, world.contacts, world.words, sender, lambda: NOON)
    Listener(planner, world.documents).on_contact_created([contact_created()])
    assert reasons(world) == {"welcome mario@acme.example": "SKIP_TEMPLATE_DISABLED"}


@pytest.mark.req("R-TPL-04", "R-IDN-12", "R-IDN-13")
def test_access_data_carry_login_and_link(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(preferences={}),)
    event = contacts_events.PortalAccessEnabled(contact=f"contacts/{MARIO}", version=3, customer=f"customers/{ACME}")
    world.listener.on_portal_access_enabled([Delivery(event, EVENT, NOON)])
    deliver(world)
    assert [order.purpose.name for order in world.links.orders] == ["SET_PASSWORD"]
    assert states(world) == {"mario@acme.example": "SENT"}


def link_requested(account: str, kind: int, purpose: int, **changes: Any) -> Delivery[Any]:
    event = identity_events.LinkRequested(account=account, version=1, **changes)
    event.kind, event.purpose = kind, purpose  # type: ignore[assignment] # numbers of the enums, as they come
    return Delivery(event, new_id(), NOON)


@pytest.mark.req("R-IDN-09")
@pytest.mark.parametrize(
    ("purpose", "password_set", "kind", "reason"),
    [
        (links_pb2.Link.SET_PASSWORD, True, "password_reset_by_operator", "SEND_OPERATOR_ACTION"),
        (links_pb2.Link.SET_PASSWORD, False, "set_password", "SEND_OPERATOR_ACTION"),
        (links_pb2.Link.RESET_PASSWORD, True, "password_reset_requested", "SEND_OWN_ACTION"),
        (links_pb2.Link.MAGIC, True, "sign_in_link", "SEND_OWN_ACTION"),
    ],
)
def test_a_requested_link_goes_to_the_contacts_address_of_now(
    world: SimpleNamespace, purpose: int, password_set: bool, kind: str, reason: str
) -> None:
    world.contacts.candidates[ACME] = (candidate(preferences={}),)
    asked = link_requested(f"accounts/{MARIO}", accounts_pb2.Account.CONTACT, purpose, password_set=password_set)
    world.listener.on_link_requested([asked])
    assert reasons(world) == {f"{kind} mario@acme.example": reason}
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}


def test_an_operator_is_written_to_at_the_address_of_the_event(world: SimpleNamespace) -> None:
    account = f"accounts/{new_id()}"
    about = {"email": "anna@verdi.example", "display_name": "Anna Neri", "language_code": "en"}
    world.listener.on_link_requested([link_requested(account, accounts_pb2.Account.OPERATOR, links_pb2.Link.INVITATION, **about)])
    deliver(world)
    (letter,) = world.mailer.letters
    assert letter.to_address == "anna@verdi.example"
    (sent,) = messages(world)
    assert (sent.kind, sent.person, sent.contact_id, sent.customer_id, sent.language) == ("operator_invited", account, None, None, "en")
    shown = world.words.template("operator_invited", "en", sent.reason)
    assert shown.secrets == {"invitation_url"}


@pytest.mark.req("R-NOT-23")
def test_a_changed_password_is_told_whatever_the_preferences(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(preferences={}),)
    event = identity_events.CredentialsChanged(account=f"accounts/{MARIO}", version=4, change=identity_events.CredentialsChanged.PASSWORD)
    event.kind = accounts_pb2.Account.CONTACT
    world.listener.on_credentials_changed([Delivery(event, EVENT, NOON)])
    assert reasons(world) == {"password_changed mario@acme.example": "SEND_MANDATORY"}
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}


def test_a_link_for_a_person_that_is_gone_leaves_a_decision_and_no_message(world: SimpleNamespace) -> None:
    world.listener.on_link_requested([link_requested(f"accounts/{MARIO}", accounts_pb2.Account.CONTACT, links_pb2.Link.MAGIC)])
    (decided,) = messages(world)
    assert (decided.reason.name, decided.state) == ("SKIP_CONTACT_DELETED", State.SUPPRESSED)


# --- a contact's end -----------------------------------------------------------------------------------------------------------------
def contact_deleted() -> Delivery[Any]:
    event = contacts_events.ContactDeleted(contact=f"contacts/{MARIO}", version=9, customer=f"customers/{ACME}")
    return Delivery(event, new_id(), NOON)


def test_what_has_not_left_for_a_deleted_contact_is_cancelled(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_invoice_issued([invoice_issued()])
    world.listener.on_contact_deleted([contact_deleted()])
    deliver(world)
    assert states(world) == {"mario@acme.example": "CANCELLED", "laura@acme.example": "SENT", "giuseppe@acme.example": "SUPPRESSED"}


def test_a_message_decided_just_before_the_deletion_does_not_leave_after_it(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_invoice_issued([invoice_issued()])
    with world.new_uow() as uow:
        uow.deleted_contacts.add(MARIO, NOON)  # and the message was not there yet to be cancelled
        uow.commit()
    deliver(world)
    assert states(world)["mario@acme.example"] == "CANCELLED"
    assert [letter.to_address for letter in world.mailer.letters] == ["laura@acme.example"]


def test_whoever_was_asked_for_just_before_the_deletion_is_decided_as_deleted(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_contact_deleted([contact_deleted()])
    world.listener.on_invoice_issued([invoice_issued()])  # its candidates were asked for before
    deliver(world)
    assert "mario@acme.example" not in states(world)
    assert [letter.to_address for letter in world.mailer.letters] == ["laura@acme.example"]


def test_a_contact_that_is_back_is_sent_to_again_without_a_welcome_unless_it_was_erased(world: SimpleNamespace) -> None:
    the_three(world)
    world.listener.on_contact_deleted([contact_deleted()])
    back = contacts_events.ContactCreated(contact=f"contacts/{MARIO}", version=10, skip_welcome=True, restored=True)
    world.listener.on_contact_created([Delivery(back, new_id(), NOON)])
    assert not messages(world)
    world.listener.on_invoice_issued([invoice_issued()])
    deliver(world)
    assert states(world)["mario@acme.example"] == "SENT"
    with world.new_uow() as uow:
        uow.deleted_contacts.add(MARIO, NOON, erased=True)
        uow.commit()
    world.listener.on_contact_created([Delivery(back, new_id(), NOON)])
    with world.new_uow() as uow:
        assert uow.deleted_contacts.among([MARIO]) == {MARIO}
