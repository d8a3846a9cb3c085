"""The migrations make what the repository expects."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from libs import database
from services.identity.repository.tables import metadata


def test_the_migrated_schema_is_what_the_repository_expects(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.identity")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_new_installation_has_a_privacy_policy(database_url: str) -> None:
    engine = database.connect(database_url)
    database.migrate(engine, "services.identity")
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT state, text_it, text_en FROM policies").all()
    engine.dispose()
    assert [row[0] for row in found] == ["CURRENT"]
    assert "Regolamento" in found[0][1]
    assert "Regulation" in found[0][2]
