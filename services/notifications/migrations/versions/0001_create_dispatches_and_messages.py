"""Creates all tables of notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import SHARED_TABLES, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    for table in SHARED_TABLES:
        table.create(op.get_bind())
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )
    op.create_table(
        "deleted_contacts",
        sa.Column("contact_id", sa.Uuid, nullable=False),
        sa.Column("delete_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name="pk_deleted_contacts"),
    )
    op.create_table(
        "dispatches",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("traceparent", sa.String(60), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dispatches"),
        sa.UniqueConstraint("event_id", "kind", "subject", name="uq_dispatches_event_id_kind_subject"),
    )
    op.create_index("ix_dispatches_create_time_id", "dispatches", ["create_time", "id"])
    op.create_index("ix_dispatches_customer_id_create_time_id", "dispatches", ["customer_id", "create_time", "id"])
    op.create_index("ix_dispatches_subject", "dispatches", ["subject"])
    op.create_table(
        "suppressions",
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("failure", sa.String(40), nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_suppressions"),
    )
    op.create_table(
        "template_revisions",
        sa.Column("revision", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("preheader", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_template_revisions"),
        sa.UniqueConstraint("kind", "language", "reason", "number", name="uq_template_revisions_kind_language_reason_number"),
    )
    op.create_table(
        "customer_groups",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_customer_groups_customer_id_customers", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("customer_id", "group_id", name="pk_customer_groups"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("dispatch_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("person", sa.String(60), nullable=False),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("seen", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("to_address", sa.String(254), nullable=False),
        sa.Column("first_name", sa.String(100), nullable=False),
        sa.Column("last_name", sa.String(100), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("right_to_left", sa.Boolean, nullable=False),
        sa.Column("message_id", sa.String(300), nullable=False),
        sa.Column("revision", sa.String(32), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("due_time", UtcDateTime),
        sa.Column("send_time", UtcDateTime),
        sa.Column("failure", sa.String(40), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("folded_address", sa.String(254), nullable=False),
        sa.Column("words", sa.String(600), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatches.id"], name="fk_messages_dispatch_id_dispatches"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("event_id", "kind", "subject", "person", name="uq_messages_delivery_key"),
    )
    op.create_index("ix_messages_contact_id_create_time_id", "messages", ["contact_id", "create_time", "id"])
    op.create_index("ix_messages_create_time_id", "messages", ["create_time", "id"])
    op.create_index("ix_messages_customer_id_create_time_id", "messages", ["customer_id", "create_time", "id"])
    trouble = sa.text("state IN ('DEFERRED', 'FAILED', 'UNCERTAIN')")
    op.create_index("ix_messages_trouble", "messages", ["state", "create_time", "id"], postgresql_where=trouble, sqlite_where=trouble)
    op.create_index("ix_messages_dispatch_id", "messages", ["dispatch_id"])
    op.create_index(
        "ix_messages_due_time",
        "messages",
        ["due_time"],
        postgresql_where=sa.text("due_time IS NOT NULL"),
        sqlite_where=sa.text("due_time IS NOT NULL"),
    )
    op.create_table(
        "attempts",
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reply", sa.String(500), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_attempts_message_id_messages"),
        sa.PrimaryKeyConstraint("message_id", "number", name="pk_attempts"),
    )
