"""The SQL side of libs.listing: one page of a query, by keyset, so that page 1,000 costs what page 1 does."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database.types import Cents
from libs.errors import InvalidArgument
from libs.listing import AllOf, AnyOf, Comparison, Filter, Listing, Not, Position, Value

Condition = Callable[[str, Value], ColumnElement[bool]]  # operator and value, for a field that no single column holds
Columns = Mapping[str, ColumnElement[Any] | Condition]

T = TypeVar("T", bound=tuple[Any, ...])
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def select_page(
    connection: Connection, query: sa.Select[T], listing: Listing, columns: Columns, id_column: sa.Column[Any]
) -> tuple[Sequence[Row[T]], str]:
    """Return the rows of the page and the token of the next one, "" on the last.

    query: everything the caller may see, without order or limit; listing.query is its own to apply. columns: what each field of
    the filter and of the order is in SQL. id_column: unique; it settles ties, in the direction of the order. Rows without a value
    in the order's field come last, whichever the direction. A row also holds `_order` and `_id` when the query does not select
    the order's column or the id.
    """
    order = columns[listing.order.field]
    if not isinstance(order, ColumnElement):
        raise TypeError(f"{listing.order.field} is a condition: rows cannot be ordered by it")
    if listing.filter is not None:
        query = query.where(where(listing.filter, columns))
    if listing.after is not None:
        query = query.where(_behind(listing.after, order, id_column, descending=listing.order.descending))
    query, value_key = _selected(query, order, "_order")
    query, id_key = _selected(query, id_column, "_id")
    rows = connection.execute(query.order_by(*_sorted(order, id_column, descending=listing.order.descending)).limit(listing.size + 1)).all()
    if len(rows) <= listing.size:
        return rows, ""
    last = rows[listing.size - 1]._mapping  # noqa: SLF001 - the public name of a row as a mapping
    return rows[: listing.size], listing.token(last[value_key], last[id_key])


def count_up_to(connection: Connection, query: sa.Select[Any], most: int) -> int:
    """Return how many rows a query has; `most` when it has so many or more, which costs no more than to find those."""
    some = query.with_only_columns(sa.literal(1).label("one"), maintain_column_froms=True).order_by(None).limit(most).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def where(wanted: Filter, columns: Columns, *, negated: bool = False) -> ColumnElement[bool]:
    """Return a filter as SQL. Under NOT no comparison is NULL, so that NOT means what it says; elsewhere NULL is as good as false,
    and a bare comparison is one that an index can answer.
    """
    match wanted:
        case AllOf(terms):
            return sa.and_(*(where(term, columns, negated=negated) for term in terms))
        case AnyOf(terms):
            return sa.or_(*(where(term, columns, negated=negated) for term in terms))
        case Not(term):
            return sa.not_(where(term, columns, negated=True))
        case Comparison(field, compared, value):
            column = columns[field]
            found = _compared(column, compared, value) if isinstance(column, ColumnElement) else column(compared, value)
            return sa.func.coalesce(found, sa.false(), type_=sa.Boolean) if negated else found


def _compared(column: ColumnElement[Any], compared: str, value: Value) -> ColumnElement[bool]:
    if compared == "!=":
        return column.is_distinct_from(value)
    if compared == ":":
        return column.icontains(str(value), autoescape=True)
    if value is None:
        return column.is_(None)
    found: ColumnElement[bool] = _OPERATORS[compared](column, value)
    return found


def _selected(query: sa.Select[T], column: ColumnElement[Any], label: str) -> tuple[sa.Select[T], Any]:
    if any(chosen is column for chosen in query.selected_columns):
        return query, column
    return query.add_columns(column.label(label)), label


def _nullable(column: ColumnElement[Any]) -> bool:
    return bool(getattr(column, "nullable", True))


def _sorted(order: ColumnElement[Any], id_column: sa.Column[Any], *, descending: bool) -> list[ColumnElement[Any]]:
    first = order.desc() if descending else order.asc()
    return [first.nulls_last() if _nullable(order) else first, id_column.desc() if descending else id_column.asc()]


def _behind(after: Position, order: ColumnElement[Any], id_column: sa.Column[Any], *, descending: bool) -> ColumnElement[bool]:
    _check(after, order)
    beyond = operator.lt if descending else operator.gt
    if after.value is None:
        return sa.and_(order.is_(None), beyond(id_column, after.id))
    # A row value, because it is one range of the index (order, id).
    further: ColumnElement[bool] = beyond(
        sa.tuple_(order, id_column), sa.tuple_(sa.literal(after.value, order.type), sa.literal(after.id, id_column.type))
    )
    return sa.or_(further, order.is_(None)) if _nullable(order) else further


def _check(after: Position, order: ColumnElement[Any]) -> None:
    """Refuse a position whose value is not of the column's type: the token was not made here."""
    kind = order.type
    if after.value is None:
        fits = _nullable(order)
    elif isinstance(kind, Cents):
        fits = isinstance(after.value, Decimal) and after.value == round(after.value, 2)
    else:
        stored = kind.impl_instance if isinstance(kind, sa.TypeDecorator) else kind
        fits = type(after.value) is stored.python_type
    if not fits:
        raise InvalidArgument.of("page_token", "is not a token of this list", "PAGE_TOKEN_INVALID")
