"""Creates all tables of documents, and the trigger that keeps issued invoices as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import SHARED_TABLES, Cents, UtcDateTime

revision = "0001"
down_revision = None

FIXED = (
    "customer_id", "number", "currency_code", "lines", "notes", "due_date", "issue_date", "issue_order", "issue_time", "create_time",
    "bill_to", "issuer", "iban", "language_code", "vat", "net_amount", "vat_amount", "gross_amount",
)  # fmt: skip


def upgrade() -> None:
    for table in SHARED_TABLES:
        table.create(op.get_bind())
    create_customers()
    create_settings()
    create_invoices()
    create_payments()
    guard_issued_invoices()


def create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("search", sa.String(400), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("update_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )
    op.create_table(
        "customer_groups",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "group_id", name="pk_customer_groups"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_customer_groups_customer_id_customers", ondelete="CASCADE"),
    )


def create_settings() -> None:
    settings = op.create_table(
        "settings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("issuer", sa.JSON, nullable=False),
        sa.Column("iban", sa.String(34), nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("series", sa.JSON, nullable=False),
        sa.Column("payment_term_days", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
    )
    address = dict.fromkeys(("street", "city", "province", "postal_code", "region_code"), "")
    issuer = dict.fromkeys(("legal_name", "vat_number", "tax_code", "sdi_recipient_code", "certified_email"), "")
    op.bulk_insert(
        settings,
        [
            {
                "id": 1,
                "issuer": issuer | {"address": address},
                "iban": "",
                "currency_code": "EUR",
                "series": {"INVOICE": "INV-{year}-{number:6}"},
                "payment_term_days": 30,
                "version": 1,
            }
        ],
    )
    op.create_table(
        "numbers",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "year", name="pk_numbers"),
    )


def create_invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("number", sa.String(80)),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("notes", sa.String(2000), nullable=False),
        sa.Column("due_date", sa.Date),
        sa.Column("internal_reference", sa.String(200), nullable=False),
        sa.Column("issue_date", sa.Date),
        sa.Column("issue_order", sa.Date, nullable=False),
        sa.Column("issue_time", UtcDateTime),
        sa.Column("send_time", UtcDateTime),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("bill_to", sa.JSON),
        sa.Column("issuer", sa.JSON),
        sa.Column("iban", sa.String(34), nullable=False),
        sa.Column("language_code", sa.String(2), nullable=False),
        sa.Column("vat", sa.JSON, nullable=False),
        sa.Column("net_amount", Cents, nullable=False),
        sa.Column("vat_amount", Cents, nullable=False),
        sa.Column("gross_amount", Cents, nullable=False),
        sa.Column("paid_amount", Cents, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invoices"),
        sa.UniqueConstraint("number", name="uq_invoices_number"),
        sa.CheckConstraint("(state = 'DRAFT') = (number IS NULL)", name=op.f("ck_invoices_number_when_issued")),
        sa.CheckConstraint(
            "paid_amount >= 0 AND (paid_amount <= gross_amount OR state = 'DRAFT')", name=op.f("ck_invoices_paid_within_gross")
        ),
    )
    op.create_index("ix_invoices_customer_id_issue_order_id", "invoices", ["customer_id", "issue_order", "id"])
    op.create_index("ix_invoices_issue_order_id", "invoices", ["issue_order", "id"])
    op.create_index("ix_invoices_due_date_id", "invoices", ["due_date", "id"])
    op.create_table(
        "invoice_views",
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("invoice_id", sa.Uuid, nullable=False),
        sa.Column("contact_id", sa.Uuid, nullable=False),
        sa.Column("view_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "invoice_id", name="pk_invoice_views"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="fk_invoice_views_invoice_id_invoices"),
    )
    op.create_table(
        "renditions",
        sa.Column("invoice_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32)),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("store_time", UtcDateTime),
        sa.Column("lease_until", UtcDateTime),
        sa.PrimaryKeyConstraint("invoice_id", name="pk_renditions"),
        sa.UniqueConstraint("key", name="uq_renditions_key"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="fk_renditions_invoice_id_invoices"),
    )
    missing = sa.text("sha256 IS NULL")
    op.create_index("ix_renditions_missing", "renditions", ["invoice_id"], postgresql_where=missing, sqlite_where=missing)


def create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("amount", Cents, nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("receive_date", sa.Date, nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount_positive")),
    )
    op.create_index("ix_payments_customer_id_receive_date", "payments", ["customer_id", "receive_date"])
    op.create_index("ix_payments_receive_date_id", "payments", ["receive_date", "id"])
    op.create_table(
        "allocations",
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("invoice_id", sa.Uuid, nullable=False),
        sa.Column("amount", Cents, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "position", name="pk_allocations"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_allocations_payment_id_payments"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="fk_allocations_invoice_id_invoices"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_allocations_amount_positive")),
    )
    op.create_index("ix_allocations_invoice_id", "allocations", ["invoice_id"])


def guard_issued_invoices() -> None:
    """No code, and no hand in the database, changes or deletes what was issued. Triggers have no common spelling."""
    if op.get_bind().dialect.name == "sqlite":
        changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FIXED)
        refuse = "BEGIN SELECT RAISE(ABORT, 'an issued invoice stays as it is'); END"
        op.execute(
            f"CREATE TRIGGER invoices_keep BEFORE UPDATE ON invoices "
            f"WHEN OLD.state <> 'DRAFT' AND (NEW.state = 'DRAFT' OR {changed}) {refuse}"
        )
        op.execute(f"CREATE TRIGGER invoices_stay BEFORE DELETE ON invoices WHEN OLD.state <> 'DRAFT' {refuse}")
        return
    changed = " OR ".join(f"OLD.{column}::text IS DISTINCT FROM NEW.{column}::text" for column in FIXED)
    op.execute(
        "CREATE FUNCTION refuse_change_of_issued() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'an issued invoice stays as it is' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER invoices_keep BEFORE UPDATE ON invoices FOR EACH ROW "
        f"WHEN (OLD.state <> 'DRAFT' AND (NEW.state = 'DRAFT' OR {changed})) EXECUTE FUNCTION refuse_change_of_issued()"
    )
    op.execute(
        "CREATE TRIGGER invoices_stay BEFORE DELETE ON invoices FOR EACH ROW "
        "WHEN (OLD.state <> 'DRAFT') EXECUTE FUNCTION refuse_change_of_issued()"
    )
