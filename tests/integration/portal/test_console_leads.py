"""Leads in the console: the list, the card, the form, and the way from one to a contact."""

from __future__ import annotations

from uuid import UUID

import pytest
from recapito.contacts.v1.leads_pb2 import Lead

from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator


def lead_of(told: Story, **fields: object) -> UUID:
    given = {"first_name": "Anna", "last_name": "Verdi", "email": "anna@verdi.example"} | fields
    made = told.backend.leads.create_lead(Lead(**given), "")  # type: ignore[arg-type] # fields of a lead
    return UUID(made.name.split("/")[1])


def only(told: Story) -> Lead:
    (lead,) = told.backend.leads.leads.values()
    return lead


def test_the_list_says_what_to_do_when_it_is_empty_and_leads_to_the_form(told: Story, console: Operator) -> None:
    console.open("/console")
    page = console.follow("Lead")
    assert "Ancora nessun lead" in page.text
    assert "Scrivi qui chi si è fatto vivo" in page.text
    assert console.follow("Nuovo lead").text.count("Nuovo lead")


def test_a_lead_is_written_down_changed_and_found(told: Story, console: Operator) -> None:
    console.open("/console/leads/new")
    page = console.press(
        "Crea lead", first_name="Anna", last_name="Verdi", company="Verdi & figli", email="anna@verdi.example",
        phone="+39 345 123 4567", origin="fiera", street="Via Toledo 1", city="Napoli", position="Titolare",
    )  # fmt: skip
    assert "Lead creato" in page.text
    assert (only(told).owner, only(told).contact_points[0].value) == (f"accounts/{told.operator}", "+393451234567")
    assert (only(told).address.city, only(told).newsletter) == ("Napoli", True)
    assert "Verdi & figli" in page.text
    console.follow("Modifica")
    page = console.press("Salva lead", company="Verdi S.p.A.", phone="")
    assert "Lead salvato" in page.text
    assert (only(told).company, list(only(told).contact_points), only(told).origin) == ("Verdi S.p.A.", [], "fiera")
    assert "Verdi S.p.A." in console.open("/console/leads?q=verdi").text
    assert "Francesca Riva" in console.page.text
    assert "Nessun lead trovato" in console.open("/console/leads?q=bianchi").text


def test_the_views_show_the_open_ones_ones_own_and_the_converted_ones(told: Story, console: Operator) -> None:
    lead_of(told, last_name="Aperti")
    lead_of(told, last_name="Miei", owner=f"accounts/{told.operator}")
    done = lead_of(told, last_name="Fatti")
    told.backend.leads.leads[done].state = Lead.CONVERTED
    for view, shown in {"Aperti": {"Aperti", "Miei"}, "Aperti, seguiti da me": {"Miei"}, "Convertiti": {"Fatti"}}.items():
        console.open("/console/leads")
        page = console.follow(view)
        assert {name for name in ("Aperti", "Miei", "Fatti") if f"{name} Anna" in page.text} == shown


def test_nothing_typed_is_lost_and_each_error_stands_by_its_field(told: Story, console: Operator) -> None:
    console.open("/console/leads/new")
    page = console.press("Crea lead", last_name="x" * 101, email="anna@", company="Verdi & figli")
    assert console.answer.status_code == 422
    assert set(page.errors) == {"last_name", "email"}
    form, _button = page.form("Crea lead")
    assert (form.values["company"], form.values["email"]) == (["Verdi & figli"], ["anna@"])
    assert not told.backend.leads.leads


def test_what_a_colleague_saved_meanwhile_is_shown(told: Story, console: Operator) -> None:
    lead_id = lead_of(told)
    console.open(f"/console/leads/{lead_id}/edit")
    told.backend.leads.update_lead(Lead(name=f"leads/{lead_id}", company="Del collega"), ["company"], "")
    page = console.press("Salva lead", company="Mia")
    assert console.answer.status_code == 409
    assert "Salvato da un’altra persona: Del collega" in page.text
    console.press("Salva lead")
    assert only(told).company == "Mia"


