"""Opens of messages, on both databases: only where installation and contact allow it, a hint and no more."""

from __future__ import annotations

import email
import re
import threading
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from recapito.contacts.events.v1.events_pb2 import ErasureRequested
from recapito.notifications.events.v1.events_pb2 import MessageOpened

from libs import database
from libs.ids import new_id
from libs.messaging.consumer import Delivery
from libs.messaging.event import type_of
from libs.unit_of_work import NO_REQUEST
from services.notifications import consumer
from services.notifications.domain.messages import Message, Outcome, State
from services.notifications.domain.opens import MOST_COUNTED
from services.notifications.repository.tables import opens
from services.notifications.service.opens import update_settings
from services.notifications.service.reading import get_message
from tests.everything import FakeSetAside
from tests.integration.notifications.looking import ITSELF, deliver, messages
from tests.unit.notifications.builders import ACME, INVOICE, LAURA, MARIO, NOON, SENDER, candidate, contact_created, invoice_issued, mailbox

IMAGE = re.compile(r'<img src="https://area\.verdi\.example/o/([A-Za-z0-9_-]{43})" width="1" height="1" alt="">')


def switch(world: SimpleNamespace, *, on: bool) -> None:
    update_settings(lambda before: replace(before, open_tracking=on), NO_REQUEST, uow=world.new_uow())


def consenting(world: SimpleNamespace, *, still: bool = True) -> None:
    world.contacts.candidates[ACME] = (candidate(open_tracking=still),)


def send(world: SimpleNamespace) -> str:
    """Send Mario an invoice that he may be tracked for; return the token of its image."""
    consenting(world)
    switch(world, on=True)
    world.listener.on_invoice_issued([invoice_issued(invoice=f"invoices/{new_id()}")])
    deliver(world)
    return token_of(world)


def token_of(world: SimpleNamespace, at: int = -1) -> str:
    found = IMAGE.findall(html_of(world, at))
    assert len(found) == 1
    return str(found[0])


def html_of(world: SimpleNamespace, at: int = -1) -> str:
    return part_of(world, "text/html", at)


def part_of(world: SimpleNamespace, kind: str, at: int = -1) -> str:
    parts = email.message_from_bytes(world.mailer.letters[at].content).walk()
    (data,) = [part.get_payload(decode=True) for part in parts if part.get_content_type() == kind]
    assert isinstance(data, bytes)
    return data.decode()


def announced(engine: Any) -> list[MessageOpened]:
    with engine.connect() as connection:
        rows = connection.execute(sa.select(database.outbox).where(database.outbox.c.type == type_of(MessageOpened))).all()
    return [MessageOpened.FromString(row.data) for row in rows]


def kept(engine: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(opens)).all())


# --- what is tracked -----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-ACT-11")
@pytest.mark.parametrize(("on", "consents"), [(False, False), (True, False), (False, True)])
def test_without_setting_or_consent_there_is_no_image(world: SimpleNamespace, engine: Any, on: bool, consents: bool) -> None:
    """Security rule 50."""
    consenting(world, still=consents)
    if on:
        switch(world, on=True)
    world.listener.on_invoice_issued([invoice_issued()])
    deliver(world)
    assert "<img" not in html_of(world)
    assert not kept(engine)


@pytest.mark.req("R-ACT-10")
def test_with_both_the_html_has_one_image_and_the_text_none(world: SimpleNamespace) -> None:
    token = send(world)
    assert token not in part_of(world, "text/plain")
    (message,) = messages(world)
    shown = get_message(message.id, caller=ITSELF, read=world.read, words=world.words, sender=SENDER)
    assert shown.content is not None
    assert "<img" not in shown.content.html, "who looks at the copy opens nothing"


@pytest.mark.req("R-ACT-11")
def test_neither_a_mailbox_nor_a_message_about_access_has_one(world: SimpleNamespace) -> None:
    switch(world, on=True)
    world.contacts.candidates[ACME] = (mailbox(),)
    world.listener.on_invoice_issued([invoice_issued()])
    consenting(world)
    world.listener.on_contact_created([contact_created()])
    deliver(world)
    assert len(world.mailer.letters) == 2
    assert not any("<img" in html_of(world, at) for at in range(2))


@pytest.mark.req("R-ACT-10")
def test_a_letter_that_goes_again_has_a_new_token(world: SimpleNamespace, engine: Any) -> None:
    world.mailer.outcomes = {"mario@acme.example": Outcome(State.DEFERRED, "451 later")}
    consenting(world)
    switch(world, on=True)
    world.listener.on_invoice_issued([invoice_issued()])
    deliver(world)
    (first,) = kept(engine)
    world.mailer.outcomes = {}
    world.now[0] += timedelta(minutes=2)
    deliver(world)
    (second,) = kept(engine)
    assert (second.message_id, second.token_hash == first.token_hash) == (first.message_id, False)
    world.record_open(token_of(world))
    assert announced(engine)


