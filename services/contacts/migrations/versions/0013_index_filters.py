"""Adds indexes that answer the filters of the list of contacts and its count by themselves.

Revision ID: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

FILTERED = ("id", "state", "language_code", "access_enabled", "access_start_date", "access_end_date", "newsletter", "last_access_key")


def upgrade() -> None:
    op.create_index("ix_contacts_filters", "contacts", [*FILTERED, "create_time"])
    op.create_index("ix_affiliations_contact_role_id_contact_id", "affiliations", ["contact_role_id", "contact_id"])
    op.drop_index("ix_affiliations_contact_role_id", "affiliations")
