"""A schema that the next version has migrated already: what processes of this version meet while a rollout goes on."""

from __future__ import annotations

import sqlalchemy as sa

from libs import database

REVISION = "9999"


def migrate(url: str) -> None:
    """Expand every table as the migrations of a later version may: by columns and tables that this version does not know."""
    engine = database.connect(url, pool_size=1)
    with engine.begin() as connection:
        for table in sa.inspect(connection).get_table_names():
            if table != "alembic_version":
                connection.execute(sa.text(f"ALTER TABLE \"{table}\" ADD COLUMN of_the_next_version TEXT NOT NULL DEFAULT 'new'"))
        connection.execute(sa.text("CREATE TABLE of_the_next_version (id UUID PRIMARY KEY)"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": REVISION})
    engine.dispose()
