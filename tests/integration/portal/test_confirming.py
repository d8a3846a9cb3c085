"""Pages that ask before something happens: what changed meanwhile is shown, and asked about once more."""

from __future__ import annotations

from recapito.contacts.v1.groups_pb2 import Group
from recapito.identity.v1.accounts_pb2 import Account

from libs.ids import new_id
from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import touched
from tests.integration.portal.pages import Operator


def test_what_was_changed_meanwhile_is_asked_about_again_and_then_done(told: Story, console: Operator) -> None:
    groups, id_ = told.backend.contacts.groups, new_id()
    groups[id_] = touched(Group(name=f"groups/{id_}", display_name="Sportello"))
    console.open(f"/console/settings/groups/{id_}/delete")
    groups[id_].display_name = "Sportello Arenella"
    touched(groups[id_])
    page = console.press("Elimina il gruppo")
    assert console.answer.status_code == 409
    assert "Sportello Arenella" in page.text
    assert id_ in groups
    console.press("Elimina il gruppo")
    assert id_ not in groups


def test_an_account_that_was_changed_meanwhile_is_switched_off_at_the_second_press(told: Story, console: Operator) -> None:
    id_ = new_id()
    bruno = touched(Account(name=f"accounts/{id_}", kind=Account.OPERATOR, display_name="Bruno Neri", state=Account.ACTIVE))
    told.backend.identity.accounts[id_] = bruno
    console.open(f"/console/settings/operators/{id_}/disable")
    touched(bruno)
    console.press("Disattiva Bruno Neri")
    assert console.answer.status_code == 409
    assert bruno.state == Account.ACTIVE
    page = console.press("Disattiva Bruno Neri")
    assert bruno.state == Account.DISABLED
    assert "Operatore disattivato: le sue sessioni sono chiuse" in page.text


def test_a_contact_that_was_changed_meanwhile_is_deleted_at_the_second_press(told: Story, console: Operator) -> None:
    giuseppe = told.backend.contacts.contacts[told.giuseppe]
    console.open(f"/console/contacts/{told.giuseppe}/delete")
    touched(giuseppe)
    console.press("Elimina Giuseppe Verdi")
    assert console.answer.status_code == 409
    assert told.giuseppe in told.backend.contacts.contacts
    console.press("Elimina Giuseppe Verdi")
    assert told.giuseppe not in told.backend.contacts.contacts
