"""The tables that every service has: outbox, inbox and request ids."""

from __future__ import annotations

import sqlalchemy as sa

from libs.database.types import UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.Uuid, nullable=False, unique=True),
    sa.Column("type", sa.String(120), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("traceparent", sa.String(60), nullable=False),
    sa.Column("not_before", UtcDateTime),  # the broker had no queue for it: tried again from then on
)
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("handle_time", UtcDateTime),  # null: not handled yet, only failed
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("error", sa.String(1000), nullable=False, default=""),
    sa.Column("update_time", UtcDateTime, nullable=False),
)
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("caller", sa.String(80), primary_key=True),
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
    sa.Column("result", sa.String(2000), nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
)
SHARED_TABLES = (outbox, inbox, requests)


def tables() -> sa.MetaData:
    """Return a service's MetaData, with the shared tables in it."""
    own = sa.MetaData(naming_convention=NAMING)
    for table in SHARED_TABLES:
        table.to_metadata(own)
    return own
