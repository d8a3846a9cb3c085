"""documents over gRPC: what a message says about a document, and its PDF."""

from __future__ import annotations

import re

import grpc
from recapito.documents.v1 import invoices_pb2, invoices_pb2_grpc, payments_pb2, payments_pb2_grpc

from services.notifications import service, wire
from services.notifications.domain.mime import Attachment


class GrpcDocuments:
    def __init__(self, channel: grpc.Channel) -> None:
        self._invoices = invoices_pb2_grpc.InvoicesStub(channel)
        self._payments = payments_pb2_grpc.PaymentsStub(channel)

    def invoice(self, name: str) -> service.Invoice:
        found = wire.invoice(self._invoices.GetInvoice(invoices_pb2.GetInvoiceRequest(name=name)))
        return service.Invoice(found.customer_id, found.facts, found.draft)

    def payment(self, name: str) -> service.Payment:
        payment = self._payments.GetPayment(payments_pb2.GetPaymentRequest(name=name))
        return service.Payment(payment.receive_date, wire.payment_amounts(payment))

    def rendition(self, name: str) -> Attachment:
        number = self.invoice(name).facts["invoice_number"]
        parts = self._invoices.DownloadInvoice(invoices_pb2.DownloadInvoiceRequest(name=name), timeout=30)
        content = b"".join(part.data for part in parts)
        return Attachment(f"{re.sub(r'[^A-Za-z0-9._-]+', '-', number)[:80] or 'invoice'}.pdf", "application/pdf", content)
