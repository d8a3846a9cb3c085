"""The migrated schema is what the repositories expect, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from libs import database
from services.contacts import repository


def test_the_migrated_schema_has_no_difference_from_the_tables_in_the_code(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.contacts")
    database.migrate(engine, "services.contacts")
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), repository.metadata)
    engine.dispose()
    different = [one for one in found if not (one[0] == "remove_table" and one[1].name == "alembic_version")]
    assert different == []


@pytest.mark.req("R-PRM-11")
def test_a_service_that_was_never_configured_has_settings(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.contacts")
    with engine.connect() as connection:
        settings = repository.SqlRepositories(connection).settings.get()
    engine.dispose()
    from services.contacts.domain import ContactsSettings

    assert settings == ContactsSettings()
