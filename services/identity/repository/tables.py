"""The tables of identity; the modules of this folder alone know them."""

from __future__ import annotations

import sqlalchemy as sa

from libs import database
from libs.database import UtcDateTime

metadata = database.tables()

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("display_name", sa.String(200), nullable=False),
    sa.Column("folded_name", sa.String(800), nullable=False),  # for search and order, whatever the letter case
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("login", sa.String(800)),  # the folded address; NULL without one
    sa.Column("language_code", sa.String(10), nullable=False),
    sa.Column("right_to_left", sa.Boolean, nullable=False),
    sa.Column("roles", sa.String(800), nullable=False),  # the built-in ones, separated by blanks
    sa.Column("access_version", sa.Integer, nullable=False),
    sa.Column("password_hash", sa.String(200), nullable=False),
    sa.Column("password_change_required", sa.Boolean, nullable=False),
    sa.Column("second_factor_set", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("customer_id", sa.Uuid),
    sa.Column("access_enabled", sa.Boolean, nullable=False),
    sa.Column("access_start_date", sa.Date),
    sa.Column("access_end_date", sa.Date),
    sa.Column("contact_version", sa.BigInteger, nullable=False),
    sa.Column("event_version", sa.BigInteger, nullable=False),
    sa.Column("last_sign_in_time", UtcDateTime),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("delete_time", UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("kind", "login"),  # an address may be an operator's and a contact's, and of each once
    sa.Index("ix_accounts_login", "login"),
    sa.Index("ix_accounts_folded_name_id", "folded_name", "id"),
)
account_groups = sa.Table(
    "account_groups",
    metadata,
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.Uuid, primary_key=True),
    sa.Index("ix_account_groups_group_id", "group_id"),
)
roles = sa.Table(
    "roles",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("display_name", sa.String(100), nullable=False),
    sa.Column("folded_name", sa.String(100), nullable=False, unique=True),
    sa.Column("capabilities", sa.Text, nullable=False),  # separated by blanks
    sa.Column("version", sa.Integer, nullable=False),
)
account_roles = sa.Table(
    "account_roles",
    metadata,
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role_id", sa.Uuid, sa.ForeignKey("roles.id"), primary_key=True),  # a role in use stays
    sa.Index("ix_account_roles_role_id", "role_id"),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("last_use_time", UtcDateTime, nullable=False),
    sa.Column("end_time", UtcDateTime, nullable=False),
    sa.Column("fresh_until", UtcDateTime),
    sa.Column("open_time", UtcDateTime),
    sa.Column("second_factor_time", UtcDateTime),
    sa.Column("ip_address", sa.String(45), nullable=False),
    sa.Column("user_agent", sa.String(500), nullable=False),
    sa.Column("landing", sa.String(200), nullable=False),
    sa.Index("ix_sessions_account_id_create_time", "account_id", "create_time"),
    sa.Index("ix_sessions_end_time", "end_time"),
)
links = sa.Table(
    "links",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("login", sa.String(800), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("message", sa.String(40), nullable=False),
    sa.Column("landing", sa.String(200), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("expire_time", UtcDateTime, nullable=False),
    sa.Column("use_time", UtcDateTime),
    sa.Column("use_ip_address", sa.String(45), nullable=False),
    sa.Column("cancel_time", UtcDateTime),
    sa.Index("ix_links_account_id_create_time", "account_id", "create_time"),
    sa.Index("ix_links_message", "message"),
    sa.Index("ix_links_expire_time", "expire_time"),
)
link_codes = sa.Table(  # typed where a sign-in link cannot be followed; the newest of each account
    "link_codes",
    metadata,
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("link_id", sa.Uuid, sa.ForeignKey("links.id", ondelete="CASCADE"), nullable=False),
    sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("expire_time", UtcDateTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Index("ix_link_codes_link_id", "link_id"),
    sa.Index("ix_link_codes_expire_time", "expire_time"),
)
link_requests = sa.Table(
    "link_requests",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("kind", sa.String(10)),
    sa.Column("email", sa.Text, nullable=False),  # as anybody may type it on a public page
    sa.Column("account_id", sa.Uuid),
    sa.Column("landing", sa.String(200), nullable=False),
)
policies = sa.Table(
    "policies",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.String(40), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("text_it", sa.Text, nullable=False),
    sa.Column("text_en", sa.Text, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("publish_time", UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "uq_policies_current",
        "state",
        unique=True,
        postgresql_where=sa.text("state = 'CURRENT'"),
        sqlite_where=sa.text("state = 'CURRENT'"),
    ),
)
acceptances = sa.Table(
    "acceptances",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("policy_id", sa.Uuid, sa.ForeignKey("policies.id"), nullable=False),
    sa.Column("label", sa.String(40), nullable=False),
    sa.Column("language_code", sa.String(10), nullable=False),
    sa.Column("text_sha256", sa.String(64), nullable=False),
    sa.Column("accept_time", UtcDateTime, nullable=False),
    sa.Column("ip_address", sa.String(45), nullable=False),
    sa.Column("user_agent", sa.String(500), nullable=False),
    sa.UniqueConstraint("account_id", "policy_id"),
)
throttles = sa.Table(
    "throttles",
    metadata,
    sa.Column("key", sa.LargeBinary(32), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("start_time", UtcDateTime, nullable=False),
    sa.Column("update_time", UtcDateTime, nullable=False),
    sa.Column("not_before", UtcDateTime, nullable=False),
    sa.Index("ix_throttles_not_before", "not_before"),
)
known_devices = sa.Table(
    "known_devices",
    metadata,
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("device_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("update_time", UtcDateTime, nullable=False),
)
families = sa.Table(
    "families",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("session_id", sa.Uuid, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("client_id", sa.Uuid),  # the application that they are for
    sa.Column("scope", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_families_session_id", "session_id"),
    sa.Index("ix_families_client_id", "client_id"),
)
refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("family_id", sa.Uuid, sa.ForeignKey("families.id", ondelete="CASCADE"), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("use_time", UtcDateTime),
    sa.Index("ix_refresh_tokens_family_id", "family_id"),
)
factors = sa.Table(
    "factors",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("display_name", sa.String(100), nullable=False),
    sa.Column("secret", sa.LargeBinary(200)),  # of TOTP, encrypted
    sa.Column("last_step", sa.BigInteger, nullable=False),  # of TOTP; no step up to it works any more
    sa.Column("credential_id", sa.LargeBinary(1023), unique=True),  # of a confirmed passkey, as the next two
    sa.Column("public_key", sa.LargeBinary(2000)),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("confirm_time", UtcDateTime),
    sa.Column("last_use_time", UtcDateTime),
    sa.Index("ix_factors_account_id_create_time", "account_id", "create_time"),
)
recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("code_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("use_time", UtcDateTime),
)
passkey_challenges = sa.Table(
    "passkey_challenges",
    metadata,
    sa.Column("challenge_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("factor_id", sa.Uuid),  # the one that it enrols; NULL to sign in
    sa.Column("expire_time", UtcDateTime, nullable=False),
    sa.Index("ix_passkey_challenges_expire_time", "expire_time"),
)
keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, unique=True),  # of two who make the next key at once, one does
    sa.Column("secret", sa.LargeBinary(100), nullable=False),  # encrypted
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("use_time", UtcDateTime, nullable=False),
)
identity_settings = sa.Table(
    "identity_settings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("self_service_reset", sa.Boolean, nullable=False),
    sa.Column("magic_link_lifetime_days", sa.Integer, nullable=False),
    sa.Column("administrators_need_second_factor", sa.Boolean, nullable=False),
    sa.Column("contacts_may_use_second_factor", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)
audit_chains = sa.Table(
    "audit_chains",
    metadata,
    sa.Column("service", sa.String(40), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),  # of its last entry
    sa.Column("chain_sha256", sa.String(64), nullable=False),
    sa.Column("signed_sequence", sa.BigInteger, nullable=False),
    sa.Column("signed_sha256", sa.String(64), nullable=False),
    sa.Column("signature", sa.String(1000), nullable=False),  # "" before the first
    sa.Column("sign_time", UtcDateTime),
)
audit_entries = sa.Table(  # append-only: triggers refuse UPDATE and DELETE
    "audit_entries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("service", sa.String(40), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("method", sa.String(200), nullable=False),
    sa.Column("resource", sa.String(200), nullable=False),
    sa.Column("first_id", sa.Uuid),  # in the resource's name, for the search of all about one
    sa.Column("last_id", sa.Uuid),
    sa.Column("result", sa.String(100), nullable=False),
    sa.Column("changed_fields", sa.Text, nullable=False),  # separated by blanks
    sa.Column("session_id", sa.Uuid),
    sa.Column("ip_address", sa.String(45), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("chain_sha256", sa.String(64), nullable=False),
    sa.UniqueConstraint("service", "sequence"),
    sa.Index("ix_audit_entries_create_time_id", "create_time", "id"),
    sa.Index("ix_audit_entries_actor_create_time", "actor", "create_time"),
    sa.Index("ix_audit_entries_first_id", "first_id"),
    sa.Index("ix_audit_entries_last_id", "last_id"),
    sa.Index("ix_audit_entries_session_id", "session_id"),
)
authorization_requests = sa.Table(
    "authorization_requests",
    metadata,
    sa.Column("state_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("provider_id", sa.String(40), nullable=False),
    sa.Column("redirect_uri", sa.String(2000), nullable=False),
    sa.Column("expire_time", UtcDateTime, nullable=False),
    sa.Index("ix_authorization_requests_expire_time", "expire_time"),
)
provider_identities = sa.Table(
    "provider_identities",
    metadata,
    sa.Column("issuer", sa.String(500), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.UniqueConstraint("account_id", "issuer"),  # who takes over an address does not become its former holder
)
clients = sa.Table(
    "clients",
    metadata,
    sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("redirect_uris", sa.Text, nullable=False),  # separated by blanks
    sa.Column("key_set", sa.Text, nullable=False),
    sa.Column("first_party", sa.Boolean, nullable=False),
    sa.Column("secret_hash", sa.LargeBinary(32)),
    sa.Column("old_secret_hash", sa.LargeBinary(32)),
    sa.Column("old_secret_until", UtcDateTime),
)
authorization_codes = sa.Table(
    "authorization_codes",
    metadata,
    sa.Column("code_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("client_id", sa.Uuid, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("session_id", sa.Uuid, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    sa.Column("family_id", sa.Uuid, nullable=False),  # of the tokens that the code is changed for
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("code_challenge", sa.String(43), nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("expire_time", UtcDateTime, nullable=False),
    sa.Column("use_time", UtcDateTime),
    sa.Index("ix_authorization_codes_client_id", "client_id"),
    sa.Index("ix_authorization_codes_session_id", "session_id"),
)
used_assertions = sa.Table(
    "used_assertions",
    metadata,
    sa.Column("id_hash", sa.LargeBinary(32), primary_key=True),  # of client and jti
    sa.Column("expire_time", UtcDateTime, nullable=False),
    sa.Index("ix_used_assertions_expire_time", "expire_time"),
)
