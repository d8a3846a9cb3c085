"""Creates the organisation's own fields, the profile of a contact, and the blocks that are switched off.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from libs.database import NAMING, JsonObject

revision = "0011"
down_revision = "0010"

metadata = sa.MetaData(naming_convention=NAMING)
fields = sa.Table(
    "fields",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.String(63), nullable=False, unique=True),
    sa.Column("label_it", sa.Text, nullable=False),
    sa.Column("label_en", sa.Text, nullable=False),
    sa.Column("key_it", sa.Text, nullable=False, unique=True),
    sa.Column("key_en", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("required", sa.Boolean, nullable=False),
    sa.Column("filterable", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)


def upgrade() -> None:
    fields.create(op.get_bind())
    # A version still running writes no profile: the default is what every contact begins with.
    op.add_column("contacts", sa.Column("profile", JsonObject, nullable=False, server_default='{"kind": "person"}'))
    op.add_column("settings", sa.Column("hidden_blocks", sa.Text))
