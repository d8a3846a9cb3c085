"""Messages leave, or say why they did not: on PostgreSQL and SQLite, over fakes and over real SMTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from libs import database, telemetry
from libs.access import Caller, Kind
from services.notifications import jobs, service
from services.notifications.domain.kinds import Type
from services.notifications.domain.messages import Outcome, State
from services.notifications.service import reading
from services.notifications.service.delivering import Deliverer
from tests.integration.notifications.looking import deliver, dispatches, messages, states, suppressed
from tests.mailbox import Mailbox, Received
from tests.unit.notifications.builders import (
    ACME,
    GIUSEPPE,
    INVOICE,
    LAURA,
    MARIO,
    NOON,
    SENDER,
    candidate,
    contact_created,
    invoice_issued,
)

EVERYTHING = Caller(Kind.OPERATOR, sees_all=True)


def issue(world: SimpleNamespace, *people: Any, **event: Any) -> None:
    world.contacts.candidates[ACME] = people or (candidate(),)
    world.listener.on_invoice_issued([invoice_issued(**event)])


# --- the path ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-NOT-11")
@pytest.mark.req("R-NOT-12")
@pytest.mark.req("R-IDN-21")
@pytest.mark.req("R-TPL-16")
def test_an_issued_invoice_reaches_those_who_want_it(
    world: SimpleNamespace, over_smtp: Callable[[], Deliverer], smtp_sink: Mailbox
) -> None:
    laura = candidate(LAURA, email="laura@acme.example", first_name="Laura", language="en", right_to_left=True)
    issue(world, candidate(), laura, candidate(GIUSEPPE, email="giuseppe@acme.example", preferences={Type.INVOICE: False}))
    over_smtp().deliver_batch()
    assert sorted(recipient for mail in smtp_sink.messages for recipient in mail.recipients) == ["laura@acme.example", "mario@acme.example"]
    (mario,) = smtp_sink.to("mario@acme.example")
    assert mario.message["Subject"] == "Nuova fattura INV-2026-000001 da Studio Verdi"
    assert mario.message["From"] == "Studio Verdi <recapito@verdi.example>"
    assert mario.message["To"] == "mario@acme.example"
    assert "Buongiorno Mario," in mario.part("plain")
    assert "https://area.verdi.example/area/enter/secret-" in mario.part("plain")
    assert '<html lang="it" dir="ltr">' in mario.part("html")
    (to_laura,) = smtp_sink.to("laura@acme.example")
    assert to_laura.message["Subject"] == "New invoice INV-2026-000001 from Studio Verdi"
    assert '<html lang="en" dir="rtl">' in to_laura.part("html")
    assert states(world) == {"mario@acme.example": "SENT", "laura@acme.example": "SENT", "giuseppe@acme.example": "SUPPRESSED"}
    assert {order.landing for order in world.links.orders} == {INVOICE}


def test_a_hand_over_is_announced_once_with_its_state(world: SimpleNamespace, engine: Any) -> None:
    issue(world)
    deliver(world)
    with engine.connect() as connection:
        outbox = [(row.type, row.subject) for row in connection.execute(database.outbox.select())]
    (sent,) = messages(world)
    assert outbox == [("recapito.notifications.message.sent.v1", f"messages/{sent.id}")]
    assert (sent.send_time, sent.due_time) == (NOON, None)
    assert [(attempt.number, attempt.state, attempt.reply) for attempt in sent.attempts] == [(1, State.SENT, "250 OK")]


def test_nothing_stored_holds_a_link(world: SimpleNamespace, engine: Any) -> None:
    issue(world)
    deliver(world)
    with engine.connect() as connection:
        tables = [table for table in sa.inspect(engine).get_table_names() if table != "alembic_version"]
        stored = " ".join(str(connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()) for table in tables)
    assert "invoice_issued" in stored
    assert "secret-" not in stored


def test_messages_leave_as_soon_as_they_are_committed(world: SimpleNamespace, engine: Any, eventually: Callable[..., Any]) -> None:
    stop, waiter = threading.Event(), database.Waiter(engine, service.MESSAGES_CHANNEL)
    looks: list[float] = []

    @dataclass
    class Patient:
        """Waits long: only the wake-up can end it."""

        def wait(self, timeout_seconds: float) -> None:
            looks.append(timeout_seconds)
            waiter.wait(20.0 if timeout_seconds else 0.0)

    body = jobs.delivery(world.deliverer, prepare=lambda: None, waiter=Patient(), close=lambda: None)
    thread = threading.Thread(target=body, args=[stop])
    thread.start()
    eventually(lambda: len(looks) > 1)
    issue(world)
    eventually(lambda: world.mailer.letters, seconds=5)
    stop.set()
    issue(world)  # wakes it once more, so that it sees the end
    thread.join(10)
    assert not thread.is_alive()


def test_a_worker_that_is_stopped_gives_back_what_has_not_left(world: SimpleNamespace) -> None:
    world.mailer.width = 1
    issue(world, candidate(), candidate(LAURA, email="laura@acme.example"))
    assert world.deliverer.deliver_batch(lambda: bool(world.mailer.letters)) == 2
    assert len(world.mailer.letters) == 1
    assert sorted(states(world).values()) == ["QUEUED", "SENT"]
    world.now[0] += timedelta(seconds=2)
    deliver(world)
    assert sorted(states(world).values()) == ["SENT", "SENT"]


# --- refusals and retries ------------------------------------------------------------------------------------------------------------
def test_a_refused_address_is_suspended_and_the_others_are_served(
    world: SimpleNamespace, over_smtp: Callable[[], Deliverer], smtp_sink: Mailbox
) -> None:
    smtp_sink.answers["mario@acme.example"] = "550 5.1.1 no such user"
    issue(world, candidate(), candidate(LAURA, email="laura@acme.example"))
    over_smtp().deliver_batch()
    assert states(world) == {"mario@acme.example": "FAILED", "laura@acme.example": "SENT"}
    assert next(one.failure for one in messages(world) if one.state is State.FAILED) == "FAIL_ADDRESS_UNKNOWN"
    assert suppressed(world, "mario@acme.example", "laura@acme.example") == {"mario@acme.example"}
    issue(world, candidate())
    assert messages(world)[-1].reason.name == "SKIP_ADDRESS_SUPPRESSED"


def test_an_address_suspended_meanwhile_stops_what_was_decided_before(world: SimpleNamespace) -> None:
    issue(world)
    with world.new_uow() as uow:
        uow.suppressions.add("mario@acme.example", "FAIL_ADDRESS_UNKNOWN", MARIO, NOON)
        uow.commit()
    deliver(world)
    (message,) = messages(world)
    assert (message.state, message.failure) == (State.FAILED, "FAIL_ADDRESS_UNKNOWN")
    assert world.mailer.letters == []


def test_a_refusal_for_now_is_tried_again_later_and_for_a_day_at_most(world: SimpleNamespace) -> None:
    world.mailer.outcomes["mario@acme.example"] = Outcome(State.DEFERRED, "451 later", "FAIL_SERVER_BUSY")
    issue(world)
    deliver(world)
    (message,) = messages(world)
    assert (message.state, message.failure, message.due_time) == (State.DEFERRED, "FAIL_SERVER_BUSY", NOON + timedelta(minutes=1))
    attempts = 1
    while message.state is State.DEFERRED:
        deliver(world)
        assert messages(world)[0].attempt == attempts, "not before its time"
        world.now[0] = message.due_time
        deliver(world)
        attempts += 1
        (message,) = messages(world)
    assert message.state is State.FAILED
    assert world.now[0] - NOON <= timedelta(hours=24)
    assert [attempt.number for attempt in message.attempts] == list(range(1, attempts + 1))


def test_while_the_mail_server_is_away_messages_wait(world: SimpleNamespace) -> None:
    world.mailer.outcomes["mario@acme.example"] = Outcome(State.QUEUED, "", "FAIL_SERVER_UNREACHABLE")
    issue(world)
    deliver(world)
    assert states(world) == {"mario@acme.example": "QUEUED"}
    world.mailer.outcomes.clear()
    world.now[0] += timedelta(minutes=5)
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}


def test_while_identity_is_away_messages_with_links_wait(world: SimpleNamespace) -> None:
    world.links.away = True
    issue(world)
    deliver(world)
    (message,) = messages(world)
    assert (message.state, message.failure) == (State.QUEUED, "FAIL_LINK")
    world.links.away = False
    world.now[0] += timedelta(minutes=5)
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}


def test_a_message_that_lacks_a_value_does_not_leave(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(),)
    event = invoice_issued()
    event.message.due_date = ""
    world.listener.on_invoice_issued([event])
    deliver(world)
    (message,) = messages(world)
    assert (message.state, message.failure) == (State.FAILED, "FAIL_CONTENT")


def test_an_unsafe_subject_does_not_leave(world: SimpleNamespace) -> None:
    world.contacts.candidates[ACME] = (candidate(),)
    event = invoice_issued()
    event.message.number = "=?utf-8?q?x?="
    world.listener.on_invoice_issued([event])
    deliver(world)
    (message,) = messages(world)
    assert (message.state, message.failure) == (State.FAILED, "FAIL_UNSAFE_HEADER")


# --- links that are refused ----------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-27")
@pytest.mark.parametrize("refusal", ["ENTRY_ACCESS_OFF", "ENTRY_PERIOD_NOT_STARTED", "ENTRY_PERIOD_ENDED"])
def test_who_may_not_enter_still_hears_of_the_invoice_with_a_page_that_asks_to_sign_in(world: SimpleNamespace, refusal: str) -> None:
    world.links.refusals[MARIO] = refusal
    issue(world)
    deliver(world)
    (letter,) = world.mailer.letters
    sent = text_of(letter)
    assert f"https://area.verdi.example/area/{INVOICE}" in sent
    assert "personale" not in sent


def test_a_message_that_is_only_a_link_is_not_sent_to_who_may_not_enter(world: SimpleNamespace) -> None:
    world.links.refusals[MARIO] = "ENTRY_ACCESS_OFF"
    world.contacts.candidates[ACME] = (candidate(),)
    world.listener.on_contact_created([contact_created(skip_welcome=True, send_set_password=True)])
    deliver(world)
    message = next(one for one in messages(world) if one.kind == "set_password")
    assert (message.state, message.reason.name) == (State.SUPPRESSED, "SKIP_ENTRY_CLOSED")
    assert world.mailer.letters == []
    shown = reading.get_message(message.id, caller=EVERYTHING, read=world.read, words=world.words, sender=SENDER)
    assert shown.content is None, "what was withheld at the last moment has no text to show"


def text_of(letter: service.Letter) -> str:
    return Received(letter.from_address, [letter.to_address], letter.content).part("plain")


# --- crashes -------------------------------------------------------------------------------------------------------------------------
class Killed(BaseException):
    """Stands for kill -9: nothing after it runs."""


@dataclass
class DyingMailer:
    """Dies before or after it was allowed to enter DATA."""

    inside_data: bool
    width: int = 8

    def hand_over(self, letters: Sequence[service.Letter], enter_data: service.EnterData) -> Mapping[UUID, Outcome]:
        if self.inside_data:
            enter_data(letters)
        raise Killed


def dying(world: SimpleNamespace, *, inside_data: bool) -> Deliverer:
    deliverer: Deliverer = world.deliverer
    return replace(deliverer, mailer=DyingMailer(inside_data))


def test_a_sender_that_dies_before_the_text_loses_nothing(world: SimpleNamespace) -> None:
    issue(world)
    with pytest.raises(Killed):
        dying(world, inside_data=False).deliver_batch()
    assert states(world) == {"mario@acme.example": "CLAIMED"}
    deliver(world)
    assert world.mailer.letters == [], "the claim still holds"
    world.now[0] += timedelta(minutes=3)
    world.deliverer.give_up_lost()
    deliver(world)
    assert states(world) == {"mario@acme.example": "SENT"}


def test_a_sender_that_dies_inside_the_text_leaves_the_message_uncertain(world: SimpleNamespace) -> None:
    issue(world)
    with pytest.raises(Killed):
        dying(world, inside_data=True).deliver_batch()
    assert states(world) == {"mario@acme.example": "TRANSMITTING"}
    world.now[0] += timedelta(minutes=3)
    world.deliverer.give_up_lost()
    assert states(world) == {"mario@acme.example": "UNCERTAIN"}
    world.now[0] += timedelta(days=2)
    deliver(world)
    assert world.mailer.letters == [], "never sent again by itself"


def test_a_slow_sender_whose_claim_was_taken_over_sends_nothing(world: SimpleNamespace) -> None:
    issue(world)
    other = world.deliverer

    @dataclass
    class SlowMailer:
        width: int = 8

        def hand_over(self, letters: Sequence[service.Letter], enter_data: service.EnterData) -> Mapping[UUID, Outcome]:
            world.now[0] += timedelta(minutes=3)
            assert other.deliver_batch() == 1
            assert enter_data(letters) == set()
            return {}

    replace(world.deliverer, mailer=SlowMailer()).deliver_batch()
    assert len(world.mailer.letters) == 1
    assert states(world) == {"mario@acme.example": "SENT"}


def test_a_late_reply_still_counts_after_the_message_was_given_up(world: SimpleNamespace) -> None:
    issue(world)

    @dataclass
    class LateMailer:
        width: int = 8

        def hand_over(self, letters: Sequence[service.Letter], enter_data: service.EnterData) -> Mapping[UUID, Outcome]:
            enter_data(letters)
            world.now[0] += timedelta(minutes=3)
            world.deliverer.give_up_lost()
            assert states(world) == {"mario@acme.example": "UNCERTAIN"}
            return {letter.message.id: Outcome(State.SENT, "250 OK") for letter in letters}

    replace(world.deliverer, mailer=LateMailer()).deliver_batch()
    assert states(world) == {"mario@acme.example": "SENT"}


@pytest.mark.req("R-NOT-24")
def test_several_senders_share_the_queue_and_nobody_gets_two(
    world: SimpleNamespace, over_smtp: Callable[[], Deliverer], smtp_sink: Mailbox
) -> None:
    people = tuple(candidate(MARIO.__class__(int=MARIO.int + number), email=f"c{number}@acme.example") for number in range(40))
    world.contacts.candidates[ACME] = people
    world.listener.on_invoice_issued([invoice_issued(invoice=f"invoices/{MARIO}"), invoice_issued()])
    failures: list[BaseException] = []

    def run() -> None:
        deliverer = over_smtp()
        try:
            while deliverer.deliver_batch():
                pass
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    received = sorted(recipient for mail in smtp_sink.messages for recipient in mail.recipients)
    assert received == sorted(person.email for person in people for _ in range(2))
    assert len({mail.message["Message-ID"] for mail in smtp_sink.messages}) == 80
    assert set(states(world).values()) == {"SENT"}


# --- what is remembered --------------------------------------------------------------------------------------------------------------
def test_the_words_of_a_message_are_those_of_the_day_it_was_decided(world: SimpleNamespace) -> None:
    issue(world)
    (message,) = messages(world)
    with world.new_uow() as uow:
        source = uow.revisions.get(message.revision)
        assert uow.revisions.number(message.revision) == 1
        uow.revisions.keep([replace(source, subject="Other words {invoice_number}")], NOON)
        newer = replace(source, subject="Other words {invoice_number}").revision
        assert uow.revisions.number(newer) == 2
        uow.commit()
    assert source.kind == "invoice_issued"
    assert newer != message.revision


def test_a_trace_goes_on_from_the_event_to_the_announcement(world: SimpleNamespace, engine: Any) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    world.contacts.candidates[ACME] = (candidate(),)
    world.listener.on_invoice_issued([replace(invoice_issued(), traceparent=traceparent)])
    assert [dispatch.traceparent for dispatch in dispatches(world)] == [traceparent]
    deliver(world)
    with engine.connect() as connection:
        (announced,) = connection.execute(database.outbox.select()).all()
    assert announced.traceparent.split("-")[1] == "0af7651916cd43dd8448eb211c80319c"
    assert telemetry.traceparent() == ""
