"""Creates the switch that holds all mail.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    holding = op.create_table(
        "holding",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("hold_time", UtcDateTime),
        sa.Column("restore_time", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_holding"),
    )
    op.execute(sa.insert(holding).values(id=1))
