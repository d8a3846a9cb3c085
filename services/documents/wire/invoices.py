"""Invoices and their events on the wire."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.documents.events.v1 import events_pb2 as events
from recapito.documents.v1 import document_pb2
from recapito.documents.v1 import invoices_pb2 as pb

from libs.errors import InvalidArgument
from libs.ids import new_id
from services.documents.domain.document import Line, Totals
from services.documents.domain.invoices import Invoice
from services.documents.wire.customers import tax_identity
from services.documents.wire.values import amount_text, day, decimal_text, etag, id_of, merge, money, timestamp


def line(one: Line) -> document_pb2.Line:
    return document_pb2.Line(
        description=one.description,
        quantity=decimal_text(one.quantity),
        unit=one.unit,
        unit_price=decimal_text(one.unit_price),
        discount_percent=decimal_text(one.discount_percent),
        vat_rate_percent=decimal_text(one.vat_rate_percent),
        vat_exemption_code=one.vat_exemption_code,
        net_amount=amount_text(one.net_amount),
    )


def line_of(message: document_pb2.Line) -> Line:
    return Line(
        description=message.description,
        quantity=Decimal(message.quantity or 1),
        unit=message.unit,
        unit_price=Decimal(message.unit_price or 0),
        discount_percent=Decimal(message.discount_percent or 0),
        vat_rate_percent=Decimal(message.vat_rate_percent or 0),
        vat_exemption_code=message.vat_exemption_code,
    )


def totals(sums: Totals) -> document_pb2.Totals:
    by_category = [
        document_pb2.Totals.Vat(
            vat_rate_percent=decimal_text(category.vat_rate_percent),
            vat_exemption_code=category.vat_exemption_code,
            net_amount=amount_text(category.net_amount),
            vat_amount=amount_text(category.vat_amount),
        )
        for category in sums.vat
    ]
    return document_pb2.Totals(
        currency_code=sums.currency_code,
        net_amount=amount_text(sums.net_amount),
        vat_amount=amount_text(sums.vat_amount),
        gross_amount=amount_text(sums.gross_amount),
        vat=by_category,
    )


def invoice(one: Invoice, today: date) -> pb.Invoice:
    return pb.Invoice(
        name=f"invoices/{one.id}",
        customer=f"customers/{one.customer_id}",
        state=pb.Invoice.State.Value(one.state.value),
        number=one.number,
        currency_code=one.currency_code,
        lines=[line(each) for each in one.lines],
        notes=one.notes,
        due_date=one.due_date.isoformat() if one.due_date else "",
        bill_to=tax_identity(one.bill_to) if one.bill_to else None,
        total=totals(one.total),
        paid_amount=amount_text(one.paid_amount),
        balance_amount=amount_text(one.balance_amount),
        overdue=one.overdue(today),
        internal_reference=one.internal_reference,
        issue_date=one.issue_date.isoformat() if one.issue_date else "",
        issue_time=timestamp(one.issue_time),
        send_time=timestamp(one.send_time),
        create_time=timestamp(one.create_time),
        etag=etag(one.version),
    )


def draft_of(message: pb.Invoice, now: datetime) -> Invoice:
    """Return a new draft as a caller describes it."""
    return Invoice(
        id=new_id(),
        customer_id=id_of(message.customer),
        currency_code=message.currency_code,
        create_time=now,
        lines=tuple(line_of(each) for each in message.lines),
        notes=message.notes,
        due_date=day(message.due_date, "invoice.due_date"),
        internal_reference=message.internal_reference,
    )


def edited(one: Invoice, wanted: pb.Invoice, mask: FieldMask) -> Invoice:
    """Return the invoice with the fields of the mask as wanted; which of them may change is the domain's rule."""
    message = invoice(one, date.min)
    merge(message, wanted, mask)
    changed = draft_of(message, one.create_time)
    if not changed.currency_code:
        raise InvalidArgument.of("invoice.currency_code", "is needed", "REQUIRED")
    return changed


def invoice_issued(one: Invoice, version: int, *, skip_notification: bool) -> events.InvoiceIssued:
    return events.InvoiceIssued(
        invoice=f"invoices/{one.id}",
        version=version,
        customer=f"customers/{one.customer_id}",
        number=one.number,
        gross_amount=money(one.total.gross_amount, one.currency_code),
        due_date=one.due_date.isoformat() if one.due_date else "",
        skip_notification=skip_notification,
    )


def invoice_viewed(one: Invoice, contact_id: UUID, version: int) -> events.InvoiceViewed:
    return events.InvoiceViewed(
        invoice=f"invoices/{one.id}",
        version=version,
        customer=f"customers/{one.customer_id}",
        contact=f"contacts/{contact_id}",
        number=one.number,
    )
