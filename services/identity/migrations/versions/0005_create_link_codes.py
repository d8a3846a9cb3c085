"""Creates the codes that stand beside sign-in links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "link_codes",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("link_id", sa.Uuid, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_link_codes"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_link_codes_account_id_accounts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="fk_link_codes_link_id_links", ondelete="CASCADE"),
    )
    op.create_index("ix_link_codes_expire_time", "link_codes", ["expire_time"])
    op.create_index("ix_link_codes_link_id", "link_codes", ["link_id"])
