"""Documents as its callers see it, over gRPC."""

from __future__ import annotations

from recapito.documents.v1 import invoices_pb2 as pb
from recapito.documents.v1.document_pb2 import Line

from tests.integration.documents.conftest import Documents
from tests.unit.documents.builders import ACME

CUSTOMER = f"customers/{ACME}"


def created(documents: Documents, net: str = "100.00", **fields: object) -> pb.Invoice:
    line = Line(description="Manutenzione", unit_price=net, vat_rate_percent="22")
    return documents.invoices.CreateInvoice(
        pb.CreateInvoiceRequest(invoice=pb.Invoice(**{"customer": CUSTOMER, "lines": [line], **fields}))  # type: ignore[arg-type] # per test
    )


def issued(documents: Documents, net: str = "100.00", **fields: object) -> pb.Invoice:
    return documents.invoices.IssueInvoice(pb.IssueInvoiceRequest(name=created(documents, net, **fields).name))


def test_a_draft_is_issued_with_number_date_and_sums(documents: Documents) -> None:
    invoice = issued(documents)
    assert (invoice.number, invoice.issue_date, invoice.due_date) == ("INV-2026-000001", "2026-11-22", "2026-12-22")
    assert (invoice.total.net_amount, invoice.total.vat_amount, invoice.total.gross_amount) == ("100.00", "22.00", "122.00")
    assert documents.invoices.GetInvoice(pb.GetInvoiceRequest(name=invoice.name)) == invoice
    assert list(documents.invoices.ListInvoices(pb.ListInvoicesRequest()).invoices) == [invoice]
