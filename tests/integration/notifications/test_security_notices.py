"""What identity announces, as its owner or the administrators read it: links, codes, changes, and "this was not me"."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from recapito.identity.events.v1 import events_pb2 as identity_events
from recapito.identity.v1 import accounts_pb2, links_pb2

from libs.ids import new_id
from libs.messaging.consumer import Delivery
from services.notifications import service
from services.notifications.service import reading
from tests.integration.notifications.looking import deliver, messages, reasons
from tests.integration.notifications.test_delivery import EVERYTHING, text_of
from tests.mailbox import Received
from tests.unit.notifications.builders import ACME, INVOICE, MARIO, NOON, SENDER, candidate

Changed = identity_events.CredentialsChanged
CONTACT, OPERATOR = accounts_pb2.Account.CONTACT, accounts_pb2.Account.OPERATOR
CODE = "HK4T-9QPW"


def tell(world: SimpleNamespace, change: Changed.Change.ValueType, **more: Any) -> None:
    world.contacts.candidates[ACME] = (candidate(preferences={}),)
    event = Changed(account=f"accounts/{MARIO}", version=4, kind=CONTACT, change=change, **more)
    world.listener.on_credentials_changed([Delivery(event, new_id(), NOON)])
    deliver(world)


def ask_for_link(world: SimpleNamespace, **more: Any) -> None:
    world.contacts.candidates[ACME] = (candidate(preferences={}),)
    event = identity_events.LinkRequested(account=f"accounts/{MARIO}", version=1, kind=CONTACT, purpose=links_pb2.Link.MAGIC, **more)
    world.listener.on_link_requested([Delivery(event, new_id(), NOON)])
    deliver(world)


def only(world: SimpleNamespace) -> service.Letter:
    (letter,) = world.mailer.letters
    found: service.Letter = letter
    return found


def page_of(letter: service.Letter) -> str:
    return Received(letter.from_address, [letter.to_address], letter.content).part("html")


# --- links that are asked for --------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-04")
def test_a_fresh_link_lands_where_the_expired_one_would_have(world: SimpleNamespace) -> None:
    ask_for_link(world, landing=INVOICE)
    assert [(order.purpose.name, order.landing) for order in world.links.orders] == [("MAGIC", INVOICE)]
    ask_for_link(world)
    assert world.links.orders[-1].landing == ""


def test_rule_46_the_code_stands_alone_in_its_line_and_history_shows_a_mark(world: SimpleNamespace) -> None:
    ask_for_link(world)
    letter = only(world)
    assert f"Se il link non si apre, codice da digitare entro 15 minuti: {CODE}" in text_of(letter).splitlines()
    assert CODE in page_of(letter)
    assert CODE not in Received(letter.from_address, [letter.to_address], letter.content).message["Subject"]
    (sent,) = messages(world)
    content = reading.get_message(sent.id, caller=EVERYTHING, read=world.read, words=world.words, sender=SENDER).content
    assert content is not None
    assert CODE not in content.text + content.html
    assert "codice da digitare entro 15 minuti: «riservato»" in content.text
    assert CODE not in repr((sent, world.links.orders, service.Minted("token", code=CODE)))


def test_only_a_sign_in_link_has_a_place_for_a_code(world: SimpleNamespace) -> None:
    with_code = {order.with_code for order in world.links.orders}
    tell(world, Changed.PASSWORD)
    assert {order.with_code for order in world.links.orders} | with_code == {False}
    ask_for_link(world)
    assert world.links.orders[-1].with_code


# --- notices -------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "more", "kind", "said"),
    [
        (Changed.PASSWORD, {}, "password_changed", "Le altre sessioni aperte sono state chiuse."),
        (Changed.FACTOR_ADDED, {}, "second_factor_changed", "Modifica: Verifica aggiunta"),
        (Changed.FACTOR_REMOVED, {}, "second_factor_changed", "Modifica: Verifica tolta"),
        (Changed.RECOVERY_CODES, {}, "second_factor_changed", "Modifica: Nuovi codici di recupero"),
        (Changed.NEW_DEVICE, {"device": "Firefox on Linux"}, "new_sign_in", "Dispositivo: Firefox su Linux"),
        (Changed.NEW_DEVICE, {"device": "curl"}, "new_sign_in", "Dispositivo: curl"),
        (Changed.NEW_DEVICE, {}, "new_sign_in", "Dispositivo: Non riconosciuto"),
    ],
)
def test_the_owner_hears_of_each_change_with_a_link_to_disown_it(
    world: SimpleNamespace, change: Changed.Change.ValueType, more: dict[str, Any], kind: str, said: str
) -> None:
    tell(world, change, **more)
    assert reasons(world) == {f"{kind} mario@acme.example": "SEND_MANDATORY"}
    text = text_of(only(world))
    assert said in text
    assert any(re.fullmatch(r"https://area\.verdi\.example/area/disown/secret-\w+", line) for line in text.splitlines())
    assert [order.purpose.name for order in world.links.orders] == ["DISOWN"]


def test_who_may_not_enter_hears_of_it_without_a_link(world: SimpleNamespace) -> None:
    world.links.refusals[MARIO] = "ENTRY_ACCESS_OFF"
    tell(world, Changed.PASSWORD)
    letter = only(world)
    assert "è stata cambiata" in text_of(letter)
    assert "info@verdi.example" in text_of(letter)
    assert "Segnala" not in text_of(letter) + page_of(letter)
    assert 'href="' not in page_of(letter).partition("<main")[2].partition("</main>")[0]


def test_an_operator_disowns_in_the_console(world: SimpleNamespace) -> None:
    account = f"accounts/{new_id()}"
    event = Changed(account=account, version=2, kind=OPERATOR, change=Changed.NEW_DEVICE, email="anna@verdi.example", language_code="en")
    world.listener.on_credentials_changed([Delivery(event, new_id(), NOON)])
    deliver(world)
    text = text_of(only(world))
    assert "/console/disown/secret-" in text
    assert "Device: Not recognised" in text


@pytest.mark.parametrize(("kind", "page"), [(CONTACT, f"contacts/{MARIO}"), (OPERATOR, "settings/operators")])
def test_of_a_disowned_link_each_administrator_hears_once_and_the_person_does_not(
    world: SimpleNamespace, kind: accounts_pb2.Account.Kind.ValueType, page: str
) -> None:
    told = [
        Changed.Administrator(account=f"accounts/{new_id()}", email=f"{name}@verdi.example", display_name=name) for name in ("ada", "ugo")
    ]
    event = Changed(account=f"accounts/{MARIO}", version=4, kind=kind, change=Changed.LINK_DISOWNED, administrators=told)
    deliveries = [Delivery(event, new_id(), NOON)]
    for _ in range(2):
        world.listener.on_credentials_changed(deliveries)
    deliver(world)
    assert sorted(letter.to_address for letter in world.mailer.letters) == ["ada@verdi.example", "ugo@verdi.example"]
    assert f"/console/{page}" in text_of(world.mailer.letters[0])
    assert world.links.orders == []
    assert set(reasons(world).values()) == {"SEND_MANDATORY"}


def test_without_an_administrator_nobody_is_told(world: SimpleNamespace) -> None:
    tell(world, Changed.LINK_DISOWNED)
    assert messages(world) == []
