"""The blocks of a contact: in its form, on its card, and switched on and off in the settings."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format
from recapito.contacts.v1.contacts_pb2 import ContactPoint
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.settings_pb2 import ContactsSettings
from recapito.type.v1.type_pb2 import LocalizedText

from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator
from tests.integration.portal.serve import app

ALL = (
    "Organizza", "Anagrafica", "Iscrizione all’associazione", "Dati fiscali", "Residenza o sede legale", "Domicilio o sede operativa",
    "Immigrazione", "Recapiti", "Documenti d’identità", "Famiglia", "Lavoro", "Pensione", "Accesso al portale", "Altro",
    "Campi personalizzati",
)  # fmt: skip


def switch(told: Story, *hidden: Field.Block.ValueType, **modules: bool) -> None:
    settings = told.backend.contacts.settings
    del settings.hidden_blocks[:]
    settings.hidden_blocks.extend(hidden)
    settings.modules.MergeFrom(ContactsSettings.Modules(**modules))


def profile(told: Story) -> dict[str, Any]:
    return json_format.MessageToDict(told.backend.contacts.contacts[told.laura].profile)


def edit(told: Story) -> str:
    return f"/console/contacts/{told.laura}/edit"


def blocks_of(markup: str) -> list[str]:
    """Return the titles of the sections that can be seen, in their order."""
    sections = markup.split('<details class="card rc-block"')[1:]
    return [each.split("<h2>")[1].split("</h2>")[0] for each in sections if " hidden" not in each.split(">")[0]]


@pytest.mark.req("R-FRM-01", "R-FRM-06", "R-LST-06")
def test_the_form_has_all_blocks_that_are_on_in_their_order_empty_or_filled(told: Story, console: Operator) -> None:
    switch(told, membership=True, custom_fields=True)
    told.backend.fields.create_field(Field(label=LocalizedText(it="Codice interno"), type=Field.TEXT), "")
    empty = console.open(f"/console/contacts/new?customer={told.abc}")
    assert blocks_of(empty.markup) == list(ALL)
    filled = console.open(edit(told))
    assert blocks_of(filled.markup) == list(ALL)
    inputs = [page.form(button)[0].values.keys() for page, button in ((empty, "Crea contatto"), (filled, "Salva contatto"))]
    assert {name for name in inputs[0] if name.startswith("p-")} == {name for name in inputs[1] if name.startswith("p-")}


@pytest.mark.req("R-FRM-05", "R-FRM-07", "R-FRM-08", "R-FRM-10", "R-FRM-14", "R-FRM-15", "R-FRM-16", "R-CON-18", "R-CON-19")
def test_what_is_typed_in_the_blocks_is_saved_shown_again_and_read_on_the_card(told: Story, console: Operator) -> None:
    console.open(edit(told))
    console.press(
        "Salva contatto",
        p__kind="company",
        p__categories=["supplier", "client"],
        p__birth_date="1980-02-03",
        p__tax_code="rssmra85t10a562s",
        p__residence_city="Napoli",
        p__residence_country="italia",
        p__citizenship="FR",
        p__household_size="3",
        p__employment_kind="permanent",
        p__pension_institution="INPS",
        p__website="https://www.abc.example",
        p__remarks="Preferisce\nil mattino",
    )
    assert profile(told) == {
        "kind": "company",
        "categories": ["client", "supplier"],
        "birth_date": "1980-02-03",
        "tax_code": "RSSMRA85T10A562S",
        "residence_city": "Napoli",
        "residence_country": "IT",
        "citizenship": "FR",
        "household_size": "3",
        "employment_kind": "permanent",
        "pension_institution": "INPS",
        "website": "https://www.abc.example",
        "remarks": "Preferisce\nil mattino",
    }
    card = console.page.text
    for said in ("Tipo di contatto Azienda", "Categorie Cliente, Fornitore", "RSSMRA85T10A562S", "Francia", "Ente che la paga INPS"):
        assert said in card
    assert "Datore di lavoro" not in card, "what is empty is not there"
    values = console.open(edit(told)).form("Salva contatto")[0].values
    assert (values["p-residence_country"], values["p-categories"]) == (["Italia"], ["client", "supplier"])


@pytest.mark.req("R-FRM-12", "R-FRM-13", "R-FRM-06")
def test_rows_of_a_table_are_added_without_losing_what_was_typed_and_empty_ones_go(told: Story, console: Operator) -> None:
    switch(told, membership=True)
    console.open(edit(told))
    console.press("Aggiungi riga Componenti", p__family_members__0__name="Ada Verdi", first_name="Lara")
    assert told.backend.contacts.contacts[told.laura].first_name == "Laura", "nothing is saved yet"
    console.press("Aggiungi riga Quote annuali", p__membership_fees__0__year="2025", p__membership_fees__0__amount="1.250,5")
    console.press("Aggiungi riga Componenti")
    console.press(
        "Salva contatto",
        p__family_members__2__name="Ugo Verdi",
        p__family_members__2__relation="child",
        p__family_members__2__dependant="1",
    )
    assert profile(told)["family_members"] == [{"name": "Ada Verdi"}, {"name": "Ugo Verdi", "relation": "child", "dependant": True}]
    assert profile(told)["membership_fees"] == [{"year": "2025", "amount": "1250.50"}]
    assert "Ugo Verdi Figlio" in console.page.text
    assert told.backend.contacts.contacts[told.laura].first_name == "Lara"
    console.open(edit(told))
    console.press("Salva contatto", p__family_members__0__name="")
    assert [row["name"] for row in profile(told)["family_members"]] == ["Ugo Verdi"]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("tax_code", "RSSMRA85T10A562X", "Il codice fiscale non è valido: ricopialo dal documento"),
        ("vat_number", "01234567890", "La partita IVA non è valida: servono 11 cifre con quella di controllo giusta"),
        ("iban", "IT00X", "L’IBAN non è valido: ricopialo"),
        ("residence_postal_code", "8013", "In Italia il CAP ha cinque cifre"),
        ("residence_province", "Napoli", "In Italia la provincia ha due lettere. Esempio: NA"),
        ("residence_country", "Atlantide", "Scegli un paese dall’elenco. Esempio: Italia"),
        ("household_size", "tre", "Scrivi un numero. Esempio: 1.234,50"),
        ("website", "javascript:alert(1)", "L’indirizzo comincia con https://. Esempio: https://www.azienda.it"),
        ("birth_date", "2026-02-30", "La data non esiste"),
        ("family_members-0-tax_code", "X", "Il codice fiscale non è valido: ricopialo dal documento"),
    ],
)
@pytest.mark.req("R-FLD-10")
def test_what_is_wrong_stands_under_its_field_in_an_open_block_and_nothing_typed_is_lost(
    told: Story, console: Operator, field: str, typed: str, said: str
) -> None:
    console.open(edit(told))
    page = console.press("Salva contatto", **{f"p-{field}".replace("-", "__"): typed, "p__profession": "Sarta"})
    assert console.answer.status_code == 422
    assert page.errors == {f"p-{field}": said}
    values = page.form("Salva contatto")[0].values
    assert (values[f"p-{field}"], values["p-profession"]) == ([typed], ["Sarta"])
    section = page.markup.split(f'id="p-{field}"')[0].rsplit('<details class="card rc-block"', 1)[1].split(">")[0]
    assert " open" in section


@pytest.mark.req("R-FRM-02", "R-FRM-03", "R-CRD-03")
def test_a_block_that_is_switched_off_leaves_form_and_card_and_keeps_what_it_holds(told: Story, console: Operator) -> None:
    console.open(edit(told))
    console.press("Salva contatto", p__profession="Sarta", p__website="https://www.abc.example")
    console.open("/console/settings")
    console.follow("Blocchi della scheda")
    form, _button = console.page.form("Salva blocchi")
    assert "REGISTRY" not in form.choices["on"], "the names cannot go"
    kept = [name for name in form.values["on"] if name not in {"EMPLOYMENT", "CONTACT_POINTS", "PRIVACY"}]
    console.press("Salva blocchi", on=kept)
    assert "Lavoro" not in blocks_of(console.open(edit(told)).markup)
    assert "Recapiti" not in blocks_of(console.page.markup)
    page = console.press("Salva contatto", p__website="https://www.altro.example")
    assert "Sarta" not in page.text
    assert "Privacy policy" not in page.text
    assert profile(told) == {"kind": "person", "profession": "Sarta", "website": "https://www.altro.example"}
    assert told.backend.contacts.contacts[told.laura].email == "laura.bianchi@abc.example"
    console.open("/console/settings/blocks")
    console.press("Salva blocchi", on=[*kept, "EMPLOYMENT", "CONTACT_POINTS", "PRIVACY"])
    assert "Sarta" in console.open(f"/console/contacts/{told.laura}").text


@pytest.mark.req("R-FRM-06")
def test_membership_is_there_only_with_its_module(told: Story, console: Operator) -> None:
    assert "Iscrizione all’associazione" not in blocks_of(console.open(edit(told)).markup)
    switch(told, membership=True)
    assert "Iscrizione all’associazione" in blocks_of(console.open(edit(told)).markup)


@pytest.mark.req("R-FRM-11")
def test_further_telephones_and_addresses_are_rows(told: Story, console: Operator) -> None:
    console.open(edit(told))
    console.press("Aggiungi riga Altri recapiti", point__0__kind="EMAIL", point__0="casa@abc.example", point__0__label="casa")
    page = console.press("Salva contatto", point__1__kind="MOBILE", point__1="345", phone="+39 081 555 0142")
    assert page.errors == {"point-1": "Il numero non è completo. Esempio: +39 345 123 4567"}
    console.press("Salva contatto", point__1="+39 345 123 4567")
    points = told.backend.contacts.contacts[told.laura].contact_points
    assert [(one.kind, one.value, one.label) for one in points] == [
        (ContactPoint.PHONE, "+390815550142", ""),
        (ContactPoint.EMAIL, "casa@abc.example", "casa"),
        (ContactPoint.MOBILE, "+393451234567", ""),
    ]


def test_a_field_that_came_while_the_form_was_open_is_left_alone(told: Story, console: Operator) -> None:
    console.open(edit(told))
    switch(told, custom_fields=True)
    told.backend.fields.create_field(Field(label=LocalizedText(it="Codice"), type=Field.TEXT), "")
    told.backend.contacts.contacts[told.laura].profile.update({"codice": "A1"})
    console.press("Salva contatto", p__profession="Sarta")
    assert profile(told) == {"kind": "person", "codice": "A1", "profession": "Sarta"}


@pytest.mark.req("R-FRM-04", "R-CRD-03")
def test_each_block_of_the_card_leads_to_its_place_in_the_form(told: Story, console: Operator) -> None:
    console.open(edit(told))
    console.press("Salva contatto", p__profession="Sarta")
    assert console.page.text.index("Organizza") < console.page.text.index("Anagrafica") < console.page.text.index("Recapiti")
    page = console.follow("Modifica Lavoro")
    section = page.markup.split('id="b-employment"')[1].split(">")[0]
    assert " open" in section


def test_labels_are_in_the_language_of_the_page(told: Story) -> None:
    english = Operator(app(told).test_client(), "en")
    english.sign_in()
    page = english.open(edit(told))
    assert "Marital status" in page.text
    assert "Stato civile" not in page.text
