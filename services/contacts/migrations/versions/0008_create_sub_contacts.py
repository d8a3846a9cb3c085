"""Creates sub-contacts, and to whom a contact reports.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, UtcDateTime

revision = "0008"
down_revision = "0007"

metadata = sa.MetaData(naming_convention=NAMING)
contacts = sa.Table("contacts", metadata, sa.Column("id", sa.Uuid, primary_key=True))
sub_contacts = sa.Table(
    "sub_contacts",
    metadata,
    sa.Column("principal_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("relation", sa.Text, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("principal_id <> contact_id", name="not_itself"),
)


def upgrade() -> None:
    sub_contacts.create(op.get_bind())
    superior = sa.ForeignKey("contacts.id", name="fk_contacts_reports_to_id_contacts")
    op.add_column("contacts", sa.Column("reports_to_id", sa.Uuid, superior), inline_references=True)  # SQLite adds none afterwards
    op.create_index("ix_contacts_reports_to_id", "contacts", ["reports_to_id"])
