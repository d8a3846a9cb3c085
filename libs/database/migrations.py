"""Migrations of all services: Alembic set up once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from libs.database.engines import is_sqlite

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_MIGRATION_LOCK = 0x7265636170  # any constant that nothing else takes


def migrate(engine: Engine, package: str, target: str = "head") -> None:
    """Bring the schema to the newest version of `package`.migrations, such as "services.documents"; safe to run in several processes.

    SQLite checks foreign keys only at the end: a batch change of a parent table would otherwise delete its children by ON DELETE
    CASCADE, without an error.
    """
    from alembic.runtime.environment import EnvironmentContext

    config, script = _scripts(package)
    with engine.connect() as connection:
        if is_sqlite(connection):
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            connection.execute(sa.text("SET LOCAL lock_timeout = '2s'"))  # of the tables, not of another process that migrates

        def upgrade(revision: Any, _context: Any) -> Any:
            return script._upgrade_revs(target, revision)  # noqa: SLF001 - what alembic's own upgrade command calls

        with EnvironmentContext(config, script, fn=upgrade, destination_rev=target) as environment:
            environment.configure(connection=connection, render_as_batch=True, transaction_per_migration=False)
            environment.run_migrations()
        if is_sqlite(connection) and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise RuntimeError(f"the migration broke foreign keys: {broken[:5]}")
        connection.commit()
        if is_sqlite(connection):
            connection.invalidate()  # the next user of it gets a connection with foreign_keys=ON


class SchemaBehind(Exception):
    """The database lacks migrations that the program needs."""


def require_schema(engine: Engine, package: str) -> None:
    """Raise SchemaBehind when the schema is older than the newest migration of `package`.

    A revision that the program does not know was made by a newer version, with which it works: migrations only expand what the
    version before reads and writes.
    """
    script, current = _scripts(package)[1], revision(engine)
    awaited, known = script.get_current_head(), {each.revision for each in script.walk_revisions()}
    if not current or (current in known and current != awaited):
        raise SchemaBehind(f"the schema is at {current or 'nothing'}; migration {awaited} is awaited")


def newest(package: str) -> str:
    """Return the revision to which `migrate` would bring the schema of a package."""
    return _scripts(package)[1].get_current_head() or ""


def revision(engine: Engine) -> str:
    """Return the revision that the schema has; "" of a database that was never migrated."""
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def _scripts(package: str) -> tuple[Config, ScriptDirectory]:
    # Imported here, because alembic is a large part of a start, and only who migrates needs it.
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    return config, ScriptDirectory.from_config(config)
