"""Creates the audit, which nobody can change or shorten: the database refuses it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "audit_chains",
        sa.Column("service", sa.String(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("chain_sha256", sa.String(64), nullable=False),
        sa.Column("signed_sequence", sa.BigInteger, nullable=False),
        sa.Column("signed_sha256", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(1000), nullable=False),
        sa.Column("sign_time", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("service", name="pk_audit_chains"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("service", sa.String(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("resource", sa.String(200), nullable=False),
        sa.Column("first_id", sa.Uuid, nullable=True),
        sa.Column("last_id", sa.Uuid, nullable=True),
        sa.Column("result", sa.String(100), nullable=False),
        sa.Column("changed_fields", sa.Text, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=True),
        sa.Column("ip_address", sa.String(45), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("chain_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.UniqueConstraint("service", "sequence", name="uq_audit_entries_service_sequence"),
    )
    op.create_index("ix_audit_entries_create_time_id", "audit_entries", ["create_time", "id"])
    op.create_index("ix_audit_entries_actor_create_time", "audit_entries", ["actor", "create_time"])
    op.create_index("ix_audit_entries_first_id", "audit_entries", ["first_id"])
    op.create_index("ix_audit_entries_last_id", "audit_entries", ["last_id"])
    op.create_index("ix_audit_entries_session_id", "audit_entries", ["session_id"])
    forbid_changes_on_sqlite() if op.get_bind().dialect.name == "sqlite" else forbid_changes_on_postgresql()


def forbid_changes_on_sqlite() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entries_no_{change.lower()} BEFORE {change} ON audit_entries "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )


def forbid_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )
