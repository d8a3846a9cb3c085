"""Creates what signing in at the organisation's own identity provider keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "authorization_requests",
        sa.Column("state_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("provider_id", sa.String(40), nullable=False),
        sa.Column("redirect_uri", sa.String(2000), nullable=False),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_authorization_requests"),
    )
    op.create_index("ix_authorization_requests_expire_time", "authorization_requests", ["expire_time"])
    op.create_table(
        "provider_identities",
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_provider_identities"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_provider_identities_account_id_accounts", ondelete="CASCADE"),
        sa.UniqueConstraint("account_id", "issuer", name="uq_provider_identities_account_id_issuer"),
    )
