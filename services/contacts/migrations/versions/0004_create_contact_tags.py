"""Creates the tags of contacts.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "contact_tags",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("contact_id", sa.Uuid, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", "contact_id", name="pk_contact_tags"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_contact_tags_contact_id_contacts", ondelete="CASCADE"),
    )
    op.create_index("ix_contact_tags_contact_id", "contact_tags", ["contact_id"])
