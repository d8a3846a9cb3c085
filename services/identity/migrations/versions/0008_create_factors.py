"""Creates second factors, recovery codes and passkey challenges; accounts and sessions say what they have of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("second_factor_set", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("second_factor_time", UtcDateTime, nullable=True))
    create_factors()
    create_recovery_codes()
    create_passkey_challenges()


def create_factors() -> None:
    op.create_table(
        "factors",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("display_name", sa.String(100), nullable=False),
        sa.Column("secret", sa.LargeBinary(200), nullable=True),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(1023), nullable=True),
        sa.Column("public_key", sa.LargeBinary(2000), nullable=True),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("confirm_time", UtcDateTime, nullable=True),
        sa.Column("last_use_time", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_factors_account_id_accounts", ondelete="CASCADE"),
        sa.UniqueConstraint("credential_id", name="uq_factors_credential_id"),
    )
    op.create_index("ix_factors_account_id_create_time", "factors", ["account_id", "create_time"])


def create_recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("use_time", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_recovery_codes_account_id_accounts", ondelete="CASCADE"),
    )


def create_passkey_challenges() -> None:
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("factor_id", sa.Uuid, nullable=True),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name="pk_passkey_challenges"),
    )
    op.create_index("ix_passkey_challenges_expire_time", "passkey_challenges", ["expire_time"])
