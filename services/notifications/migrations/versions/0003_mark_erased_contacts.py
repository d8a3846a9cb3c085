"""Tells contacts that were erased from those that were deleted and may come back.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("deleted_contacts", sa.Column("erased", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute("UPDATE deleted_contacts SET erased = true")  # of the older ones nobody knows
