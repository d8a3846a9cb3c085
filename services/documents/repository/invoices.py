"""Invoices in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from libs.access import Caller, Kind
from libs.database import insert
from libs.database.listing import select_page
from libs.errors import Aborted, NotFound
from libs.listing import Listing
from services.documents.domain.document import Line, PostalAddress, TaxIdentity, Totals, Vat
from services.documents.domain.invoices import Invoice, State, View
from services.documents.repository.tables import customers, folded, invoice_views, invoices, seen_by

SEARCHED_CHARACTERS = 20_000
PAGE_CHARACTERS = 3_000_000  # of lines in one page, each up to 4 bytes


@dataclass(frozen=True)
class SqlInvoices:
    connection: Connection

    def get(self, invoice_id: UUID, caller: Caller) -> Invoice:
        return self._one(sa.select(invoices).where(invoices.c.id == invoice_id, _visible(caller)), invoice_id)

    def hold(self, invoice_id: UUID, caller: Caller) -> Invoice:
        held = sa.select(invoices).where(invoices.c.id == invoice_id, _visible(caller)).with_for_update(of=invoices)
        return self._one(held, invoice_id)

    def _one(self, query: sa.Select[Any], invoice_id: UUID) -> Invoice:
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"invoice {invoice_id} does not exist")
        return _invoice(row)

    def page(self, caller: Caller, listing: Listing, today: date) -> tuple[Sequence[Invoice], str]:
        query = sa.select(invoices).where(_visible(caller))
        for word in folded(listing.query).split():
            of_customer = sa.select(customers.c.id).where(customers.c.search.contains(word, autoescape=True))
            query = query.where(sa.or_(invoices.c.search.contains(word, autoescape=True), invoices.c.customer_id.in_(of_customer)))
        if listing.order.field == "issue_date":
            listing = replace(listing, order=replace(listing.order, field="issue_order"))
        rows, token = select_page(self.connection, query, listing, _columns(today), invoices.c.id)
        if (fitting := _fitting(rows)) < len(rows):
            last = rows[fitting - 1]
            rows, token = rows[:fitting], listing.token(getattr(last, listing.order.field), last.id)
        return [_invoice(row) for row in rows], token

    def last_issue(self, customer_ids: Collection[UUID]) -> date | None:
        found: date | None = self.connection.execute(
            sa.select(sa.func.max(invoices.c.issue_date)).where(invoices.c.customer_id.in_(customer_ids))
        ).scalar_one()
        return found

    def add(self, invoice: Invoice) -> None:
        self.connection.execute(sa.insert(invoices).values(_values(invoice) | {"events": 0}))

    def save_draft(self, invoice: Invoice) -> Invoice:
        return self._save(invoice, _values(invoice), invoices.c.state == State.DRAFT.value)

    def save_issued(self, invoice: Invoice) -> Invoice:
        values = {
            "state": invoice.state.value,
            "paid_amount": invoice.paid_amount,
            "send_time": invoice.send_time,
            "internal_reference": invoice.internal_reference,
        }
        return self._save(invoice, values, invoices.c.state != State.DRAFT.value)

    def _save(self, invoice: Invoice, values: dict[str, Any], condition: ColumnElement[bool]) -> Invoice:
        unchanged = (invoices.c.id == invoice.id, invoices.c.version == invoice.version, condition)
        saved = replace(invoice, version=invoice.version + 1)
        if self.connection.execute(sa.update(invoices).where(*unchanged).values(values | {"version": saved.version})).rowcount != 1:
            raise Aborted(f"invoice {invoice.id} was changed by someone else")
        return saved

    def delete_draft(self, invoice: Invoice) -> None:
        same = (invoices.c.id == invoice.id, invoices.c.version == invoice.version, invoices.c.state == State.DRAFT.value)
        if self.connection.execute(sa.delete(invoices).where(*same)).rowcount != 1:
            raise Aborted(f"invoice {invoice.id} was changed by someone else")

    def next_event(self, invoice_id: UUID) -> int:
        counted = sa.update(invoices).where(invoices.c.id == invoice_id).values(events=invoices.c.events + 1).returning(invoices.c.events)
        return int(self.connection.execute(counted).scalar_one())

    def viewed(self, invoice_id: UUID, session_id: UUID) -> bool:
        of_session = (invoice_views.c.session_id == session_id, invoice_views.c.invoice_id == invoice_id)
        return self.connection.execute(sa.select(invoice_views.c.view_time).where(*of_session)).first() is not None

    def views_of(self, contact_id: UUID, caller: Caller) -> Sequence[View]:
        query = (
            sa.select(invoices.c.id, invoices.c.number, invoices.c.customer_id, invoice_views.c.view_time)
            .join(invoice_views, invoice_views.c.invoice_id == invoices.c.id)
            .where(invoice_views.c.contact_id == contact_id, seen_by(caller, invoices.c.customer_id))
            .order_by(invoice_views.c.view_time, invoices.c.id)
        )
        return [View(row.id, row.number, row.customer_id, row.view_time) for row in self.connection.execute(query)]

    def add_view(self, invoice_id: UUID, session_id: UUID, contact_id: UUID, time: datetime) -> bool:
        view = {"invoice_id": invoice_id, "session_id": session_id, "contact_id": contact_id, "view_time": time}
        new = insert(self.connection, invoice_views).values(view).on_conflict_do_nothing().returning(invoice_views.c.invoice_id)
        return self.connection.execute(new).first() is not None


def _fitting(rows: Sequence[sa.Row[Any]]) -> int:
    """How many rows go into one answer; the first always does. A thousand long invoices are more than a gRPC message may hold."""
    room = PAGE_CHARACTERS
    for number, row in enumerate(rows):
        room -= sum(300 + len(line["description"]) for line in row.lines)
        if room < 0:
            return max(number, 1)
    return len(rows)


def _visible(caller: Caller) -> ColumnElement[bool]:
    seen = seen_by(caller, invoices.c.customer_id)
    return sa.and_(seen, invoices.c.state != State.DRAFT.value) if caller.kind is Kind.CONTACT else seen


def _columns(today: date) -> Mapping[str, ColumnElement[Any]]:
    owed = sa.and_(invoices.c.state != State.DRAFT.value, invoices.c.paid_amount < invoices.c.gross_amount)
    return {
        "customer": invoices.c.customer_id,
        "state": invoices.c.state,
        "overdue": sa.and_(owed, invoices.c.due_date < today),
        "issue_date": invoices.c.issue_date,
        "issue_order": invoices.c.issue_order,
        "due_date": invoices.c.due_date,
        "number": invoices.c.number,
    }


# --- rows ----------------------------------------------------------------------------------------------------------------------------
def _values(invoice: Invoice) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "customer_id": invoice.customer_id,
        "state": invoice.state.value,
        "number": invoice.number or None,
        "currency_code": invoice.currency_code,
        "lines": [_written(line) for line in invoice.lines],
        "notes": invoice.notes,
        "due_date": invoice.due_date,
        "internal_reference": invoice.internal_reference,
        "issue_date": invoice.issue_date,
        "issue_order": invoice.issue_date or date.max,
        "issue_time": invoice.issue_time,
        "send_time": invoice.send_time,
        "create_time": invoice.create_time,
        "bill_to": asdict(invoice.bill_to) if invoice.bill_to else None,
        "issuer": asdict(invoice.issuer) if invoice.issuer else None,
        "iban": invoice.iban,
        "language_code": invoice.language_code,
        "vat": [_written(category) for category in invoice.total.vat],
        "net_amount": invoice.total.net_amount,
        "vat_amount": invoice.total.vat_amount,
        "gross_amount": invoice.total.gross_amount,
        "paid_amount": invoice.paid_amount,
        "search": _search(invoice),
        "version": invoice.version,
    }


def _written(part: Line | Vat) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(part).items()}


def _search(invoice: Invoice) -> str:
    names = (invoice.number, invoice.bill_to.legal_name if invoice.bill_to else "", *(line.description for line in invoice.lines))
    return folded("\n".join(names))[:SEARCHED_CHARACTERS]


def _invoice(row: sa.Row[Any]) -> Invoice:
    sums = Totals(row.currency_code, row.net_amount, row.vat_amount, row.gross_amount, tuple(_vat(each) for each in row.vat))
    return Invoice(
        id=row.id,
        customer_id=row.customer_id,
        currency_code=row.currency_code,
        create_time=row.create_time,
        state=State(row.state),
        lines=tuple(_line(each) for each in row.lines),
        notes=row.notes,
        due_date=row.due_date,
        internal_reference=row.internal_reference,
        number=row.number or "",
        issue_date=row.issue_date,
        issue_time=row.issue_time,
        send_time=row.send_time,
        bill_to=tax_identity(row.bill_to) if row.bill_to else None,
        issuer=tax_identity(row.issuer) if row.issuer else None,
        iban=row.iban,
        language_code=row.language_code,
        total=sums,
        paid_amount=row.paid_amount,
        version=row.version,
    )


def _line(written: Mapping[str, str]) -> Line:
    decimals = ("quantity", "unit_price", "discount_percent", "vat_rate_percent")
    return Line(**{**written, **{name: Decimal(written[name]) for name in decimals}})  # type: ignore[arg-type] # as asdict wrote it


def _vat(written: Mapping[str, str]) -> Vat:
    decimals = {name: Decimal(written[name]) for name in ("vat_rate_percent", "net_amount", "vat_amount")}
    return Vat(vat_exemption_code=written["vat_exemption_code"], **decimals)


def tax_identity(written: Mapping[str, Any]) -> TaxIdentity:
    return TaxIdentity(**{**written, "address": PostalAddress(**written["address"])})