@pytest.mark.req("R-CON-14")
def test_a_lead_becomes_a_contact_of_a_new_customer(told: Story, console: Operator) -> None:
    lead_id = lead_of(told, company="Verdi S.r.l.")
    console.open(f"/console/leads/{lead_id}")
    page = console.follow("Converti in contatto")
    assert "Un cliente nuovo: Verdi S.r.l." in page.text
    page = console.press("Converti in contatto")
    assert "Anna Verdi ora è un contatto" in page.text
    contact = told.backend.contacts.contacts[UUID(only(told).contact.split("/")[1])]
    assert told.backend.contacts.customers[UUID(contact.customer.split("/")[1])].display_name == "Verdi S.r.l."
    page = console.open(f"/console/leads/{lead_id}")
    assert page.link("Anna Verdi") == f"/console/{contact.name}"
    assert "Modifica" not in [words for words, _address in page.links], "it stays as it was"


@pytest.mark.req("R-CON-14")
def test_a_lead_becomes_a_contact_of_a_customer_that_is_searched_for(told: Story, console: Operator) -> None:
    lead_id = lead_of(told)
    console.open(f"/console/leads/{lead_id}/convert?q=abc")
    console.press("Converti in contatto", customer=f"customers/{told.abc}")
    contact = told.backend.contacts.contacts[UUID(only(told).contact.split("/")[1])]
    assert contact.customer == f"customers/{told.abc}"


def test_an_address_that_is_taken_leads_to_its_holder(told: Story, console: Operator) -> None:
    lead_id = lead_of(told, email=told.backend.contacts.contacts[told.laura].email)
    console.open(f"/console/leads/{lead_id}/convert")
    page = console.press("Converti in contatto")
    assert console.answer.status_code == 422
    assert "L’email è già di un altro contatto" in page.text
    assert page.link("Laura Bianchi") == f"/console/contacts/{told.laura}"
    assert only(told).state == Lead.OPEN


def test_a_lead_without_first_name_is_completed_first(told: Story, console: Operator) -> None:
    lead_id = lead_of(told, first_name="")
    page = console.open(f"/console/leads/{lead_id}/convert")
    assert "Manca il nome" in page.text
    assert page.link("Completa il lead") == f"/console/leads/{lead_id}/edit"


def test_a_lead_is_deleted_after_a_question(told: Story, console: Operator) -> None:
    lead_id = lead_of(told)
    console.open(f"/console/leads/{lead_id}")
    console.follow("Elimina il lead")
    assert "non si possono recuperare" in console.page.text
    assert told.backend.leads.leads, "the question alone deletes nothing"
    page = console.press("Elimina il lead")
    assert "Lead eliminato" in page.text
    assert not told.backend.leads.leads


@pytest.mark.req("R-DEL-07", "R-DEL-08")
def test_a_lead_is_made_anonymous_from_its_further_actions(told: Story, console: Operator) -> None:
    lead_id = lead_of(told)
    console.open(f"/console/leads/{lead_id}")
    page = console.follow("Rendi anonimo il lead")
    assert "Non si può annullare" in page.text
    page = console.press("Rendi anonimo il lead")
    assert "dei suoi dati non resta nulla" in page.text
    assert (only(told).state, only(told).email) == (Lead.ANONYMIZED, "")
    assert "Persona resa anonima" in page.text
    assert not {"Modifica", "Converti in contatto", "Rendi anonimo il lead"} & {words for words, _address in page.links}
    assert "Persona resa anonima" in console.open("/console/leads").text


def test_pages_that_are_not_for_an_operator_are_not_there(told: Story, console: Operator) -> None:
    lead_id = lead_of(told)
    told.backend.identity.capabilities = frozenset({"contacts.read"})
    page = console.open(f"/console/leads/{lead_id}")
    assert not {"Modifica", "Converti in contatto", "Elimina il lead"} & {words for words, _address in page.links}
    for path in ("edit", "convert", "delete", "anonymize"):
        console.open(f"/console/leads/{lead_id}/{path}")
        assert console.answer.status_code == 404
    told.backend.identity.capabilities = frozenset()
    console.open("/console/leads")
    assert console.answer.status_code == 404
