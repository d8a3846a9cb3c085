"""Documents over gRPC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.documents.v1 import invoices_pb2, invoices_pb2_grpc, payments_pb2, payments_pb2_grpc, settings_pb2, settings_pb2_grpc

from services.portal.service import Page

_SETTINGS = "settings/documents"


class GrpcDocuments:
    def __init__(self, channel: grpc.Channel) -> None:
        self._invoices = invoices_pb2_grpc.InvoicesStub(channel)
        self._payments = payments_pb2_grpc.PaymentsStub(channel)
        self._settings = settings_pb2_grpc.SettingsStub(channel)

    def list_invoices(self, page: Page) -> invoices_pb2.ListInvoicesResponse:
        return self._invoices.ListInvoices(
            invoices_pb2.ListInvoicesRequest(
                page_size=page.size, page_token=page.token, filter=page.filter, order_by=page.order_by, query=page.query
            )
        )

    def get_invoice(self, invoice_id: UUID) -> invoices_pb2.Invoice:
        return self._invoices.GetInvoice(invoices_pb2.GetInvoiceRequest(name=f"invoices/{invoice_id}"))

    def download_invoice(self, invoice_id: UUID) -> Iterator[HttpBody]:
        return self._invoices.DownloadInvoice(invoices_pb2.DownloadInvoiceRequest(name=f"invoices/{invoice_id}"))

    def create_invoice(self, invoice: invoices_pb2.Invoice, request_id: str) -> invoices_pb2.Invoice:
        return self._invoices.CreateInvoice(invoices_pb2.CreateInvoiceRequest(invoice=invoice, request_id=request_id))

    def update_invoice(self, invoice: invoices_pb2.Invoice, paths: Sequence[str], request_id: str) -> invoices_pb2.Invoice:
        mask = FieldMask(paths=paths)
        return self._invoices.UpdateInvoice(invoices_pb2.UpdateInvoiceRequest(invoice=invoice, update_mask=mask, request_id=request_id))

    def delete_invoice(self, invoice_id: UUID, etag: str, request_id: str) -> None:
        self._invoices.DeleteInvoice(invoices_pb2.DeleteInvoiceRequest(name=f"invoices/{invoice_id}", etag=etag, request_id=request_id))

    def issue_invoice(self, invoice_id: UUID, etag: str, request_id: str, *, skip_notification: bool = False) -> invoices_pb2.Invoice:
        return self._invoices.IssueInvoice(
            invoices_pb2.IssueInvoiceRequest(
                name=f"invoices/{invoice_id}", etag=etag, request_id=request_id, skip_notification=skip_notification
            )
        )

    def list_payments(self, page: Page) -> payments_pb2.ListPaymentsResponse:
        return self._payments.ListPayments(
            payments_pb2.ListPaymentsRequest(page_size=page.size, page_token=page.token, filter=page.filter, order_by=page.order_by)
        )

    def create_payment(self, payment: payments_pb2.Payment, request_id: str) -> payments_pb2.Payment:
        return self._payments.CreatePayment(payments_pb2.CreatePaymentRequest(payment=payment, request_id=request_id))

    def get_statement(self, customer_id: UUID) -> payments_pb2.Statement:
        return self._payments.GetStatement(payments_pb2.GetStatementRequest(name=f"customers/{customer_id}/statement"))

    def get_documents_settings(self) -> settings_pb2.DocumentsSettings:
        return self._settings.GetDocumentsSettings(settings_pb2.GetDocumentsSettingsRequest(name=_SETTINGS))

    def update_documents_settings(
        self, settings: settings_pb2.DocumentsSettings, paths: Sequence[str], request_id: str
    ) -> settings_pb2.DocumentsSettings:
        mask = FieldMask(paths=paths)
        request = settings_pb2.UpdateDocumentsSettingsRequest(documents_settings=settings, update_mask=mask, request_id=request_id)
        return self._settings.UpdateDocumentsSettings(request)
