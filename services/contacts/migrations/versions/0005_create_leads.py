"""Creates leads and their groups.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, UtcDateTime

revision = "0005"
down_revision = "0004"

metadata = sa.MetaData(naming_convention=NAMING)
contacts = sa.Table("contacts", metadata, sa.Column("id", sa.Uuid, primary_key=True))
groups = sa.Table("groups", metadata, sa.Column("id", sa.Uuid, primary_key=True))
leads = sa.Table(
    "leads",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("first_name", sa.Text, nullable=False),
    sa.Column("last_name", sa.Text, nullable=False),
    sa.Column("sort_name", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("contact_points", sa.JSON, nullable=False),
    sa.Column("address", sa.JSON, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("owner_id", sa.Uuid),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("newsletter", sa.Boolean, nullable=False),
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), index=True),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_leads_sort_name_id", "sort_name", "id"),
    sa.Index("ix_leads_create_time_id", "create_time", "id"),
    sa.Index("ix_leads_search", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}),
)
lead_groups = sa.Table(
    "lead_groups",
    metadata,
    sa.Column("group_id", sa.Uuid, sa.ForeignKey("groups.id"), primary_key=True),
    sa.Column("lead_id", sa.Uuid, sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, index=True),
)


def upgrade() -> None:
    connection = op.get_bind()
    leads.create(connection)
    lead_groups.create(connection)
