"""Creates notes, contact roles, and the role of an affiliation.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, UtcDateTime

revision = "0002"
down_revision = "0001"

metadata = sa.MetaData(naming_convention=NAMING)
contacts = sa.Table("contacts", metadata, sa.Column("id", sa.Uuid, primary_key=True))
customers = sa.Table("customers", metadata, sa.Column("id", sa.Uuid, primary_key=True))
contact_roles = sa.Table(
    "contact_roles",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label_it", sa.Text, nullable=False),
    sa.Column("label_en", sa.Text, nullable=False),
    sa.Column("key_it", sa.Text, nullable=False, unique=True),
    sa.Column("key_en", sa.Text, nullable=False, unique=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("sort_key", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE")),
    sa.Column("customer_id", sa.Uuid, sa.ForeignKey("customers.id", ondelete="CASCADE")),
    sa.Column("author_id", sa.Uuid, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("pinned", sa.Boolean, nullable=False),
    sa.Column("sort_key", sa.String(40), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("(contact_id IS NULL) <> (customer_id IS NULL)", name="one_subject"),
    sa.Index("ix_notes_contact_id_sort_key_id", "contact_id", "sort_key", "id"),
    sa.Index("ix_notes_customer_id_sort_key_id", "customer_id", "sort_key", "id"),
)


def upgrade() -> None:
    connection = op.get_bind()
    contact_roles.create(connection)
    notes.create(connection)
    held = sa.ForeignKey("contact_roles.id", name="fk_affiliations_contact_role_id_contact_roles")
    op.add_column("affiliations", sa.Column("contact_role_id", sa.Uuid, held), inline_references=True)  # SQLite adds none afterwards
    op.create_index("ix_affiliations_contact_role_id", "affiliations", ["contact_role_id"])
