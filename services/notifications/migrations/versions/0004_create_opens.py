"""Creates what is kept of opened messages, and the setting that allows it: off.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    settings = op.create_table(
        "settings",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("open_tracking", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
    )
    op.execute(sa.insert(settings).values(id=1, open_tracking=False, version=1))
    op.add_column("messages", sa.Column("open_time", UtcDateTime))
    op.create_table(
        "opens",
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32)),
        sa.Column("last_time", UtcDateTime),
        sa.Column("count", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_opens_message_id_messages"),
        sa.PrimaryKeyConstraint("message_id", name="pk_opens"),
        sa.UniqueConstraint("token_hash", name="uq_opens_token_hash"),
    )
