"""Pages and filters in SQL, on both databases, against a plain reading of the same rows."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recapito.documents.v1 import invoices_pb2 as pb

from libs import database
from libs.database.listing import Columns, select_page, where
from libs.errors import InvalidArgument
from libs.listing import AllOf, AnyOf, Comparison, Filter, Listing, Not, listing

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.String(20), nullable=False),
    sa.Column("due_date", sa.Date),
    sa.Column("amount", database.Cents),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.Column("time", database.UtcDateTime, nullable=False),
)
COLUMNS: Columns = {name: things.c[name] for name in ("label", "due_date", "amount", "done", "time")} | {
    "late": lambda compared, value: (things.c.due_date < date(2026, 1, 3)) == (value if compared == "=" else not value)
}
FIELDS: dict[str, Any] = {"label": str, "due_date": date, "amount": Decimal, "done": bool, "time": datetime, "late": bool}
Row = dict[str, Any]
LIKE_HERE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids(),
            "label": st.sampled_from(["a", "b", "50%", "A_c", "é"]),
            "due_date": st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 4)),
            "amount": st.none() | st.decimals(-5, 5, places=2),
            "done": st.booleans(),
            "time": st.integers(0, 3).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)),
        }
    ),
    max_size=25,
    unique_by=lambda row: row["id"],
)


@pytest.fixture
def engine(database_url: str) -> sa.Engine:
    engine = database.connect(database_url)
    things.metadata.create_all(engine)
    return engine


def fill(engine: sa.Engine, rows: list[Row]) -> None:
    with engine.begin() as connection:
        connection.execute(sa.delete(things))
        if rows:
            connection.execute(sa.insert(things), rows)


def asked(**request: Any) -> Listing:
    orders = ("label", "due_date", "amount", "time")
    return listing(pb.ListInvoicesRequest(**request), fields=FIELDS, orders=orders, default_order="time")


def pages(connection: sa.Connection, query: Any = None, **request: Any) -> list[list[UUID]]:
    found, token = [], ""
    while True:
        rows, token = select_page(
            connection, sa.select(things) if query is None else query, asked(page_token=token, **request), COLUMNS, things.c.id
        )
        found.append([row[0] for row in rows])
        if not token:
            return found


@given(rows=ROWS, size=st.integers(1, 6), order=st.sampled_from(["label", "due_date", "amount", "time"]), down=st.booleans())
@LIKE_HERE
def test_paging_gives_every_row_once_in_order(engine: sa.Engine, rows: list[Row], size: int, order: str, down: bool) -> None:
    fill(engine, rows)
    with database.reader(engine).connect() as connection:
        found = pages(connection, page_size=size, order_by=f"{order} desc" if down else order)
    assert all(len(page) == size for page in found[:-1])
    got = [row_id for page in found for row_id in page]
    assert sorted(got) == sorted(row["id"] for row in rows)
    if order != "label":  # texts sort as the database's collation says
        valued = sorted((row for row in rows if row[order] is not None), key=lambda row: (row[order], row["id"].hex), reverse=down)
        empty = sorted((row for row in rows if row[order] is None), key=lambda row: row["id"].hex, reverse=down)
        assert got == [row["id"] for row in [*valued, *empty]]


def test_rows_that_come_and_go_meanwhile_do_not_repeat_or_hide_others(engine: sa.Engine) -> None:
    rows = [
        {"id": UUID(int=n), "label": "a", "due_date": None, "amount": None, "done": False, "time": datetime(2026, 1, 1, tzinfo=UTC)}
        for n in range(9)
    ]
    fill(engine, rows)
    with engine.connect() as connection:
        first, token = select_page(connection, sa.select(things), asked(page_size=4), COLUMNS, things.c.id)
        connection.execute(sa.delete(things).where(things.c.id == UUID(int=1)))
        rest, _ = select_page(connection, sa.select(things), asked(page_token=token), COLUMNS, things.c.id)
    assert [row.id.int for row in [*first, *rest]] == list(range(9))


def test_a_query_that_selects_neither_id_nor_order_is_paged_too(engine: sa.Engine) -> None:
    rows = [
        {"id": UUID(int=n), "label": f"{n}", "due_date": None, "amount": None, "done": False, "time": datetime(2026, 1, n, tzinfo=UTC)}
        for n in range(1, 6)
    ]
    fill(engine, random.Random(1).sample(rows, 5))
    with database.reader(engine).connect() as connection:
        found = pages(connection, sa.select(things.c.label), page_size=2)
    assert [label for page in found for label in page] == ["1", "2", "3", "4", "5"]


COMPARISONS = st.one_of(
    st.builds(Comparison, st.just("label"), st.sampled_from(["=", "!=", "<", ":"]), st.sampled_from(["a", "%", "_C", "b"])),
    st.builds(Comparison, st.just("due_date"), st.sampled_from(["=", "!="]), st.none() | st.just(date(2026, 1, 2))),
    st.builds(Comparison, st.just("due_date"), st.sampled_from(["<", "<=", ">", ">="]), st.just(date(2026, 1, 2))),
    st.builds(Comparison, st.just("amount"), st.sampled_from(["=", "!=", "<", ">="]), st.decimals(-2, 2, places=2)),
    st.builds(Comparison, st.just("done"), st.sampled_from(["=", "!="]), st.booleans()),
    st.builds(Comparison, st.just("late"), st.just("="), st.booleans()),
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    COMPARISONS,
    lambda inner: st.builds(Not, inner) | st.builds(AllOf, st.tuples(inner, inner)) | st.builds(AnyOf, st.tuples(inner, inner)),
    max_leaves=6,
)
PLAIN: dict[str, Callable[[Any, Any], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def holds(wanted: Filter, row: Row) -> bool:
    match wanted:
        case AllOf(terms):
            return all(holds(term, row) for term in terms)
        case AnyOf(terms):
            return any(holds(term, row) for term in terms)
        case Not(term):
            return not holds(term, row)
        case Comparison("late", _, value):
            return row["due_date"] is not None and (row["due_date"] < date(2026, 1, 3)) == value
        case Comparison(field, "=", value):
            return bool(row[field] == value)
        case Comparison(field, "!=", value):
            return bool(row[field] != value)
        case Comparison(field, ":", value):
            return str(value).lower() in row[field].lower()
        case Comparison(field, compared, value):
            return row[field] is not None and PLAIN[compared](row[field], value)


@given(rows=ROWS, wanted=FILTERS)
@LIKE_HERE
def test_a_filter_means_in_sql_what_it_says(engine: sa.Engine, rows: list[Row], wanted: Filter) -> None:
    fill(engine, rows)
    columns = dict(COLUMNS) | {"label": sa.collate(things.c.label, "C" if engine.dialect.name == "postgresql" else "BINARY")}
    with database.reader(engine).connect() as connection:
        found = set(connection.execute(sa.select(things.c.id).where(where(wanted, columns))).scalars())
    assert found == {row["id"] for row in rows if holds(wanted, row)}


@pytest.mark.parametrize(
    ("order", "value"),
    [("due_date", "text"), ("due_date", 5), ("amount", date(2026, 1, 1)), ("amount", Decimal("0.001")), ("time", None), ("label", True)],
)
def test_a_token_with_a_value_of_another_type_is_refused(engine: sa.Engine, order: str, value: Any) -> None:
    token = asked(order_by=order).token(value, UUID(int=1))
    with engine.connect() as connection, pytest.raises(InvalidArgument) as caught:
        select_page(connection, sa.select(things), asked(order_by=order, page_token=token), COLUMNS, things.c.id)
    assert caught.value.violations[0].field == "page_token"
