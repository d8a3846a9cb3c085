"""Creates the organisation's own roles; the built-in ones stay where they were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "roles",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("display_name", sa.String(100), nullable=False),
        sa.Column("folded_name", sa.String(100), nullable=False),
        sa.Column("capabilities", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
        sa.UniqueConstraint("folded_name", name="uq_roles_folded_name"),
    )
    op.create_table(
        "account_roles",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("role_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "role_id", name="pk_account_roles"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_account_roles_account_id_accounts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_account_roles_role_id_roles"),
    )
    op.create_index("ix_account_roles_role_id", "account_roles", ["role_id"])
