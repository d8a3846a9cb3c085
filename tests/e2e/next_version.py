"""A schema that the next version has migrated already: what processes of this version meet while a rollout goes on."""

from __future__ import annotations

from libs import database

# As the migrations of a later version may do: columns and tables that this version does not know. For PostgreSQL.
EXPAND = """
DO $$ DECLARE known text; BEGIN
  FOR known IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'ALTER TABLE ' || quote_ident(known) || ' ADD COLUMN of_the_next_version text NOT NULL DEFAULT ''new''';
  END LOOP;
  CREATE TABLE of_the_next_version (id uuid PRIMARY KEY);
  UPDATE alembic_version SET version_num = '9999';
END $$"""


def migrate(url: str) -> None:
    """Expand a database."""
    engine = database.connect(url, pool_size=1)
    with engine.begin() as connection:
        connection.exec_driver_sql(EXPAND)
    engine.dispose()
