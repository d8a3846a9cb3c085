"""Engines: a service's own database, PostgreSQL or SQLite. Outside this folder only migrations ask which it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from libs.database import pools


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """Return the engine of a service's own database, "postgresql://…" or "sqlite:///path".

    On SQLite every transaction is BEGIN IMMEDIATE: a deferred one that reads and then writes fails at once with "database is
    locked", whatever busy_timeout says.
    """
    target = sa.make_url(url)
    if target.get_backend_name() != "sqlite":
        target = target.set(drivername="postgresql+psycopg")  # operators that make databases write the address without our driver
        engine = sa.create_engine(
            target,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # they are personal data, and an error's text reaches the log
            connect_args={"connect_timeout": 5, "options": "-c jit=off"},  # compiling a statement takes longer than any of ours
        )
        pools.watch(engine, limit=2 * pool_size)
        return engine
    engine = sa.create_engine(target, pool_size=pool_size, max_overflow=-1, hide_parameters=True, connect_args={"timeout": 10})

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing of its own: we do, below
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader(engine: Engine) -> Engine:
    """Return the same database for single statements that only read: no transaction is opened or closed around them."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def is_sqlite(bind: Engine | Connection) -> bool:
    return bind.dialect.name == "sqlite"


def insert(bind: Engine | Connection, table: sa.Table) -> postgresql.Insert:
    """Return the dialect's INSERT, which knows ON CONFLICT; both dialects spell it alike."""
    return sqlite.insert(table) if is_sqlite(bind) else postgresql.insert(table)  # type: ignore[return-value] # alike, but no common class


@contextmanager
def planned_anew(connection: Connection) -> Iterator[None]:
    """Have PostgreSQL plan the statements inside for the very values that they carry.

    A statement asked often is prepared and its plan then made without looking at the values, which are why a rare word and a common
    one need different plans. It is no setting of the connection (plan_cache_mode): with it, reading one contact through the gateway
    took 3.7 ms of CPU in place of 2.9, issuing an invoice with its ten e-mails 71 ms in place of 55.
    """
    if is_sqlite(connection):
        yield
        return
    driver: Any = connection.connection.driver_connection
    before, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = before


def ready(engine: Engine) -> None:
    """Raise when the database does not answer."""
    with reader(engine).connect() as connection:
        connection.execute(sa.select(1))


def is_transient(error: Exception) -> bool:
    """Whether the database refused because of a moment (away, locked, deadlock), not because of what it was asked."""
    if not isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.TimeoutError)  # no connection of the pool became free
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return error.connection_invalidated or isinstance(cause, psycopg.OperationalError)
