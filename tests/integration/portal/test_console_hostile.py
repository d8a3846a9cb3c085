"""Whatever somebody types, the console answers with a page that names the field, or does what it says; never with a failure."""

from __future__ import annotations

import pytest

from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator

HOSTILE = [
    "",
    "\x00\x1b[2J",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\N{ZERO WIDTH JOINER}" * 3,
    "<script>alert(1)</script>{{ 7 * 7 }}%(x)s{0}",
    "x" * 5000,
    "9" * 400,
    "-0,00e99",
    "२०२६-१३-४५",
    "'; DROP TABLE contacts; --",
    "customers/../../etc/passwd",
    "\ud83d",  # half a character, as a broken client sends it
]
FORMS = [
    ("/console/customers/new", "Crea cliente"),
    ("/console/customers/{abc}/edit", "Salva cliente"),
    ("/console/contacts/new?customer={abc}", "Crea contatto"),
    ("/console/contacts/{laura}/edit", "Salva contatto"),
    ("/console/contacts/{laura}/password", "Imposta password"),
    ("/console/contacts/{laura}/link?q=Gallo", "Collega"),
    ("/console/invoices/new?customer={abc}", "Salva bozza"),
    ("/console/invoices/{draft}/edit", "Salva bozza"),
    ("/console/invoices/{draft}/issue", "Emetti e avvisa 2 persone"),
    ("/console/invoices/{due}/payments/new", "Registra pagamento"),
    ("/console/settings/organisation", "Salva"),
    ("/console/settings/defaults", "Salva"),
    ("/console/settings/billing", "Salva"),
    ("/console/settings/groups/new", "Salva gruppo"),
    ("/console/settings/privacy/new", "Salva bozza"),
    ("/console/settings/operators/new", "Invia l’invito"),
]


@pytest.mark.parametrize(("address", "button"), FORMS)
def test_no_text_in_any_field_makes_a_page_fail(told: Story, console: Operator, address: str, button: str) -> None:
    names = {name: getattr(told, name) for name in ("abc", "laura", "due", "draft")}
    form, _button = console.open(address.format(**names)).form(button)
    fields = [name for name in form.values | form.choices if name != "csrf_token"]
    for text in HOSTILE:
        given = {name: [text.encode("utf-8", "surrogatepass")] for name in fields}
        console.send(form.action, {"csrf_token": form.values["csrf_token"], **given})
        assert console.answer.status_code < 500, (text[:20], console.page.text[:300])
        assert "<script>alert(1)" not in console.page.markup


@pytest.mark.parametrize(("address", "button"), FORMS)
def test_no_missing_field_makes_a_page_fail(told: Story, console: Operator, address: str, button: str) -> None:
    names = {name: getattr(told, name) for name in ("abc", "laura", "due", "draft")}
    form, _button = console.open(address.format(**names)).form(button)
    console.send(form.action, {"csrf_token": form.values["csrf_token"]})
    assert console.answer.status_code < 500


@pytest.mark.parametrize(
    "address",
    [
        "/console/customers?kind=EMPEROR&category=x&group=../..&page=zz",
        "/console/contacts?portal=x&group=%00&language=%ff&q=%ff%fe",
        "/console/invoices?state=x&customer=%22%20OR%20true",
        "/console/messages?state=x&kind=%22",
        "/console/dispatches?kind=%22%20OR&customer=-",
        "/console/contacts/{laura}/why?kind=x&customer=x&operator=x",
        "/console/contacts/{laura}/edit?customer=x",
        "/console/contacts/{laura}/primary?customer=x",
        "/console/invoices/{draft}/issue?contact=x",
        "/console/invoices/{draft}/issue/preview?contact=x",
        "/console/invoices/new?customer=x",
        "/console/contacts/new?q=%00",
    ],
)
def test_no_address_makes_a_page_fail(told: Story, console: Operator, address: str) -> None:
    console.open(address.format(laura=told.laura, draft=told.draft))
    assert console.answer.status_code < 500


def test_a_form_without_our_token_is_refused(told: Story, console: Operator) -> None:
    form, _button = console.open(f"/console/contacts/{told.laura}/delete").form("Elimina Laura Bianchi")
    console.send(form.action, {**form.values, "csrf_token": "made up"})
    assert console.answer.status_code == 403
    assert told.laura in told.backend.contacts.contacts


def test_a_contact_that_two_people_edit_is_not_overwritten_unseen(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/edit")
    stored = told.backend.contacts.contacts[told.laura]
    stored.first_name, stored.etag = "Lara", '"9"'
    page = console.press("Salva contatto", position="Direttrice")
    assert console.answer.status_code == 409
    assert "Salvato da un’altra persona: Lara" in page.text
    assert told.backend.contacts.contacts[told.laura].affiliations[0].position == "Responsabile amministrativa"
    console.press("Salva contatto")
    assert told.backend.contacts.contacts[told.laura].first_name == "Laura"
    assert told.backend.contacts.contacts[told.laura].affiliations[0].position == "Direttrice"