# --- what counts ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-ACT-10", "R-ACT-11")
def test_the_first_fetch_is_announced_and_further_ones_are_counted(world: SimpleNamespace, engine: Any) -> None:
    """Security rule 50: beside the message, times and a number are all that is kept."""
    token = send(world)
    (before,) = messages(world)
    for hours in (1, 2, 3):
        world.now[0] = NOON + timedelta(hours=hours)
        world.record_open(token)
    (after,) = messages(world)
    assert (before.open_time, after.open_time) == (None, NOON + timedelta(hours=1))
    (event,) = announced(engine)
    assert (event.message, event.contact, event.customer) == (f"messages/{after.id}", f"contacts/{MARIO}", f"customers/{ACME}")
    assert (event.kind, event.subject_resource, event.version) == ("invoice_issued", after.subject, after.version)
    (row,) = kept(engine)
    assert (row.count, row.last_time) == (3, NOON + timedelta(hours=3))
    assert set(row._fields) == {"message_id", "token_hash", "last_time", "count"}


def test_the_count_ends_somewhere(world: SimpleNamespace, engine: Any) -> None:
    token = send(world)
    with engine.begin() as connection:
        connection.execute(sa.update(opens).values(count=MOST_COUNTED - 1))
    for _ in range(3):
        world.record_open(token)
    assert kept(engine)[0].count == MOST_COUNTED


@pytest.mark.req("R-ACT-11")
def test_unknown_tokens_and_consents_that_were_taken_back_count_nothing(world: SimpleNamespace, engine: Any) -> None:
    """Security rule 50: the consent is asked of contacts each time."""
    token = send(world)
    world.record_open("x" * 43)
    consenting(world, still=False)
    world.record_open(token)
    world.contacts.candidates[ACME] = ()
    world.record_open(token)
    assert (announced(engine), messages(world)[0].open_time, kept(engine)[0].count) == ([], None, 0)
    consenting(world)
    world.record_open(token)
    assert len(announced(engine)) == 1


@pytest.mark.req("R-ACT-11")
def test_what_fetches_it_on_the_way_is_not_a_reader(world: SimpleNamespace, engine: Any) -> None:
    tokens: list[str] = []
    hand_over = world.mailer.hand_over

    def fetched(letters: Any, enter_data: Any) -> Any:
        outcomes = hand_over(letters, enter_data)
        tokens.append(token_of(world))
        world.record_open(tokens[0])
        return outcomes

    world.mailer.hand_over = fetched
    send(world)
    assert tokens
    assert announced(engine) == []


@pytest.mark.req("R-ACT-11")
def test_switching_off_ends_it_for_what_was_sent_before(world: SimpleNamespace, engine: Any) -> None:
    token = send(world)
    switch(world, on=False)
    world.record_open(token)
    switch(world, on=True)
    world.record_open(token)
    assert (announced(engine), kept(engine)[0].token_hash) == ([], None)


def test_of_two_fetches_at_once_one_is_announced(world: SimpleNamespace, engine: Any) -> None:
    token, start = send(world), threading.Barrier(4)

    def fetch() -> None:
        start.wait()
        world.record_open(token)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(announced(engine)), kept(engine)[0].count) == (1, 4)


# --- the end -------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DEL-09", "R-ACT-11")
def test_an_erasure_takes_tokens_and_times(world: SimpleNamespace, engine: Any) -> None:
    """Security rules 50 and 63; what is about others stays."""
    token = send(world)
    laura = candidate(LAURA, email="laura@acme.example", open_tracking=True)
    world.contacts.candidates[ACME] = (candidate(open_tracking=True), laura)
    world.listener.on_invoice_issued([invoice_issued(invoice=INVOICE)])
    deliver(world)
    to_laura = next(at for at, letter in enumerate(world.mailer.letters) if letter.to_address == "laura@acme.example")
    for opened in (token, token_of(world, to_laura)):
        world.record_open(opened)
    event = ErasureRequested(erasure=f"erasures/{MARIO}", version=1, person=f"contacts/{MARIO}", customers=[f"customers/{ACME}"])
    consumer.erasing(world.planner, FakeSetAside())[ErasureRequested]([Delivery(event, new_id(), NOON)])
    by_person: dict[Any, list[Message]] = {}
    for message in messages(world):
        by_person.setdefault(message.contact_id, []).append(message)
    assert [message.open_time for message in by_person[MARIO]] == [None, None]
    assert [message.open_time for message in by_person[LAURA]] == [NOON]
    assert {row.message_id for row in kept(engine)} == {message.id for message in by_person[LAURA]}
    world.record_open(token)
    assert len(announced(engine)) == 2
