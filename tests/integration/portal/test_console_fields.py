"""Custom fields in the console: their list, form and deletion, and the place they have in the form of a contact."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.settings_pb2 import ContactsSettings
from recapito.type.v1.type_pb2 import LocalizedText

from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator


@pytest.fixture
def own(told: Story) -> Story:
    """With custom fields switched on."""
    told.backend.contacts.settings.modules.MergeFrom(ContactsSettings.Modules(custom_fields=True))
    return told


def new_field(told: Story, label: str, *options: str) -> UUID:
    given = Field(
        label=LocalizedText(it=label),
        type=Field.CHOICE if options else Field.TEXT,
        options=[Field.Option(label=LocalizedText(it=one)) for one in options],
    )
    return UUID(told.backend.fields.create_field(given, "").name.split("/")[1])


def hold(told: Story, contact_id: UUID, **values: str) -> None:
    told.backend.contacts.contacts[contact_id].profile.update(values)


@pytest.mark.req("R-GRP-01")
def test_the_menu_of_contacts_leads_to_all_contacts_groups_roles_and_fields(own: Story, console: Operator) -> None:
    for words in ("Tutti i contatti", "Gruppi", "Ruoli dei contatti", "Campi personalizzati"):
        console.open("/console/contacts")
        page = console.follow(words)
        assert console.answer.status_code == 200
        assert {"Tutti i contatti", "Gruppi", "Ruoli dei contatti", "Campi personalizzati"} <= {text for text, _address in page.links}
    assert "Tutti i contatti" not in {text for text, _address in console.open("/console/invoices").links}


@pytest.mark.req("R-FLD-01", "R-FLD-02", "R-FLD-03", "R-FLD-04", "R-FLD-05")
def test_a_field_is_made_appears_in_the_form_and_is_changed(own: Story, console: Operator) -> None:
    console.open("/console/settings/fields")
    assert "Ancora nessun campo" in console.page.text
    console.follow("Nuovo campo")
    page = console.press("Aggiungi scelta", label_it="Lingua preferita", type="CHOICE", options__0__it="Italiano")
    assert not own.backend.fields.custom, "nothing is saved yet"
    page = console.press("Salva campo", options__3__it="Inglese", filterable="1")
    assert "Lingua preferita Scelta singola Italiano, Inglese" in page.text
    console.open(f"/console/contacts/{own.laura}/edit")
    console.press("Salva contatto", p__lingua_preferita="inglese")
    assert "Lingua preferita Inglese" in console.page.text
    console.open("/console/settings/fields")
    console.follow("Modifica Lingua preferita")
    assert "Lo ha 1 contatto." in console.page.text
    console.press("Salva campo", label_it="Lingua", options__0__it="Italiana", options__2__it="Francese")
    (field,) = own.backend.fields.custom.values()
    assert (field.key, field.label_it, [one.label_it for one in field.options]) == (
        "lingua_preferita",
        "Lingua",
        ["Italiana", "Inglese", "Francese"],
    )


@pytest.mark.req("R-FLD-06", "R-FLD-07", "R-CON-19")
def test_the_list_is_filtered_by_the_fields_that_allow_it(own: Story, console: Operator) -> None:
    field_id = new_field(own, "Lingua", "Italiano", "Inglese")
    new_field(own, "Codice interno")
    hold(own, own.laura, lingua="inglese", kind="person")
    form = console.open("/console/contacts").forms[1]
    assert "p-lingua" not in form.choices
    own.backend.fields.custom[field_id] = replace(own.backend.fields.custom[field_id], filterable=True)
    page = console.open("/console/contacts")
    choices = next(form.choices for form in page.forms if "p-lingua" in form.choices)
    assert choices["p-lingua"] == ["", "italiano", "inglese"]
    assert {"p-kind", "p-categories"} <= choices.keys()
    assert "p-codice_interno" not in page.markup
    page = console.open("/console/contacts?p-lingua=inglese")
    assert "Bianchi Laura" in page.text
    assert "Verdi Giuseppe" not in page.text
    assert "Lingua: Inglese" in page.text
    assert "Bianchi Laura" not in console.open("/console/contacts?p-lingua=italiano").text


@pytest.mark.req("R-FLD-09")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label_it": "codice INTERNO"}, {"label_it": "Questo nome è già usato"}),
        ({"label_it": "Altro campo", "label_en": "codice interno"}, {"label_en": "Questo nome è già usato"}),
        ({"label_it": ""}, {"label_it": "Questo campo è obbligatorio"}),
        ({"type": "CHOICE"}, {"options": "Scrivi almeno una scelta"}),
        (
            {"type": "CHOICES", "options__0__it": "Sì", "options__1__en": "No", "options__2__it": "SÌ"},
            {"options-1-it": "Questo campo è obbligatorio", "options-2-it": "C’è già"},
        ),
        ({"position": "primo"}, {"position": "Scrivi un numero da 0 a 999"}),
    ],
)
def test_what_cannot_be_saved_stands_under_its_field_with_what_was_typed(
    own: Story, console: Operator, changes: dict[str, str], said: dict[str, str]
) -> None:
    new_field(own, "Codice interno")
    console.open("/console/settings/fields/new")
    page = console.press("Salva campo", **{"label_it": "Nuovo", **changes})
    assert console.answer.status_code == 422
    assert page.errors == said
    form, _button = page.form("Salva campo")
    assert all(form.values[name.replace("__", "-")] == [typed] for name, typed in changes.items())


@pytest.mark.req("R-FLD-04")
def test_a_choice_that_somebody_has_goes_only_when_it_is_taken_from_them_too(own: Story, console: Operator) -> None:
    field_id = new_field(own, "Lingua", "Italiano", "Inglese")
    hold(own, own.laura, lingua="inglese")
    console.open(f"/console/settings/fields/{field_id}/edit")
    page = console.press("Salva campo", options__1__it="")
    assert console.answer.status_code == 422
    assert "Alcuni contatti hanno la scelta tolta" in page.text
    console.press("Salva campo", force="1")
    assert [one.id for one in own.backend.fields.custom[field_id].options] == ["italiano"]
    assert "lingua" not in own.backend.contacts.contacts[own.laura].profile.fields


@pytest.mark.req("R-FLD-03")
def test_the_type_does_not_change_once_somebody_has_a_value(own: Story, console: Operator) -> None:
    field_id = new_field(own, "Anno")
    hold(own, own.laura, anno="duemila")
    console.open(f"/console/settings/fields/{field_id}/edit")
    page = console.press("Salva campo", type="NUMBER")
    assert console.answer.status_code == 422
    assert "Alcuni contatti hanno già un valore" in page.text


@pytest.mark.req("R-FLD-01")
def test_deleting_a_field_says_how_many_lose_a_value_first(own: Story, console: Operator) -> None:
    field_id = new_field(own, "Codice interno")
    for contact_id in (own.laura, own.mario):
        hold(own, contact_id, codice_interno="A1")
    console.open("/console/settings/fields")
    console.follow("Elimina Codice interno")
    assert "2 contatti perdono il loro valore" in console.page.text
    assert field_id in own.backend.fields.custom
    console.press("Elimina il campo")
    assert not own.backend.fields.custom
    assert "codice_interno" not in own.backend.contacts.contacts[own.laura].profile.fields


def test_a_value_that_came_meanwhile_is_told_before_it_goes(own: Story, console: Operator) -> None:
    field_id = new_field(own, "Codice interno")
    console.open(f"/console/settings/fields/{field_id}/delete")
    assert "Nessun contatto ha un valore." in console.page.text
    hold(own, own.laura, codice_interno="A1")
    page = console.press("Elimina il campo")
    assert (console.answer.status_code, "1 contatto perde il suo valore" in page.text) == (422, True)
    console.press("Elimina il campo")
    assert not own.backend.fields.custom


@pytest.mark.req("R-FLD-08")
def test_while_they_are_off_the_page_says_so_and_the_form_has_none(own: Story, console: Operator) -> None:
    new_field(own, "Codice interno")
    own.backend.contacts.settings.modules.custom_fields = False
    page = console.open("/console/settings/fields")
    assert "I campi personalizzati sono spenti" in page.text
    assert not {"Nuovo campo", "Modifica Codice interno"} & {words for words, _address in page.links}
    assert "Codice interno" not in console.open(f"/console/contacts/{own.laura}/edit").text
    console.open("/console/settings/fields")
    assert "Moduli" in console.follow("Accendi il modulo").text


def test_who_may_not_set_up_contacts_sees_the_fields_and_changes_none(own: Story, console: Operator) -> None:
    field_id = new_field(own, "Codice interno")
    own.backend.identity.capabilities = frozenset({"contacts.read", "contacts.write"})
    assert "Codice interno" in console.open("/console/settings/fields").text
    for page in ("fields/new", f"fields/{field_id}/edit", f"fields/{field_id}/delete", "blocks"):
        console.open(f"/console/settings/{page}")
        assert console.answer.status_code == 404
