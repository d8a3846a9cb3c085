"""The schema, as the migrations make it and as the code reads it."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from libs import database
from services.notifications.repository.tables import metadata


def test_the_migrated_schema_is_the_one_that_the_code_reads(engine: Any) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [change for change in compare_metadata(context, metadata) if "alembic_version" not in str(change)] == []


def test_migrating_twice_changes_nothing(engine: Any) -> None:
    database.migrate(engine, "services.notifications")
