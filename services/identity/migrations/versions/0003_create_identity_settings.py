"""Creates the settings of sign-in, with what holds before anybody decides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    settings = op.create_table(
        "identity_settings",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("self_service_reset", sa.Boolean, nullable=False),
        sa.Column("magic_link_lifetime_days", sa.Integer, nullable=False),
        sa.Column("administrators_need_second_factor", sa.Boolean, nullable=False),
        sa.Column("contacts_may_use_second_factor", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_settings"),
        sa.CheckConstraint("id = 1", name="ck_identity_settings_one_row"),
    )
    first = {
        "id": 1,
        "self_service_reset": True,
        "magic_link_lifetime_days": 7,
        "administrators_need_second_factor": False,
        "contacts_may_use_second_factor": True,
        "version": 1,
    }
    op.bulk_insert(settings, [first])
