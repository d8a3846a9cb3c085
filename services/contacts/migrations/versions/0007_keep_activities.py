"""Lets nobody change or remove what a person did; it may only pass to the person that it is merged into.

Revision ID: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

FIXED = "id, event_id, customer_id, kind, resource, title, time"
SAYING = "activities are kept as they are"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, change in (("change", f"UPDATE OF {FIXED}"), ("delete", "DELETE")):
            op.execute(f"CREATE TRIGGER activities_no_{name} BEFORE {change} ON activities BEGIN SELECT RAISE(ABORT, '{SAYING}'); END")
        return
    op.execute(f"CREATE FUNCTION activities_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{SAYING}'; END $$")
    op.execute(
        f"CREATE TRIGGER activities_kept BEFORE UPDATE OF {FIXED} OR DELETE OR TRUNCATE ON activities "
        "FOR EACH STATEMENT EXECUTE FUNCTION activities_are_kept()"
    )
