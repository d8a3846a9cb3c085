"""Payments in SQL, and the documents of a statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from libs.access import Caller
from libs.database import Cents
from libs.database.listing import select_page
from libs.errors import NotFound
from libs.listing import Listing, Value
from services.documents.domain.invoices import State
from services.documents.domain.payments import Allocation, Entry, Method, Payment
from services.documents.repository.tables import allocations, invoices, payments, seen_by


@dataclass(frozen=True)
class SqlPayments:
    connection: Connection

    def get(self, payment_id: UUID, caller: Caller) -> Payment:
        seen = sa.select(payments).where(payments.c.id == payment_id, seen_by(caller, payments.c.customer_id))
        row = self.connection.execute(seen).one_or_none()
        if row is None:
            raise NotFound(f"payment {payment_id} does not exist")
        return self._payments([row])[0]

    def page(self, caller: Caller, listing: Listing) -> tuple[Sequence[Payment], str]:
        query = sa.select(payments).where(seen_by(caller, payments.c.customer_id))
        columns: Mapping[str, Any] = {
            "customer": payments.c.customer_id,
            "invoice": _of_invoice,
            "method": payments.c.method,
            "state": sa.literal("RECEIVED", sa.String),
            "receive_date": payments.c.receive_date,
        }
        rows, token = select_page(self.connection, query, listing, columns, payments.c.id)
        return self._payments(rows), token

    def add(self, payment: Payment) -> None:
        values = {
            "id": payment.id,
            "customer_id": payment.customer_id,
            "currency_code": payment.currency_code,
            "amount": payment.amount,
            "method": payment.method.value,
            "receive_date": payment.receive_date,
            "reference": payment.reference,
            "create_time": payment.create_time,
            "version": payment.version,
        }
        self.connection.execute(sa.insert(payments).values(values))
        rows = [
            {"payment_id": payment.id, "position": position, "invoice_id": each.invoice_id, "amount": each.amount}
            for position, each in enumerate(payment.allocations)
        ]
        self.connection.execute(sa.insert(allocations), rows)

    def entries(self, customer_id: UUID) -> Sequence[Entry]:
        """All issued invoices and payments of a customer: one statement, so of one moment on every database."""
        no_money, no_text = sa.literal(Decimal(0), Cents), sa.literal("", sa.String)
        billed = sa.select(
            sa.literal("invoices", sa.String).label("kind"),
            invoices.c.id,
            invoices.c.number,
            invoices.c.issue_date.label("entry_date"),
            invoices.c.create_time,
            invoices.c.currency_code,
            invoices.c.gross_amount,
            invoices.c.paid_amount,
            invoices.c.due_date,
        ).where(invoices.c.customer_id == customer_id, invoices.c.state != State.DRAFT.value)
        paid = sa.select(
            sa.literal("payments", sa.String),
            payments.c.id,
            no_text,
            payments.c.receive_date,
            payments.c.create_time,
            payments.c.currency_code,
            no_money,
            payments.c.amount,
            sa.cast(sa.null(), sa.Date),
        ).where(payments.c.customer_id == customer_id)
        rows = self.connection.execute(sa.union_all(billed, paid)).all()
        return [_entry(row) for row in rows]

    def _payments(self, rows: Sequence[sa.Row[Any]]) -> list[Payment]:
        of: dict[UUID, list[Allocation]] = defaultdict(list)
        ordered = sa.select(allocations).where(allocations.c.payment_id.in_([row.id for row in rows])).order_by(allocations.c.position)
        for each in self.connection.execute(ordered):
            of[each.payment_id].append(Allocation(each.invoice_id, each.amount))
        return [_payment(row, tuple(of[row.id])) for row in rows]


def _of_invoice(compared: str, value: Value) -> ColumnElement[bool]:
    """Whether a payment settles an invoice; `!=` whether it does not, `:*` (compared with null) whether it settles any."""
    settles = sa.exists().where(allocations.c.payment_id == payments.c.id)
    if value is not None:
        settles = settles.where(allocations.c.invoice_id == value)
        return sa.not_(settles) if compared == "!=" else settles
    return settles if compared == "!=" else sa.not_(settles)


def _payment(row: sa.Row[Any], parts: tuple[Allocation, ...]) -> Payment:
    return Payment(
        id=row.id,
        customer_id=row.customer_id,
        currency_code=row.currency_code,
        amount=row.amount,
        allocations=parts,
        receive_date=row.receive_date,
        create_time=row.create_time,
        method=Method(row.method),
        reference=row.reference,
        version=row.version,
    )


def _entry(row: sa.Row[Any]) -> Entry:
    billed = row.kind == "invoices"
    return Entry(
        resource=f"{row.kind}/{row.id}",
        number=row.number,
        entry_date=row.entry_date,
        create_time=row.create_time,
        currency_code=row.currency_code,
        amount=row.gross_amount if billed else -row.paid_amount,
        open_amount=row.gross_amount - row.paid_amount if billed else Decimal("0.00"),
        due_date=row.due_date,
    )
