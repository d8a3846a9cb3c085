"""Calls to documents that most tests make."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from recapito.documents.v1 import invoices_pb2, payments_pb2
from recapito.documents.v1.document_pb2 import Line
from recapito.type.v1.type_pb2 import Money

from tests.integration.documents.conftest import Documents
from tests.unit.documents.builders import ACME

CUSTOMER = f"customers/{ACME}"


def line(net: str = "100.00", **fields: Any) -> Line:
    return Line(**{"description": "Manutenzione", "unit_price": net, "vat_rate_percent": "22", **fields})


def created(documents: Documents, net: str = "100.00", **fields: Any) -> invoices_pb2.Invoice:
    wanted = invoices_pb2.Invoice(**{"customer": CUSTOMER, "lines": [line(net)], **fields})
    return documents.invoices.CreateInvoice(invoices_pb2.CreateInvoiceRequest(invoice=wanted))


def issue(documents: Documents, invoice: invoices_pb2.Invoice, **fields: Any) -> invoices_pb2.Invoice:
    return documents.invoices.IssueInvoice(invoices_pb2.IssueInvoiceRequest(name=invoice.name, **fields))


def issued(documents: Documents, net: str = "100.00", **fields: Any) -> invoices_pb2.Invoice:
    """An issued invoice of one line at 22 %."""
    return issue(documents, created(documents, net, **fields))


def get(documents: Documents, name: str) -> invoices_pb2.Invoice:
    return documents.invoices.GetInvoice(invoices_pb2.GetInvoiceRequest(name=name))


def listed(documents: Documents, **fields: Any) -> list[str]:
    """Names, in the order of the list, over all its pages."""
    found: list[str] = []
    token = ""
    while True:
        page = documents.invoices.ListInvoices(invoices_pb2.ListInvoicesRequest(page_token=token, **fields))
        found += [invoice.name for invoice in page.invoices]
        if not (token := page.next_page_token):
            return found


def update(documents: Documents, name: str, *paths: str, **fields: Any) -> invoices_pb2.Invoice:
    request = invoices_pb2.UpdateInvoiceRequest(invoice=invoices_pb2.Invoice(name=name, **fields))
    request.update_mask.paths.extend(paths or [path for path in fields if path != "etag"])
    return documents.invoices.UpdateInvoice(request)


def paid(documents: Documents, whole: str, /, *invoices: invoices_pb2.Invoice, request_id: str = "", **fields: Any) -> payments_pb2.Payment:
    """A payment, split evenly over the invoices."""
    part = str(Decimal(whole) / len(invoices))
    wanted = {
        "customer": CUSTOMER,
        "amount": Money(currency_code="EUR", amount=whole),
        "allocations": [payments_pb2.Payment.Allocation(invoice=invoice.name, amount=part) for invoice in invoices],
        "receive_date": "2026-11-22",
        "method": payments_pb2.Payment.BANK_TRANSFER,
        **fields,
    }
    return documents.payments.CreatePayment(
        payments_pb2.CreatePaymentRequest(payment=payments_pb2.Payment(**wanted), request_id=request_id)
    )


def statement(documents: Documents, customer: str = CUSTOMER, **fields: Any) -> payments_pb2.Statement:
    return documents.payments.GetStatement(payments_pb2.GetStatementRequest(name=f"{customer}/statement", **fields))
