"""Contact roles in the console: the list in the settings, the choice in the form of a contact, the filter of the list."""

from __future__ import annotations

from uuid import UUID

import pytest
from recapito.contacts.v1.contact_roles_pb2 import ContactRole
from recapito.contacts.v1.contacts_pb2 import Affiliation

from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator
from tests.integration.portal.serve import app


def new_role(told: Story, label_it: str, **fields: object) -> ContactRole:
    return told.backend.contacts.create_contact_role(ContactRole(label_it=label_it, **fields), "")  # type: ignore[arg-type] # fields of a role


def give(told: Story, contact_id: UUID, role: ContactRole) -> Affiliation:
    (affiliation,) = told.backend.contacts.contacts[contact_id].affiliations
    affiliation.contact_role = role.name
    return affiliation


def labels(told: Story) -> list[str]:
    return [role.label_it for role in told.backend.contacts.contact_roles.values()]


@pytest.mark.req("R-ROL-02")
def test_roles_are_created_edited_and_deleted_in_the_settings(told: Story, console: Operator) -> None:
    console.open("/console/settings")
    console.follow("Ruoli dei contatti")
    console.follow("Nuovo ruolo")
    console.press("Salva ruolo", label_it="Titolare", label_en="Owner", position="20")
    console.follow("Nuovo ruolo")
    page = console.press("Salva ruolo", label_it="Referente amministrativo")
    assert page.text.index("Titolare") < page.text.index("Referente amministrativo"), "a new one stands last"
    console.follow("Modifica Referente amministrativo")
    page = console.press("Salva ruolo", label_it="Amministrazione", position="1")
    assert page.text.index("Amministrazione") < page.text.index("Titolare")
    console.follow("Elimina Titolare")
    assert "Nessuno lo ha" in console.page.text
    console.press("Elimina il ruolo")
    assert labels(told) == ["Amministrazione"]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("label_it", "titolare", "Questo nome è già usato"),
        ("label_it", "", "Questo campo è obbligatorio"),
        ("position", "primo", "Scrivi un numero da 0 a 999"),
        ("position", "1000", "Scrivi un numero da 0 a 999"),
    ],
)
def test_what_cannot_be_saved_stands_under_its_field_with_what_was_typed(
    told: Story, console: Operator, field: str, typed: str, said: str
) -> None:
    new_role(told, "Titolare")
    console.open("/console/settings/contact-roles/new")
    page = console.press("Salva ruolo", **{"label_it": "Altro", "label_en": "Other", field: typed})
    assert console.answer.status_code == 422
    assert page.errors == {field: said}
    form, _button = page.form("Salva ruolo")
    assert (form.values[field], form.values["label_en"]) == ([typed], ["Other"])


def test_a_role_that_somebody_else_saved_shows_both_versions(told: Story, console: Operator) -> None:
    role = new_role(told, "Titolare")
    console.open(f"/console/settings/contact-roles/{role.name.split('/')[1]}/edit")
    told.backend.contacts.update_contact_role(ContactRole(name=role.name, label_it="Proprietario"), ["label_it"], "")
    page = console.press("Salva ruolo", label_it="Socio")
    assert console.answer.status_code == 409
    assert "Salvato da un’altra persona: Proprietario" in page.text
    console.press("Salva ruolo")
    assert labels(told) == ["Socio"]


@pytest.mark.req("R-ROL-05")
@pytest.mark.parametrize("way", ["replaced", "cleared"])
def test_a_role_that_is_held_is_deleted_only_when_its_holders_are_decided(told: Story, console: Operator, way: str) -> None:
    old, new = new_role(told, "Ragioniere"), new_role(told, "Contabile")
    held = give(told, told.laura, old)
    console.open("/console/settings/contact-roles")
    page = console.follow("Elimina Ragioniere")
    assert "Lo ha 1 contatto." in page.text
    page = console.press("Elimina il ruolo")
    assert console.answer.status_code == 422
    assert "Qualcuno ha ancora questo ruolo" in page.text
    assert sorted(labels(told)) == ["Contabile", "Ragioniere"]
    console.press("Elimina il ruolo", holders=new.name if way == "replaced" else "clear")
    assert held.contact_role == (new.name if way == "replaced" else "")
    assert labels(told) == ["Contabile"]


@pytest.mark.req("R-ROL-01", "R-ROL-03")
def test_a_role_is_given_in_the_form_of_a_contact_and_shown_where_one_looks_for_whom_to_call(told: Story, console: Operator) -> None:
    role = new_role(told, "Referente amministrativo", label_en="Accounts contact")
    console.open(f"/console/contacts/{told.laura}/edit")
    console.press("Salva contatto", contact_role=role.name)
    (affiliation,) = told.backend.contacts.contacts[told.laura].affiliations
    assert (affiliation.contact_role, affiliation.position) == (role.name, "Responsabile amministrativa")
    for path in (f"/console/contacts/{told.laura}", f"/console/customers/{told.abc}/contacts", "/console/contacts"):
        assert "Referente amministrativo" in console.open(path).text
    console.open(f"/console/contacts/{told.laura}/edit")
    console.press("Salva contatto", contact_role="")
    assert told.backend.contacts.contacts[told.laura].affiliations[0].contact_role == ""


def test_a_role_is_named_in_the_language_of_the_page(told: Story) -> None:
    give(told, told.laura, new_role(told, "Titolare", label_en="Owner"))
    give(told, told.mario, new_role(told, "Referente"))
    english = Operator(app(told).test_client(), "en")
    english.sign_in()
    assert "Owner" in english.open(f"/console/contacts/{told.laura}").text
    assert "Referente" in english.open(f"/console/contacts/{told.mario}").text, "without an English name it is the Italian one"


@pytest.mark.req("R-ROL-03")
def test_a_new_contact_gets_its_role_at_once(told: Story, console: Operator) -> None:
    role = new_role(told, "Titolare")
    console.open(f"/console/contacts/new?customer={told.abc}")
    console.press("Crea contatto", first_name="Anna", last_name="Neri", email="anna@abc.example", contact_role=role.name)
    anna = next(one for one in told.backend.contacts.contacts.values() if one.first_name == "Anna")
    assert anna.affiliations[0].contact_role == role.name


def test_without_roles_the_form_asks_for_none(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.laura}/edit")
    form, _button = page.form("Salva contatto")
    assert "contact_role" not in form.choices
    console.press("Salva contatto", first_name="Lara")
    assert told.backend.contacts.contacts[told.laura].first_name == "Lara"


@pytest.mark.req("R-ROL-04")
def test_the_list_of_contacts_is_filtered_by_role(told: Story, console: Operator) -> None:
    role = new_role(told, "Referente amministrativo")
    give(told, told.laura, role)
    console.open("/console/settings/contact-roles")
    page = console.follow("1 con il ruolo Referente amministrativo")
    assert "Bianchi Laura" in page.text
    assert "Verdi Giuseppe" not in page.text


def test_who_may_not_set_up_contacts_sees_the_roles_and_changes_none(told: Story, console: Operator) -> None:
    role = new_role(told, "Titolare")
    told.backend.identity.capabilities = frozenset({"contacts.read", "contacts.write"})
    page = console.open("/console/settings/contact-roles")
    assert "Titolare" in page.text
    assert not {"Nuovo ruolo", "Modifica Titolare", "Elimina Titolare"} & {words for words, _address in page.links}
    for page_ in ("new", f"{role.name.split('/')[1]}/edit", f"{role.name.split('/')[1]}/delete"):
        console.open(f"/console/settings/contact-roles/{page_}")
        assert console.answer.status_code == 404
