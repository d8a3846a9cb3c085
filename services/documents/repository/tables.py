"""The tables of documents, and what each caller sees of them."""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from libs.access import Caller, Kind
from libs.database import Cents, UtcDateTime, tables

metadata = tables()

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("display_name", sa.String(200), nullable=False),
    sa.Column("search", sa.String(400), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
)
customer_groups = sa.Table(
    "customer_groups",
    metadata,
    sa.Column("customer_id", sa.Uuid, sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.Uuid, primary_key=True),
)
settings = sa.Table(
    "settings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # one row, 1
    sa.Column("issuer", sa.JSON, nullable=False),
    sa.Column("iban", sa.String(34), nullable=False),
    sa.Column("currency_code", sa.String(3), nullable=False),
    sa.Column("series", sa.JSON, nullable=False),
    sa.Column("payment_term_days", sa.Integer, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
)
invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("number", sa.String(80), unique=True),  # null while DRAFT
    sa.Column("currency_code", sa.String(3), nullable=False),
    sa.Column("lines", sa.JSON, nullable=False),
    sa.Column("notes", sa.String(2000), nullable=False),
    sa.Column("due_date", sa.Date),
    sa.Column("internal_reference", sa.String(200), nullable=False),
    sa.Column("issue_date", sa.Date),
    sa.Column("issue_order", sa.Date, nullable=False),  # the day of issue, drafts behind all days: never null, so that pages are ranges
    sa.Column("issue_time", UtcDateTime),
    sa.Column("send_time", UtcDateTime),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("bill_to", sa.JSON(none_as_null=True)),
    sa.Column("issuer", sa.JSON(none_as_null=True)),
    sa.Column("iban", sa.String(34), nullable=False),
    sa.Column("language_code", sa.String(2), nullable=False),
    sa.Column("vat", sa.JSON, nullable=False),
    sa.Column("net_amount", Cents, nullable=False),
    sa.Column("vat_amount", Cents, nullable=False),
    sa.Column("gross_amount", Cents, nullable=False),
    sa.Column("paid_amount", Cents, nullable=False),
    sa.Column("search", sa.Text, nullable=False),  # folded words of number, "Bill to" and lines
    sa.Column("events", sa.BigInteger, nullable=False, default=0),  # version of the last event about it
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("(state = 'DRAFT') = (number IS NULL)", name="number_when_issued"),
    sa.CheckConstraint("paid_amount >= 0 AND (paid_amount <= gross_amount OR state = 'DRAFT')", name="paid_within_gross"),
    sa.Index(None, "customer_id", "issue_order", "id"),
    sa.Index(None, "issue_order", "id"),
    sa.Index(None, "due_date", "id"),
)
invoice_views = sa.Table(
    "invoice_views",
    metadata,
    sa.Column("session_id", sa.Uuid, primary_key=True),
    sa.Column("invoice_id", sa.Uuid, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("contact_id", sa.Uuid, nullable=False),
    sa.Column("view_time", UtcDateTime, nullable=False),
)
renditions = sa.Table(
    "renditions",
    metadata,
    sa.Column("invoice_id", sa.Uuid, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("sha256", sa.LargeBinary(32)),  # null until it is stored
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("store_time", UtcDateTime),
    sa.Column("lease_until", UtcDateTime),  # a job renders it; after that, another may
    sa.Index("ix_renditions_missing", "invoice_id", postgresql_where=sa.text("sha256 IS NULL"), sqlite_where=sa.text("sha256 IS NULL")),
)
payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("currency_code", sa.String(3), nullable=False),
    sa.Column("amount", Cents, nullable=False),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("receive_date", sa.Date, nullable=False),
    sa.Column("reference", sa.String(200), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
    sa.Index(None, "customer_id", "receive_date"),
    sa.Index(None, "receive_date", "id"),
)
allocations = sa.Table(
    "allocations",
    metadata,
    sa.Column("payment_id", sa.Uuid, sa.ForeignKey("payments.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("invoice_id", sa.Uuid, sa.ForeignKey("invoices.id"), nullable=False, index=True),
    sa.Column("amount", Cents, nullable=False),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
)


def seen_by(caller: Caller, customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The rows of customers that the caller may know of; a contact's permission was checked before."""
    match caller.kind:
        case Kind.SERVICE:
            return sa.true()
        case Kind.OPERATOR | Kind.CLIENT if caller.sees_all:
            return sa.true()
        case Kind.OPERATOR | Kind.CLIENT:
            of_group = customer_groups.c.customer_id == customer_id, customer_groups.c.group_id.in_(caller.groups)
            return sa.exists().where(*of_group)
        case Kind.CONTACT if caller.customer_id is not None:
            return customer_id == caller.customer_id
        case _:
            return sa.false()


def folded(text: str) -> str:
    """Return the text for searching: without case and accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
