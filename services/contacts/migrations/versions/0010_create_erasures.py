"""Creates the ledger of erased people, with the receipts of the services.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, UtcDateTime

revision = "0010"
down_revision = "0009"

metadata = sa.MetaData(naming_convention=NAMING)
erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("collection", sa.String(20), nullable=False),
    sa.Column("customers", sa.JSON, nullable=False),
    sa.Column("erased_customers", sa.JSON, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Column("complete_time", UtcDateTime),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_erasures_create_time_person_id", "create_time", "person_id"),
)
erasure_receipts = sa.Table(
    "erasure_receipts",
    metadata,
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("erasures.person_id"), primary_key=True),
    sa.Column("service", sa.String(40), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("erased_count", sa.BigInteger, nullable=False),
    sa.Column("held", sa.Text, nullable=False),
    sa.Column("held_until", sa.Date),
    sa.Column("erase_time", UtcDateTime, nullable=False),
)


def upgrade() -> None:
    connection = op.get_bind()
    erasures.create(connection)
    erasure_receipts.create(connection)
