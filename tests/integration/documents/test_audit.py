"""What the calls of documents leave in the audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from recapito.documents.v1 import invoices_pb2, settings_pb2

from libs.access import Caller, Kind
from tests.audit import entries_in_outbox
from tests.integration.documents.calls import created, get, issue, listed, paid, update
from tests.integration.documents.conftest import Documents
from tests.unit.documents.builders import ACME, contact, operator


def test_each_change_is_one_entry_about_its_resource(documents: Documents) -> None:
    """Security rule 64."""
    invoice = created(documents)
    update(documents, invoice.name, notes="segreto")
    issue(documents, invoice)
    payment = paid(documents, "122.00", invoice)
    draft = created(documents)
    documents.invoices.DeleteInvoice(invoices_pb2.DeleteInvoiceRequest(name=draft.name))
    settings = settings_pb2.UpdateDocumentsSettingsRequest()
    settings.documents_settings.name, settings.documents_settings.currency_code = "settings/documents", "CHF"
    settings.update_mask.paths.append("currency_code")
    with documents.as_(operator(fresh_until=datetime.now(UTC) + timedelta(minutes=5))):
        documents.settings.UpdateDocumentsSettings(settings)
    get(documents, invoice.name)
    listed(documents)
    entries = entries_in_outbox(documents.engine)
    assert [(entry.method.rpartition(".")[2], entry.resource) for entry in entries] == [
        ("CreateInvoice", invoice.name),
        ("UpdateInvoice", invoice.name),
        ("IssueInvoice", invoice.name),
        ("CreatePayment", payment.name),
        ("CreateInvoice", draft.name),
        ("DeleteInvoice", draft.name),
        ("UpdateDocumentsSettings", "settings/documents"),
    ]
    assert entries[1].changed_fields == ["notes"]
    assert {entry.service for entry in entries} == {"documents"}
    told = str(entries)
    for value in ("segreto", "122", "Manutenzione", "CHF"):
        assert value not in told


def test_a_contact_who_opens_an_invoice_changes_nothing_that_anybody_would_ask_about(documents: Documents) -> None:
    invoice = issue(documents, created(documents))
    before = len(entries_in_outbox(documents.engine))
    reader: Caller = contact(ACME)
    assert reader.kind is Kind.CONTACT
    with documents.as_(reader):
        get(documents, invoice.name)
    assert len(entries_in_outbox(documents.engine)) == before
