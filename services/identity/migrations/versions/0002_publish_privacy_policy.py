"""Publishes the first version of the privacy policy: without one nobody could pass the gate."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from libs.database import UtcDateTime
from libs.ids import new_id

revision = "0002"
down_revision = "0001"

WORDS = Path(__file__).resolve().parents[2] / "words"


def upgrade() -> None:
    policies = sa.table(
        "policies",
        sa.column("id", sa.Uuid),
        sa.column("label", sa.String),
        sa.column("state", sa.String),
        sa.column("text_it", sa.Text),
        sa.column("text_en", sa.Text),
        sa.column("create_time", UtcDateTime),
        sa.column("publish_time", UtcDateTime),
        sa.column("version", sa.Integer),
    )
    now = datetime.now(UTC)
    first = {
        "id": new_id(),
        "label": "1",
        "state": "CURRENT",
        "text_it": (WORDS / "privacy_policy.it.md").read_text(encoding="utf-8"),
        "text_en": (WORDS / "privacy_policy.en.md").read_text(encoding="utf-8"),
        "create_time": now,
        "publish_time": now,
        "version": 1,
    }
    op.bulk_insert(policies, [first])
