"""Column types that mean the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler

# A JSON object whose keys are looked for: column[key].as_string() and the like.
JsonObject = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware instant; stored in UTC, which SQLite keeps without its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Cents(sa.TypeDecorator[Decimal]):
    """An amount of money to the cent; an integer, so that both databases add it exactly."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        cents = value.scaleb(2)
        if cents != cents.to_integral_value():
            raise ValueError(f"{value} is finer than a cent")
        return int(cents)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


class without_key(ColumnElement[Any]):  # noqa: N801 - it reads as the function that it is in SQL
    """A JSON object without one of its keys. key: letters, digits and _ alone."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], key: str) -> None:
        self.type = column.type
        self.column, self.name, self.path = column, sa.literal(key), sa.literal(f"$.{key}")


@compiles(without_key, "postgresql")
def _without_key_postgresql(element: without_key, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.column, **options)} - {compiler.process(element.name, **options)})"


@compiles(without_key, "sqlite")
def _without_key_sqlite(element: without_key, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_remove({compiler.process(element.column, **options)}, {compiler.process(element.path, **options)})"
