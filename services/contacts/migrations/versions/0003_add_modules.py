"""Adds the modules that an organisation switches on and off.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ON_AT_FIRST = {"membership": sa.false(), "reserved_area": sa.true(), "custom_fields": sa.false()}


def upgrade() -> None:
    for name, first in ON_AT_FIRST.items():
        op.add_column("settings", sa.Column(name, sa.Boolean, nullable=False, server_default=first))
