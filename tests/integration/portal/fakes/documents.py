"""Documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.documents.v1.document_pb2 import Totals
from recapito.documents.v1.invoices_pb2 import CreateInvoiceRequest, Invoice, ListInvoicesResponse, UpdateInvoiceRequest
from recapito.documents.v1.payments_pb2 import CreatePaymentRequest, ListPaymentsResponse, Payment, Statement
from recapito.documents.v1.settings_pb2 import DocumentsSettings

from libs.access import Caller, Kind
from libs.errors import EtagMismatch, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from libs.ids import new_id
from libs.rpc.validation import check
from services.portal.service import Page
from tests.integration.portal.fakes.common import Requests, found_page, merged, now, touched


@dataclass
class FakeDocuments:
    settings: DocumentsSettings
    invoices: dict[UUID, Invoice] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    viewed: list[UUID] = field(default_factory=list)
    caller: Callable[[], Caller | None] = lambda: None
    require_fresh: Callable[[], None] = lambda: None
    requests: Requests = field(default_factory=Requests)

    def _visible(self) -> list[Invoice]:
        """A contact sees what was issued to its customer; operators everything."""
        caller = self.caller()
        newest = sorted(self.invoices.values(), key=lambda invoice: (invoice.issue_date, invoice.number), reverse=True)
        if caller is None or caller.kind is not Kind.CONTACT:
            return newest
        if "INVOICES" not in caller.permissions:
            raise PermissionDenied("this caller may not do this", reason="NOT_ALLOWED")
        return [i for i in newest if i.customer == f"customers/{caller.customer_id}" and i.state != Invoice.DRAFT]

    def list_invoices(self, page: Page) -> ListInvoicesResponse:
        def value(invoice: Invoice, name: str) -> str:
            if name == "state":
                return Invoice.State.Name(invoice.state)
            found = getattr(invoice, name)
            return str(found).lower() if isinstance(found, bool) else str(found)

        ordered = self._visible()
        if page.order_by == "due_date":
            ordered.sort(key=lambda invoice: invoice.due_date)
        shown, following = found_page(ordered, page, value, lambda invoice: invoice.number)
        return ListInvoicesResponse(invoices=shown, next_page_token=following)

    def get_invoice(self, invoice_id: UUID) -> Invoice:
        found = next((invoice for invoice in self._visible() if invoice.name == f"invoices/{invoice_id}"), None)
        if found is None:
            raise NotFound(f"invoices/{invoice_id} does not exist")
        caller = self.caller()
        if caller is not None and caller.kind is Kind.CONTACT:
            self.viewed.append(invoice_id)
        return found

    def download_invoice(self, invoice_id: UUID) -> Iterator[HttpBody]:
        invoice = self.get_invoice(invoice_id)
        yield HttpBody(content_type="application/pdf", data=b"%PDF-1.7\n")
        yield HttpBody(data=invoice.number.encode())

    def _summed(self, invoice: Invoice) -> Invoice:
        net = Decimal(0)
        for line in invoice.lines:
            amount = (Decimal(line.quantity or "1") * Decimal(line.unit_price or 0)).quantize(Decimal("0.01"))
            line.net_amount = str(amount)
            net += amount
        rate = invoice.lines[0].vat_rate_percent if invoice.lines else "22"
        vat = (net * Decimal(rate or 0) / 100).quantize(Decimal("0.01"))
        currency = invoice.currency_code = invoice.currency_code or "EUR"
        invoice.total.CopyFrom(
            Totals(
                currency_code=currency,
                net_amount=str(net),
                vat_amount=str(vat),
                gross_amount=str(net + vat),
                vat=[Totals.Vat(vat_rate_percent=rate, net_amount=str(net), vat_amount=str(vat))],
            )
        )
        invoice.paid_amount = invoice.paid_amount or "0.00"
        invoice.balance_amount = str(net + vat - Decimal(invoice.paid_amount))
        return touched(invoice)

    def create_invoice(self, invoice: Invoice, request_id: str) -> Invoice:
        check(CreateInvoiceRequest(invoice=invoice))

        def make() -> Invoice:
            id_ = new_id()
            stored = Invoice()
            stored.CopyFrom(invoice)
            stored.name = f"invoices/{id_}"
            stored.state = stored.state or Invoice.DRAFT
            stored.create_time.CopyFrom(now())
            self.invoices[id_] = self._summed(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_invoice(self, invoice: Invoice, paths: Sequence[str], request_id: str) -> Invoice:
        check(UpdateInvoiceRequest(invoice=invoice, update_mask=FieldMask(paths=paths)))
        id_ = UUID(invoice.name.split("/")[1])
        self.invoices[id_] = self._summed(merged(self.get_invoice(id_), invoice, paths))
        return self.invoices[id_]

    def delete_invoice(self, invoice_id: UUID, etag: str, request_id: str) -> None:
        if self.get_invoice(invoice_id).state != Invoice.DRAFT:
            raise FailedPrecondition("only a draft can be deleted", reason="INVOICE_NOT_DRAFT")
        del self.invoices[invoice_id]

    def issue_invoice(self, invoice_id: UUID, etag: str, request_id: str, *, skip_notification: bool = False) -> Invoice:
        def make() -> Invoice:
            invoice = self.get_invoice(invoice_id)
            if etag and etag != invoice.etag:
                raise EtagMismatch("it was changed by someone else")
            if invoice.state != Invoice.DRAFT:
                raise FailedPrecondition("only a draft can be issued", reason="INVOICE_NOT_DRAFT")
            if not invoice.lines:
                raise FailedPrecondition("it has no lines", reason="INVOICE_EMPTY")
            invoice.state = Invoice.ISSUED
            invoice.number = f"INV-2026-{len(self.invoices):06}"
            invoice.issue_date = datetime.now(UTC).date().isoformat()
            invoice.issue_time.CopyFrom(now())
            return touched(invoice)

        return self.requests.once(request_id, make)

    def list_payments(self, page: Page) -> ListPaymentsResponse:
        def value(payment: Payment, name: str) -> str:
            return " ".join(share.invoice for share in payment.allocations) if name == "invoice" else str(getattr(payment, name))

        shown, following = found_page(self.payments, page, value)
        return ListPaymentsResponse(payments=shown, next_page_token=following)

    def create_payment(self, payment: Payment, request_id: str) -> Payment:
        check(CreatePaymentRequest(payment=payment))

        def make() -> Payment:
            for share in payment.allocations:
                invoice = self.invoices[UUID(share.invoice.split("/")[1])]
                left = Decimal(invoice.balance_amount) - Decimal(share.amount)
                if left < 0:
                    raise InvalidArgument.of("payment.allocations[0].amount", "is more than is owed", "PAYMENT_EXCEEDS_BALANCE")
                invoice.paid_amount = str(Decimal(invoice.paid_amount or 0) + Decimal(share.amount))
                invoice.balance_amount = str(left)
                invoice.state = Invoice.PARTIALLY_PAID if left else Invoice.PAID
                invoice.overdue = invoice.overdue and left > 0
            stored = Payment()
            stored.CopyFrom(payment)
            stored.name, stored.state = f"payments/{new_id()}", Payment.RECEIVED
            self.payments.insert(0, touched(stored))
            return stored

        return self.requests.once(request_id, make)

    def get_statement(self, customer_id: UUID) -> Statement:
        name = f"customers/{customer_id}"
        issued = [invoice for invoice in self._visible() if invoice.customer == name and invoice.state != Invoice.DRAFT]
        totals = []
        for currency in sorted({invoice.currency_code for invoice in issued}):
            ours = [invoice for invoice in issued if invoice.currency_code == currency]
            totals.append(
                Statement.Total(
                    currency_code=currency,
                    billed_amount=_sum(invoice.total.gross_amount for invoice in ours),
                    paid_amount=_sum(invoice.paid_amount for invoice in ours),
                    balance_amount=_sum(invoice.balance_amount for invoice in ours),
                    overdue_amount=_sum(invoice.balance_amount for invoice in ours if invoice.overdue),
                )
            )
        entries = [
            Statement.Entry(
                resource=invoice.name,
                number=invoice.number,
                entry_date=invoice.issue_date,
                amount={"currency_code": invoice.currency_code, "amount": invoice.total.gross_amount},  # type: ignore[arg-type] # as a dict
            )
            for invoice in reversed(issued)
        ]
        return Statement(name=f"{name}/statement", totals=totals, entries=entries, read_time=now())

    def get_documents_settings(self) -> DocumentsSettings:
        return self.settings

    def update_documents_settings(self, settings: DocumentsSettings, paths: Sequence[str], request_id: str) -> DocumentsSettings:
        self.require_fresh()
        self.settings.CopyFrom(merged(self.settings, settings, paths))
        return self.settings


def _sum(amounts: Iterable[str]) -> str:
    return str(sum((Decimal(amount or 0) for amount in amounts), Decimal("0.00")))
