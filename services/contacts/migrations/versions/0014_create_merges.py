"""Creates the merges of contacts, with what undoing them needs.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, UtcDateTime

revision = "0014"
down_revision = "0013"

metadata = sa.MetaData(naming_convention=NAMING)
merges = sa.Table(
    "merges",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("survivor_id", sa.Uuid, nullable=False),
    sa.Column("duplicate_id", sa.Uuid, nullable=False, index=True),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("undo_time", UtcDateTime),
    sa.Column("snapshot", sa.Text),
    sa.Index("ix_merges_survivor_id_create_time_id", "survivor_id", "create_time", "id"),
)


def upgrade() -> None:
    merges.create(op.get_bind())
