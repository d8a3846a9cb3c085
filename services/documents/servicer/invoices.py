"""Invoices over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.documents.v1 import invoices_pb2 as pb
from recapito.documents.v1.invoices_pb2_grpc import InvoicesServicer

from libs.listing import listing
from libs.rpc import context as rpc
from libs.unit_of_work import Clock
from services.documents import service, wire
from services.documents.domain.invoices import Invoice
from services.documents.service import invoices as use_cases
from services.documents.service.renditions import Copies

CHUNK_BYTES = 64 * 1024
FIELDS = {"customer": UUID, "state": pb.Invoice.State, "overdue": bool, "issue_date": date, "due_date": date, "number": str}


@dataclass(frozen=True)
class Invoices(InvoicesServicer):
    new_reader: Callable[[], service.Reader]
    new_uow: Callable[[], service.UnitOfWork]
    contacts: service.Contacts
    copies: Copies
    clock: Clock
    zone: ZoneInfo

    def _answer(self, invoice: Invoice) -> pb.Invoice:
        return wire.invoice(invoice, self.clock().astimezone(self.zone).date())

    def ListInvoices(self, request: pb.ListInvoicesRequest, context: ServicerContext) -> pb.ListInvoicesResponse:
        wanted = listing(request, fields=FIELDS, orders=("issue_date", "due_date", "number"), default_order="issue_date desc")
        found, token = use_cases.list_invoices(wanted, caller=rpc.caller(), reader=self.new_reader(), clock=self.clock, zone=self.zone)
        return pb.ListInvoicesResponse(invoices=[self._answer(invoice) for invoice in found], next_page_token=token)

    def GetInvoice(self, request: pb.GetInvoiceRequest, context: ServicerContext) -> pb.Invoice:
        invoice = use_cases.get_invoice(
            wire.id_of(request.name), caller=rpc.caller(), reader=self.new_reader(), new_uow=self.new_uow, clock=self.clock
        )
        return self._answer(invoice)

    def CreateInvoice(self, request: pb.CreateInvoiceRequest, context: ServicerContext) -> pb.Invoice:
        invoice = use_cases.create_invoice(
            wire.draft_of(request.invoice, self.clock()),
            caller=rpc.caller(),
            request=rpc.request_of(request),
            uow=self.new_uow(),
            contacts=self.contacts,
            clock=self.clock,
        )
        return self._answer(invoice)

    def UpdateInvoice(self, request: pb.UpdateInvoiceRequest, context: ServicerContext) -> pb.Invoice:
        invoice = use_cases.update_invoice(
            wire.id_of(request.invoice.name),
            lambda current: wire.edited(current, request.invoice, request.update_mask),
            wire.version_of(request.invoice.etag),
            caller=rpc.caller(),
            request=rpc.request_of(request),
            uow=self.new_uow(),
        )
        return self._answer(invoice)

    def DeleteInvoice(self, request: pb.DeleteInvoiceRequest, context: ServicerContext) -> Empty:
        use_cases.delete_invoice(
            wire.id_of(request.name),
            wire.version_of(request.etag),
            caller=rpc.caller(),
            request=rpc.request_of(request),
            uow=self.new_uow(),
        )
        return Empty()

    def IssueInvoice(self, request: pb.IssueInvoiceRequest, context: ServicerContext) -> pb.Invoice:
        invoice = use_cases.issue_invoice(
            wire.id_of(request.name),
            wire.version_of(request.etag),
            skip_notification=request.skip_notification,
            caller=rpc.caller(),
            request=rpc.request_of(request),
            reader=self.new_reader(),
            uow=self.new_uow(),
            contacts=self.contacts,
            clock=self.clock,
            zone=self.zone,
        )
        return self._answer(invoice)

    def DownloadInvoice(self, request: pb.DownloadInvoiceRequest, context: ServicerContext) -> Iterator[HttpBody]:
        download = self.copies.download_invoice(wire.id_of(request.name), caller=rpc.caller())
        context.send_initial_metadata(
            (
                ("content-disposition", f'attachment; filename="{download.filename}"'),
                ("file-size", str(len(download.content))),
            )
        )
        for start in range(0, len(download.content), CHUNK_BYTES):
            yield HttpBody(content_type="application/pdf", data=download.content[start : start + CHUNK_BYTES])
