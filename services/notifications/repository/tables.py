"""The tables of notifications, and who may see their rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from libs.access import Caller, Kind
from libs.database import UtcDateTime, tables

metadata = tables()

TROUBLE = sa.text("state IN ('DEFERRED', 'FAILED', 'UNCERTAIN')")
DUE = sa.text("due_time IS NOT NULL")

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)
customer_groups = sa.Table(
    "customer_groups",
    metadata,
    sa.Column("customer_id", sa.Uuid, sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.Uuid, primary_key=True),
)
dispatches = sa.Table(
    "dispatches",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("customer_id", sa.Uuid),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("traceparent", sa.String(60), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Index("ix_dispatches_create_time_id", "create_time", "id"),
    sa.Index("ix_dispatches_customer_id_create_time_id", "customer_id", "create_time", "id"),
    sa.Index("ix_dispatches_subject", "subject"),
    sa.UniqueConstraint("event_id", "kind", "subject"),  # an occasion is decided once
)
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("dispatch_id", sa.Uuid, sa.ForeignKey("dispatches.id"), nullable=False, index=True),
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
    sa.Column("open_time", UtcDateTime),
    sa.Column("failure", sa.String(40), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("folded_address", sa.String(254), nullable=False),
    sa.Column("words", sa.String(600), nullable=False),  # folded address and number, for the search
    # One message per person and event, however often the event is delivered (R-NOT-24). A payment tells once about each invoice.
    sa.UniqueConstraint("event_id", "kind", "subject", "person", name="uq_messages_delivery_key"),
    # Histories are read newest first, whole or of one person, one customer, one of the rare states that want attention.
    sa.Index("ix_messages_create_time_id", "create_time", "id"),
    sa.Index("ix_messages_contact_id_create_time_id", "contact_id", "create_time", "id"),
    sa.Index("ix_messages_customer_id_create_time_id", "customer_id", "create_time", "id"),
    sa.Index("ix_messages_trouble", "state", "create_time", "id", postgresql_where=TROUBLE, sqlite_where=TROUBLE),
    sa.Index("ix_messages_due_time", "due_time", postgresql_where=DUE, sqlite_where=DUE),
)
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("message_id", sa.Uuid, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reply", sa.String(500), nullable=False),
)
opens = sa.Table(  # of messages with an image; the first time stands with the message
    "opens",
    metadata,
    sa.Column("message_id", sa.Uuid, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("token_hash", sa.LargeBinary(32), unique=True),  # None: it counts no more
    sa.Column("last_time", UtcDateTime),
    sa.Column("count", sa.Integer, nullable=False),
)
suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("address", sa.String(254), primary_key=True),  # folded
    sa.Column("failure", sa.String(40), nullable=False),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
)
deleted_contacts = sa.Table(
    "deleted_contacts",
    metadata,
    sa.Column("contact_id", sa.Uuid, primary_key=True),
    sa.Column("delete_time", UtcDateTime, nullable=False),
    sa.Column("erased", sa.Boolean, nullable=False, server_default=sa.false()),
)
settings = sa.Table(
    "settings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # one row, 1
    sa.Column("open_tracking", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
gate = sa.Table(  # one row: whoever writes about people shares it, whoever erases one has it alone
    "gate",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
)
holding = sa.Table(  # one row: whoever lets messages leave shares it, whoever holds them has it alone
    "holding",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hold_time", UtcDateTime),
    sa.Column("restore_time", UtcDateTime),
)
template_revisions = sa.Table(
    "template_revisions",
    metadata,
    sa.Column("revision", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("preheader", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.UniqueConstraint("kind", "language", "reason", "number"),
)


def visible(customer_id: ColumnElement[object], caller: Caller) -> ColumnElement[bool]:
    """Return the condition that this caller may see a row about this customer.

    An operator or a client sees the customers of its groups; what is about no customer is for those who see all.
    """
    if caller.kind is Kind.SERVICE or (caller.staff and caller.sees_all):
        return sa.true()
    if not caller.staff or not caller.groups:
        return sa.false()
    return (
        sa.select(sa.literal(1))
        .select_from(customer_groups)
        .where(customer_groups.c.customer_id == customer_id, customer_groups.c.group_id.in_(sorted(caller.groups)))
        .exists()
    )
