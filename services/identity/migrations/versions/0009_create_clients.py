"""Creates what client applications need: their settings and secrets, authorization codes, used assertions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("families", sa.Column("client_id", sa.Uuid, nullable=True))
    op.add_column("families", sa.Column("scope", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_families_client_id", "families", ["client_id"])
    create_clients()
    create_authorization_codes()
    create_used_assertions()


def create_clients() -> None:
    op.create_table(
        "clients",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("redirect_uris", sa.Text, nullable=False),
        sa.Column("key_set", sa.Text, nullable=False),
        sa.Column("first_party", sa.Boolean, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("old_secret_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("old_secret_until", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("account_id", name="pk_clients"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_clients_account_id_accounts", ondelete="CASCADE"),
    )


def create_authorization_codes() -> None:
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("family_id", sa.Uuid, nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("code_challenge", sa.String(43), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.Column("use_time", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name="pk_authorization_codes"),
        sa.ForeignKeyConstraint(["client_id"], ["accounts.id"], name="fk_authorization_codes_client_id_accounts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_authorization_codes_session_id_sessions", ondelete="CASCADE"),
    )
    for column in ("client_id", "session_id"):
        op.create_index(f"ix_authorization_codes_{column}", "authorization_codes", [column])


def create_used_assertions() -> None:
    op.create_table(
        "used_assertions",
        sa.Column("id_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_used_assertions"),
    )
    op.create_index("ix_used_assertions_expire_time", "used_assertions", ["expire_time"])
