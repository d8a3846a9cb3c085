"""Creates the gate between those who write about people and who erases one.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    gate = op.create_table(
        "gate", sa.Column("id", sa.Integer, nullable=False, autoincrement=False), sa.PrimaryKeyConstraint("id", name="pk_gate")
    )
    op.execute(sa.insert(gate).values(id=1))
