"""Creates all tables of identity."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import SHARED_TABLES, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    for table in SHARED_TABLES:
        table.create(op.get_bind())
    create_accounts()
    create_account_groups()
    create_sessions()
    create_links()
    create_link_requests()
    create_policies()
    create_acceptances()
    create_throttles()
    create_known_devices()
    create_families()
    create_refresh_tokens()
    create_keys()


def create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("folded_name", sa.String(800), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("login", sa.String(800), nullable=True),
        sa.Column("language_code", sa.String(10), nullable=False),
        sa.Column("right_to_left", sa.Boolean, nullable=False),
        sa.Column("roles", sa.String(800), nullable=False),
        sa.Column("access_version", sa.Integer, nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("password_change_required", sa.Boolean, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=True),
        sa.Column("access_enabled", sa.Boolean, nullable=False),
        sa.Column("access_start_date", sa.Date, nullable=True),
        sa.Column("access_end_date", sa.Date, nullable=True),
        sa.Column("contact_version", sa.BigInteger, nullable=False),
        sa.Column("event_version", sa.BigInteger, nullable=False),
        sa.Column("last_sign_in_time", UtcDateTime, nullable=True),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("delete_time", UtcDateTime, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("kind", "login", name="uq_accounts_kind_login"),
    )
    op.create_index("ix_accounts_folded_name_id", "accounts", ["folded_name", "id"])
    op.create_index("ix_accounts_login", "accounts", ["login"])


def create_keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("secret", sa.LargeBinary(100), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("use_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("number", name="uq_keys_number"),
    )


def create_link_requests() -> None:
    op.create_table(
        "link_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(10), nullable=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=True),
        sa.Column("landing", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link_requests"),
    )


def create_policies() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("text_it", sa.Text, nullable=False),
        sa.Column("text_en", sa.Text, nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("publish_time", UtcDateTime, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
    )
    current = sa.text("state = 'CURRENT'")
    op.create_index("uq_policies_current", "policies", ["state"], unique=True, postgresql_where=current, sqlite_where=current)


def create_throttles() -> None:
    op.create_table(
        "throttles",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("start_time", UtcDateTime, nullable=False),
        sa.Column("update_time", UtcDateTime, nullable=False),
        sa.Column("not_before", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_throttles"),
    )
    op.create_index("ix_throttles_not_before", "throttles", ["not_before"])


def create_acceptances() -> None:
    op.create_table(
        "acceptances",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("policy_id", sa.Uuid, nullable=False),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("language_code", sa.String(10), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("accept_time", UtcDateTime, nullable=False),
        sa.Column("ip_address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acceptances"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_acceptances_account_id_accounts"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_acceptances_policy_id_policies"),
        sa.UniqueConstraint("account_id", "policy_id", name="uq_acceptances_account_id_policy_id"),
    )


def create_account_groups() -> None:
    op.create_table(
        "account_groups",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "group_id", name="pk_account_groups"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_account_groups_account_id_accounts", ondelete="CASCADE"),
    )
    op.create_index("ix_account_groups_group_id", "account_groups", ["group_id"])


def create_known_devices() -> None:
    op.create_table(
        "known_devices",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("device_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("update_time", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "device_hash", name="pk_known_devices"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_known_devices_account_id_accounts", ondelete="CASCADE"),
    )


def create_links() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("login", sa.String(800), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("message", sa.String(40), nullable=False),
        sa.Column("landing", sa.String(200), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.Column("use_time", UtcDateTime, nullable=True),
        sa.Column("use_ip_address", sa.String(45), nullable=False),
        sa.Column("cancel_time", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_links_account_id_accounts", ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash", name="uq_links_token_hash"),
    )
    op.create_index("ix_links_account_id_create_time", "links", ["account_id", "create_time"])
    op.create_index("ix_links_expire_time", "links", ["expire_time"])
    op.create_index("ix_links_message", "links", ["message"])


def create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("last_use_time", UtcDateTime, nullable=False),
        sa.Column("end_time", UtcDateTime, nullable=False),
        sa.Column("fresh_until", UtcDateTime, nullable=True),
        sa.Column("open_time", UtcDateTime, nullable=True),
        sa.Column("ip_address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(500), nullable=False),
        sa.Column("landing", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id_accounts", ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_account_id_create_time", "sessions", ["account_id", "create_time"])
    op.create_index("ix_sessions_end_time", "sessions", ["end_time"])


def create_families() -> None:
    op.create_table(
        "families",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_families"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_families_session_id_sessions", ondelete="CASCADE"),
    )
    op.create_index("ix_families_session_id", "families", ["session_id"])


def create_refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("family_id", sa.Uuid, nullable=False),
        sa.Column("create_time", UtcDateTime, nullable=False),
        sa.Column("use_time", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        sa.ForeignKeyConstraint(["family_id"], ["families.id"], name="fk_refresh_tokens_family_id_families", ondelete="CASCADE"),
    )
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"])
