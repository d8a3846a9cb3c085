"""Many rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from libs.database.engines import insert, is_sqlite

_WORTH_A_COPY = 20  # rows


def insert_all(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns. Many go by COPY on PostgreSQL, which takes a third of the time of INSERT.

    A constraint that they break is an IntegrityError, as after any statement.
    """
    if not rows:
        return
    if is_sqlite(connection) or len(rows) < _WORTH_A_COPY:
        connection.execute(sa.insert(table), rows)
        return
    try:
        _copy(connection, table, rows)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            f"COPY {table.name}", [], error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


def insert_missing(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those rows whose key is not there yet, in the order given: two that do so at once wait for each other, and both go on."""
    if not rows:
        return
    new = insert(connection, table)
    if is_sqlite(connection):
        connection.execute(new.on_conflict_do_nothing(), rows)
        return
    names = list(rows[0])
    arrays = [sa.literal([row[name] for row in rows], postgresql.ARRAY(table.c[name].type)) for name in names]
    together = sa.func.unnest(*arrays).table_valued(*names).render_derived()
    connection.execute(new.from_select(names, sa.select(together)).on_conflict_do_nothing())


def _copy(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = [table.c[name] for name in rows[0]]
    binds = [(column.name, _bind(column, connection)) for column in columns]
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([bind(row[name]) for name, bind in binds])


def _bind(column: sa.Column[Any], connection: Connection) -> Any:
    """Return what makes a value of the column one of the driver's, as in any statement."""
    return column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) or _same


def _same(value: Any) -> Any:
    return value
