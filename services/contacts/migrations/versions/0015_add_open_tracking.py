"""Adds the consent to open tracking, which nobody has given yet.

Revision ID: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for table in ("contacts", "contact_versions"):
        op.add_column(table, sa.Column("open_tracking", sa.Boolean, nullable=False, server_default=sa.false()))
