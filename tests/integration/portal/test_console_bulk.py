"""The bulk change of the console: what, how many, confirmed, done."""

from __future__ import annotations

import pytest
from recapito.contacts.v1.contact_roles_pb2 import ContactRole
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences

from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator

ENGLISH = "/console/contacts/bulk?filter=language_code+%3D+%22en%22"


def held(told: Story) -> dict[str, Affiliation]:
    return {contact.first_name: contact.affiliations[0] for contact in told.backend.contacts.contacts.values()}


def on(affiliation: Affiliation) -> set[str]:
    return {field.name for field, value in affiliation.preferences.ListFields() if field.name != "kinds" and value == Preferences.ON}


@pytest.mark.req("R-FLD-07", "R-NOT-17")
def test_a_filtered_set_gets_a_profile_after_a_confirmation_that_names_the_count(told: Story, console: Operator) -> None:
    for contact in told.backend.contacts.contacts.values():
        contact.language_code = "en" if contact.first_name in {"Mario", "Laura"} else "it"
    before = on(held(told)["Giuseppe"])
    page = console.open(ENGLISH)
    assert "Riguarda 2 contatti" in page.text
    page = console.press("Avanti", profile="finance", permission_projects="DENY")
    assert "Modificare 2 contatti?" in page.text
    assert "Notifiche Amministrazione" in page.text
    assert on(held(told)["Giuseppe"]) == before
    page = console.press("Modifica 2 contatti")
    assert "2 contatti modificati" in page.text
    for name in ("Mario", "Laura"):
        assert on(held(told)[name]) == {"invoice", "credit_note", "contract"}
        assert held(told)[name].permissions.projects == Permissions.DENY
    assert on(held(told)["Giuseppe"]) == before


@pytest.mark.req("R-FLD-07")
def test_the_list_leads_there_with_its_filter(told: Story, console: Operator) -> None:
    for contact in told.backend.contacts.contacts.values():
        contact.language_code = "en" if contact.first_name == "Laura" else "it"
    console.open("/console/contacts?language=en")
    assert "Riguarda 1 contatto" in console.follow("Modifica in blocco").text


def test_single_notifications_and_the_role_change_and_the_rest_stays(told: Story, console: Operator) -> None:
    role = told.backend.contacts.create_contact_role(ContactRole(label_it="Referente", position=1), "")
    before = {name: on(affiliation) for name, affiliation in held(told).items()}
    console.open("/console/contacts/bulk")
    console.press("Avanti", notify_ticket="OFF", contact_role=role.name)
    console.press(next(words for form in console.page.forms for words, _name, _value in form.buttons if words.startswith("Modifica ")))
    for name, affiliation in held(told).items():
        assert on(affiliation) == before[name] - {"ticket"}
        assert affiliation.contact_role == role.name


def test_nothing_chosen_is_said_and_nothing_changes(told: Story, console: Operator) -> None:
    console.open(ENGLISH)
    page = console.press("Avanti")
    assert console.answer.status_code == 422
    assert page.errors == {"profile": "Scegli che cosa cambiare"}


def test_a_count_that_changed_meanwhile_asks_again_with_the_new_one(told: Story, console: Operator) -> None:
    for contact in told.backend.contacts.contacts.values():
        contact.language_code = "en" if contact.first_name == "Laura" else "it"
    console.open(ENGLISH)
    console.press("Avanti", profile="none")
    told.backend.contacts.contacts[told.mario].language_code = "en"
    page = console.press("Modifica 1 contatto")
    assert "Nel frattempo il numero è cambiato" in page.text
    assert on(held(told)["Laura"]), "nothing has changed yet"
    console.press("Modifica 2 contatti")
    assert not on(held(told)["Laura"])


def test_the_bulk_change_is_for_those_who_may_write(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities = frozenset({"contacts.read"})
    console.open(ENGLISH)
    assert console.answer.status_code == 404
