"""Creates the history of what decides, with one state of everything there is.

Revision ID: 0006
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, UtcDateTime

revision = "0006"
down_revision = "0005"

metadata = sa.MetaData(naming_convention=NAMING)


def versions(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        *columns,
    )


contact_versions = versions(
    "contact_versions",
    sa.Column("contact_id", sa.Uuid, nullable=False),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("access_enabled", sa.Boolean, nullable=False),
    sa.Column("access_start_date", sa.Date),
    sa.Column("access_end_date", sa.Date),
    sa.Column("block_ticket_email", sa.Boolean, nullable=False),
    sa.Column("do_not_call", sa.Boolean, nullable=False),
    sa.Column("newsletter", sa.Boolean, nullable=False),
    sa.Column("groups", sa.Text, nullable=False),
    sa.Index("ix_contact_versions_contact_id_seq", "contact_id", "seq"),
)
affiliation_versions = versions(
    "affiliation_versions",
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("contact_id", sa.Uuid, nullable=False),
    sa.Column("contact_role_id", sa.Uuid),
    sa.Column("permissions", sa.Text, nullable=False),
    sa.Column("preferences", sa.Text, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Index("ix_affiliation_versions_customer_id_contact_id_seq", "customer_id", "contact_id", "seq"),
    sa.Index("ix_affiliation_versions_contact_id_customer_id", "contact_id", "customer_id"),
)
customer_versions = versions(
    "customer_versions",
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("permissions", sa.Text, nullable=False),
    sa.Column("primary_contact_id", sa.Uuid),
    sa.Index("ix_customer_versions_customer_id_seq", "customer_id", "seq"),
)
settings_versions = versions("settings_versions", sa.Column("default_permissions", sa.Text, nullable=False))

SPECIAL = {"seq", "time", "ended"}
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


def seed(versions: sa.Table, source: str, time: Callable[[sa.TableClause], sa.ColumnElement[Any]], **renamed: Any) -> None:
    """Copy everything that there is as its first state. renamed: columns that the source has under another name or not at all."""
    names = [column.name for column in versions.c if column.name not in SPECIAL]
    rows = sa.table(source, *(sa.column(name) for name in {*names, "id", "create_time", "update_time"}))
    values = [renamed.get(name, rows.c[name]) for name in names]
    chosen = sa.select(time(rows), sa.false(), *values).select_from(rows)
    op.get_bind().execute(sa.insert(versions).from_select(["time", "ended", *names], chosen))


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    now, always = (sa.literal(time, UtcDateTime) for time in (datetime.now(UTC), ALWAYS))
    member = sa.table("contact_groups", sa.column("contact_id"), sa.column("group_id"))
    held = sa.select(sa.func.aggregate_strings(sa.cast(member.c.group_id, sa.Text), ",")).where(member.c.contact_id == sa.column("id"))
    id_ = sa.column("id")
    seed(contact_versions, "contacts", lambda row: row.c.update_time, contact_id=id_, groups=sa.func.coalesce(held.scalar_subquery(), ""))
    seed(customer_versions, "customers", lambda row: row.c.update_time, customer_id=id_)
    # An affiliation that was never changed is what it was made; of another one nobody knows since when.
    seed(affiliation_versions, "affiliations", lambda row: sa.case((row.c.version == 1, row.c.create_time), else_=now))
    seed(settings_versions, "settings", lambda _row: always)
