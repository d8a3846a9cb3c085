"""The console's pages of invoices: drafts, issuing with the preview of who is told, payments, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.documents.v1.invoices_pb2 import Invoice
from recapito.documents.v1.payments_pb2 import Payment
from recapito.notifications.v1.dispatches_pb2 import Decision
from recapito.notifications.v1.messages_pb2 import Message

from libs.errors import FailedPrecondition, FieldViolation
from tests.integration.portal.builders import Story
from tests.integration.portal.pages import Operator


def draft_of(told: Story, description: str) -> Invoice:
    return next(one for one in told.backend.documents.invoices.values() if any(line.description == description for line in one.lines))


# --- drafts --------------------------------------------------------------------------------------------------------------------------
def test_a_draft_is_written_line_by_line_without_script(told: Story, console: Operator) -> None:
    console.open("/console/invoices/new")
    console.follow("ABC S.r.l.")
    console.press("Aggiungi voce", description__0="Consulenza", quantity__0="3", unit_price__0="1.600,50", notes="Grazie")
    page = console.press("Salva bozza", description__1="Pratica", quantity__1="1", unit_price__1="600", due_date="2026-12-12")
    made = draft_of(told, "Pratica")
    assert [(line.quantity, line.unit_price, line.vat_rate_percent) for line in made.lines] == [("3", "1600.50", "22"), ("1", "600", "22")]
    assert made.notes == "Grazie", "what was typed before the line was added stays"
    assert "Imponibile 5.401,50 € IVA 22 % 1.188,33 € Totale 6.589,83 €" in page.text, "the sums are the server's"


def test_a_line_is_taken_out(told: Story, console: Operator) -> None:
    console.open(f"/console/invoices/{told.draft}/edit")
    console.press("Aggiungi voce")
    console.press("Togli la voce 1", description__1="Resta", unit_price__1="10")
    console.press("Salva bozza")
    assert [line.description for line in told.backend.documents.invoices[told.draft].lines] == ["Resta"]


@pytest.mark.parametrize("typed", ["tanto", "1,2,3", "12.34,5"])
def test_what_is_no_number_is_said_at_its_line(told: Story, console: Operator, typed: str) -> None:
    console.open(f"/console/invoices/{told.draft}/edit")
    page = console.press("Salva bozza", unit_price__0=typed, notes="Da tenere")
    assert console.answer.status_code == 422
    assert page.errors == {"unit_price-0": "Scrivi un numero. Esempio: 1.234,50"}
    form, _button = page.form("Salva bozza")
    assert form.values["unit_price-0"] == [typed]
    assert form.values["notes"] == ["Da tenere"]
    assert ("Voce 1, prezzo: Scrivi un numero. Esempio: 1.234,50", "#unit_price-0") in page.links


def test_numbers_are_read_as_the_page_writes_them(told: Story, console: Operator) -> None:
    english = Operator(console._client, "en")
    english.open("/console")
    english.send("/console/preferences/language", {"value": "en", "csrf_token": english.page.forms[1].values["csrf_token"]})
    english.open(f"/console/invoices/{told.draft}/edit")
    english.press("Save draft", unit_price__0="1,234.50")
    assert told.backend.documents.invoices[told.draft].lines[0].unit_price == "1234.50"
    english.open(f"/console/invoices/{told.draft}/edit")
    page = english.press("Save draft", unit_price__0="1.234,50")
    assert page.errors == {"unit_price-0": "Type a number. Example: 1,234.50"}


def test_a_draft_is_deleted_after_a_confirmation(told: Story, console: Operator) -> None:
    console.open(f"/console/invoices/{told.draft}")
    page = console.follow("Elimina bozza")
    assert "Vale 1.342,00 € e non ha ancora un numero" in page.text
    console.press("Elimina la bozza")
    assert told.draft not in told.backend.documents.invoices


# --- issuing -------------------------------------------------------------------------------------------------------------------------
def test_before_issuing_the_page_says_who_will_be_told_and_why(told: Story, console: Operator) -> None:
    console.open(f"/console/invoices/{told.draft}")
    page = console.follow("Emetti")
    assert "2 destinatari, 1 persona non avvisata" in page.text
    assert "Mario Rossi mario.rossi@abc.example Notifica «Fattura» attiva Riceve" in page.text
    assert "Giuseppe Verdi giuseppe.verdi@abc.example Notifica «Fattura» spenta Non riceve" in page.text
    assert told.backend.documents.invoices[told.draft].state == Invoice.DRAFT
    page = console.press("Emetti e avvisa 2 persone")
    invoice = told.backend.documents.invoices[told.draft]
    assert invoice.state == Invoice.ISSUED
    assert f"Fattura {invoice.number} emessa" in page.text
    assert "Le email sono in preparazione." in page.text


def test_the_preview_of_the_email_stands_in_a_frame_without_power(told: Story, console: Operator) -> None:
    page = console.open(f"/console/invoices/{told.draft}/issue")
    assert "frame-src 'self'" in console.answer.headers["Content-Security-Policy"]
    assert '<iframe class="rc-frame"' in page.markup
    assert " sandbox " in page.markup
    console.open(f"/console/invoices/{told.draft}/issue/preview")
    policy = console.answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "È pronta una nuova fattura." in console.page.text


def test_when_nobody_is_told_the_page_says_so_before_and_after(told: Story, console: Operator) -> None:
    for contact in told.backend.contacts.contacts.values():
        contact.affiliations[0].preferences.invoice = contact.affiliations[0].preferences.OFF
    page = console.open(f"/console/invoices/{told.draft}/issue")
    assert "Nessuno riceverà l’email: per ogni persona c’è un motivo" in page.text
    console.press("Emetti")
    assert told.backend.documents.invoices[told.draft].number


def test_an_invoice_may_be_issued_in_silence(told: Story, console: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    issue = told.backend.documents.issue_invoice

    def issuing(*given: Any, skip_notification: bool) -> Invoice:
        asked.append(skip_notification)
        return issue(*given, skip_notification=skip_notification)

    monkeypatch.setattr(told.backend.documents, "issue_invoice", issuing)
    console.open(f"/console/invoices/{told.draft}/issue")
    console.press("Emetti e avvisa 2 persone", skip_notification="1")
    assert asked == [True]


def test_what_the_customer_lacks_is_said_on_the_page_of_issuing(told: Story, console: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_named: object) -> Invoice:
        missing = FieldViolation("customer.tax_identity.vat_number", "is required", "REQUIRED")
        raise FailedPrecondition("no tax data", reason="CUSTOMER_TAX_DATA_MISSING", violations=[missing])

    monkeypatch.setattr(told.backend.documents, "issue_invoice", refuse)
    console.open(f"/console/invoices/{told.draft}/issue")
    page = console.press("Emetti e avvisa 2 persone")
    assert console.answer.status_code == 422
    assert "Mancano i dati fiscali del cliente: completali, poi emetti la fattura" in page.text
    assert page.link("Completa i dati di ABC S.r.l.") == f"/console/customers/{told.abc}/edit"


def test_pressing_issue_on_an_old_page_issues_once(told: Story, console: Operator) -> None:
    console.open(f"/console/invoices/{told.draft}/issue")
    console.press("Emetti e avvisa 2 persone")
    number = told.backend.documents.invoices[told.draft].number
    console.send(*console.sent)
    assert told.backend.documents.invoices[told.draft].number == number
    page = console.open(f"/console/invoices/{told.draft}/issue")
    assert f"Fattura {number}" in page.text, "an issued invoice has no page of issuing"


# --- after issuing -------------------------------------------------------------------------------------------------------------------
def test_the_invoice_says_who_was_told(told: Story, console: Operator) -> None:
    page = console.open(f"/console/invoices/{told.due}")
    assert "Chi è stato avvisato Vedi perché MR Mario Rossi Spedita LB Laura Bianchi Spedita 1 persona non avvisata" in page.text
    assert page.link("Vedi perché") == f"/console/dispatches/{told.dispatch}"
    assert "every 2s" not in page.markup, "nothing is on its way any more"


def test_while_messages_are_on_their_way_the_card_asks_again(told: Story, console: Operator) -> None:
    told.backend.documents.invoices[told.due].issue_time.GetCurrentTime()
    message = next(iter(told.backend.notifications.messages.values()))
    message.state = Message.TRANSMITTING
    page = console.open(f"/console/invoices/{told.due}")
    assert f'hx-get="/console/invoices/{told.due}/told"' in page.markup
    page = console.open(f"/console/invoices/{told.due}/told")
    assert "In partenza" in page.text
    assert "<html" not in page.markup


def test_a_payment_is_recorded(told: Story, console: Operator) -> None:
    console.open(f"/console/invoices/{told.partial}")
    page = console.follow("Registra un pagamento")
    form, _button = page.form("Registra pagamento")
    assert form.values["amount"] == ["1257"], "what is left is proposed"
    page = console.press("Registra pagamento", amount="1.257,01", reference="CRO 1")
    assert page.errors == {"amount": "Il pagamento supera quanto resta da pagare"}
    page = console.press("Registra pagamento", amount="1.000,50", method="CARD")
    assert "256,50 €" in page.text
    paid = told.backend.documents.payments[0]
    assert (paid.amount.amount, paid.method, paid.reference) == ("1000.50", Payment.CARD, "CRO 1")
    assert "Carta" in page.text


def test_the_pdf_is_handed_on_with_its_name(told: Story, console: Operator) -> None:
    console.open(f"/console/invoices/{told.due}")
    console.follow("Scarica PDF")
    assert console.answer.mimetype == "application/pdf"
    assert "INV-2026-000142.pdf" in console.answer.headers["Content-Disposition"]


def test_the_list_is_narrowed_by_state_and_customer(told: Story, console: Operator) -> None:
    console.open("/console/invoices")
    page = console.follow("Scadute")
    assert "INV-2026-000129" in page.text
    assert "INV-2026-000142" not in page.text
    page = console.open(f"/console/invoices?customer={told.gallo}")
    assert "Nessuna fattura trovata" in page.text
    page = console.follow("Togli i filtri")
    assert "INV-2026-000142" in page.text


# --- today ---------------------------------------------------------------------------------------------------------------------------
def test_today_shows_what_waits(told: Story, console: Operator) -> None:
    messages = list(told.backend.notifications.messages.values())
    messages[0].state, messages[1].state = Message.UNCERTAIN, Message.FAILED
    page = console.open("/console")
    assert "Email da controllare 2" in page.text
    assert "Esito incerto" in page.text
    assert "Fatture scadute 2 2.452,60 €" in page.text
    assert "Bozza per ABC S.r.l." in page.text


# --- dispatches and messages ---------------------------------------------------------------------------------------------------------
def test_the_dispatch_explains_each_decision(told: Story, console: Operator) -> None:
    page = console.open(f"/console/dispatches/{told.dispatch}")
    assert "Avvisate 2 persone 2 email spedite" in page.text
    assert "Non avvisate 1 persona con il suo motivo" in page.text
    assert "È il contatto principale, ma qui conta la preferenza." in page.text
    assert "Notifica «Fattura» spenta regola 9" in page.text
    assert "9 Scelta per il tipo: sì o no 3" in page.text, "the panel counts whom each rule caught"
    assert "1 Contatto eliminato o anonimo: no 0" in page.text


def test_the_reason_of_one_person_shows_every_rule_that_was_tried(told: Story, console: Operator) -> None:
    page = console.open(f"/console/dispatches/{told.dispatch}/why/{told.giuseppe}")
    assert "Non avvisato" in page.text
    assert "Notifica «Fattura» spenta" in page.text
    assert "Ha deciso" in page.text
    assert "non si applica" in page.text


def test_anybody_can_be_asked_about_even_who_was_never_considered(told: Story, console: Operator) -> None:
    console.open(f"/console/dispatches/{told.dispatch}")
    page = console.open(f"/console/dispatches/{told.dispatch}?q=verdi")
    assert page.link("Perché? Giuseppe Verdi") == f"/console/dispatches/{told.dispatch}/why/{told.giuseppe}"
    page = console.open(f"/console/contacts/{told.giuseppe}/why?kind=invoice_overdue")
    assert "Riceve «Fattura scaduta»?" in page.text


def test_a_deleted_contact_keeps_its_row(told: Story, console: Operator) -> None:
    del told.backend.contacts.contacts[told.giuseppe]
    message = next(one for one in told.backend.notifications.messages.values() if one.contact == f"contacts/{told.giuseppe}")
    message.decision.reason = Decision.SKIP_CONTACT_DELETED
    page = console.open(f"/console/dispatches/{told.dispatch}")
    assert console.answer.status_code == 200
    assert "Contatto eliminato regola 1" in page.text
    assert "1 Contatto eliminato o anonimo: no 1" in page.text


@pytest.mark.parametrize(
    ("state", "words"), [(Message.UNCERTAIN, "Esito incerto"), (Message.FAILED, "Non riuscita"), (Message.DEFERRED, "Rinviata")]
)
def test_messages_are_found_by_their_state(told: Story, console: Operator, state: Message.State.ValueType, words: str) -> None:
    message = next(iter(told.backend.notifications.messages.values()))
    message.state = state
    page = console.open(f"/console/messages?state={Message.State.Name(state)}")
    assert f"{words}" in page.text
    assert "mario.rossi@abc.example" in page.text
    assert "laura.bianchi@abc.example" not in page.text


def test_a_message_shows_headers_attempts_and_its_text_in_a_frame(told: Story, console: Operator) -> None:
    id_, message = next(iter(told.backend.notifications.messages.items()))
    message.state = Message.DEFERRED
    later = Timestamp()
    later.FromDatetime(datetime.now(UTC) + timedelta(minutes=5))
    message.next_attempt_time.CopyFrom(later)
    message.content.html = "<!doctype html><script>alert(1)</script><p>Ciao</p>"
    page = console.open(f"/console/messages/{id_}")
    for part in ("studio@studio.example", "250 OK", "<1@studio.example>", "È pronta la fattura.", "Prossimo tentativo:"):
        assert part in page.text
    assert "alert(1)" not in page.markup, "the e-mail itself is never part of the page"
    console.open(f"/console/messages/{id_}/html")
    assert console.answer.headers["Content-Security-Policy"].startswith("sandbox;")


def test_an_email_whose_outcome_is_unknown_says_what_to_do(told: Story, console: Operator) -> None:
    id_, message = next(iter(told.backend.notifications.messages.items()))
    message.state = Message.UNCERTAIN
    page = console.open(f"/console/messages/{id_}")
    assert "forse è partita, forse no. Chiedi alla persona prima di rimandarla." in page.text
