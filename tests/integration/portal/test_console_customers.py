"""The console's pages of a customer: what it owes, its contacts, its form."""

from __future__ import annotations

import pytest
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.permissions_pb2 import Permissions
from recapito.identity.v1.accounts_pb2 import ExplainAccessResponse

from libs.errors import PermissionDenied
from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator

Check = ExplainAccessResponse.Check


@pytest.mark.req("R-DSH-01", "R-DSH-02", "R-DSH-03", "R-DSH-04")
def test_the_name_of_a_customer_leads_to_what_it_owes(told: Story, console: Operator) -> None:
    console.open("/console/customers")
    page = console.follow("ABC S.r.l.")
    assert console.answer.status_code == 200
    assert "Saldo dovuto 5.380,60 € 2.452,60 € già scaduti" in page.text
    assert "Totale fatturato 10.284,60 €" in page.text
    assert "Totale incassato 4.904,00 € 48 % del fatturato" in page.text


@pytest.mark.req("R-DSH-06", "R-DSH-07")
def test_the_dashboard_lists_the_invoices_of_this_customer_in_their_states(told: Story, console: Operator) -> None:
    page = console.open(f"/console/customers/{told.abc}")
    for state in ("Inviata", "Parziale, scaduta", "Scaduta", "Pagata", "Bozza"):
        assert state in page.text
    other = console.open(f"/console/customers/{told.gallo}")
    assert "INV-" not in other.text


def test_a_section_that_is_closed_to_the_operator_is_absent(told: Story, console: Operator) -> None:
    documents = told.backend.documents

    def refuse(*_arguments: object) -> None:
        raise PermissionDenied("this caller may not do this", reason="NOT_ALLOWED")

    documents.get_statement = documents.list_invoices = refuse  # type: ignore[method-assign,assignment] # closed for this test
    page = console.open(f"/console/customers/{told.abc}")
    assert console.answer.status_code == 200
    assert "Saldo dovuto" not in page.text
    assert "Mario Rossi" in page.text


@pytest.mark.req("R-CUS-11", "R-PRI-05")
def test_the_contacts_of_a_customer_are_listed_the_primary_first(told: Story, console: Operator) -> None:
    console.open(f"/console/customers/{told.abc}")
    page = console.follow("Contatti 3")
    names = [
        words
        for words, address in page.links
        if "/console/contacts/" in address and words in {"Mario Rossi", "Laura Bianchi", "Giuseppe Verdi"}
    ]
    assert names[0] == "Mario Rossi"
    assert set(names) == {"Mario Rossi", "Laura Bianchi", "Giuseppe Verdi"}
    assert "Laura Bianchi" in console.follow("Laura Bianchi").text


@pytest.mark.req("R-CUS-01", "R-CUS-03", "R-CUS-06")
def test_a_customer_is_made_from_the_form(told: Story, console: Operator) -> None:
    console.open("/console/customers/new")
    page = console.press(
        "Crea cliente", display_name="Il Porto APS", kind="ASSOCIATION", categories=["MEMBER", "CLIENT"], email="info@porto.example",
        phone="+39 081 555 0142", vat_number="IT01234567897", street="via Roma 1", city="Napoli", province="NA", postal_code="80133",
        permission_invoices="ALLOW",
    )  # fmt: skip
    assert "Il Porto APS" in page.text
    customer = next(one for one in told.backend.contacts.customers.values() if one.display_name == "Il Porto APS")
    assert customer.phone == "+390815550142"
    assert customer.tax_identity.address.postal_code == "80133"
    assert list(customer.categories) == [Customer.MEMBER, Customer.CLIENT]
    assert customer.permissions.invoices == Permissions.ALLOW
    assert customer.permissions.estimates == Permissions.MODE_UNSPECIFIED, "the third choice takes the defaults"


def test_an_error_keeps_what_was_typed_and_stands_under_its_field(console: Operator) -> None:
    console.open("/console/customers/new")
    page = console.press("Crea cliente", display_name="Porto", vat_number="IT1", street="via Roma 1")
    assert console.answer.status_code == 422
    assert page.errors == {"vat_number": "La partita IVA non è valida: servono 11 cifre con quella di controllo giusta"}
    assert ("Partita IVA: " + page.errors["vat_number"], "#vat_number") in page.links
    form, _button = page.form("Crea cliente")
    assert form.values["street"] == ["via Roma 1"]
    assert page.text.startswith("Errore: Nuovo cliente – Clienti – Recapito")


def test_a_customer_that_somebody_else_saved_shows_both_versions(told: Story, console: Operator) -> None:
    page = console.open(f"/console/customers/{told.abc}/edit")
    stored = told.backend.contacts.customers[told.abc]
    stored.email, stored.etag = "nuova@abc.example", '"9"'
    page = console.press("Salva cliente", email="mia@abc.example")
    assert console.answer.status_code == 409
    assert "Un’altra persona ha salvato nel frattempo" in page.text
    assert "Salvato da un’altra persona: nuova@abc.example" in page.text
    page = console.press("Salva cliente")
    assert told.backend.contacts.customers[told.abc].email == "mia@abc.example", "saving again, having seen it, is meant"


@pytest.mark.req("R-DSH-05")
def test_a_customer_without_invoices_owes_nothing(told: Story, console: Operator) -> None:
    assert "nessuna fattura emessa" in console.open(f"/console/customers/{told.gallo}").text
