"""What a List call may ask for, and what is refused with the name of the field."""

from __future__ import annotations

import contextlib
import enum
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recapito.documents.v1 import invoices_pb2 as pb

from libs.errors import InvalidArgument
from libs.listing import AllOf, AnyOf, Comparison, Listing, Not, Order, Position, Value, listing

ID = UUID("01890000-0000-7000-8000-000000000001")


class Color(enum.Enum):
    RED = 1
    BLUE = 2


FIELDS: dict[str, Any] = {
    "customer": UUID,
    "state": pb.Invoice.State,
    "color": Color,
    "overdue": bool,
    "due_date": date,
    "issue_time": datetime,
    "number": str,
    "amount": Decimal,
    "count": int,
    "access.enabled": bool,
}


def asked(**request: Any) -> Listing:
    return listing(pb.ListInvoicesRequest(**request), fields=FIELDS, orders=("due_date", "number"), default_order="due_date desc")


def refused(**request: Any) -> tuple[str, str]:
    with pytest.raises(InvalidArgument) as caught:
        asked(**request)
    (violation,) = caught.value.violations
    return violation.field, violation.reason


def test_an_empty_request_asks_for_the_first_fifty_in_the_default_order() -> None:
    assert asked() == Listing(size=50, order=Order("due_date", descending=True), binding=asked().binding)


@pytest.mark.parametrize(
    ("text", "field", "operator", "value"),
    [
        (f"customer = {ID}", "customer", "=", ID),
        (f'customer="customers/{ID}"', "customer", "=", ID),
        (f"customer != customers/{ID}/affiliations/{ID}", "customer", "!=", ID),
        ("state = PAID", "state", "=", "PAID"),
        ("state : PAID", "state", "=", "PAID"),
        ("color = BLUE", "color", "=", Color.BLUE),
        ("overdue = true", "overdue", "=", True),
        ("due_date <= 2026-01-31", "due_date", "<=", date(2026, 1, 31)),
        ("issue_time>2026-01-31T10:00:00+01:00", "issue_time", ">", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("number = 'INV-\\'1'", "number", "=", "INV-'1"),
        ('number : "null"', "number", ":", "null"),
        ("amount >= -100.5", "amount", ">=", Decimal("-100.5")),
        ("count < 3", "count", "<", 3),
        ("due_date = null", "due_date", "=", None),
        ("due_date:*", "due_date", "!=", None),
        ("access.enabled=false", "access.enabled", "=", False),
    ],
)
def test_a_comparison_is_read_with_the_type_of_its_field(text: str, field: str, operator: str, value: Value) -> None:
    assert asked(filter=text).filter == Comparison(field, operator, value)


def test_fields_are_known_as_json_spells_them_too() -> None:
    assert asked(filter="dueDate = null AND access.enabled = true").filter == asked(filter="due_date=null AND access.enabled=true").filter
    assert asked(order_by="dueDate desc").order == Order("due_date", descending=True)


def test_or_binds_closer_than_and_as_aip_160_says() -> None:
    one, two, three = (Comparison("count", "=", number) for number in (1, 2, 3))
    assert asked(filter="count=1 AND count=2 OR count=3").filter == AllOf((one, AnyOf((two, three))))
    assert asked(filter="(count=1 AND count=2) OR NOT count=3").filter == AnyOf((AllOf((one, two)), Not(three)))
    assert asked(filter="-count = 1").filter == Not(one)


@pytest.mark.parametrize(
    "text",
    [
        "state",
        "state =",
        "state = NOWHERE",
        "state = STATE_UNSPECIFIED",
        "state < PAID",
        "secret = 1",
        "count = 1 count = 2",
        "count = 1 AND",
        "(count = 1",
        "count = 1)",
        "count = 9223372036854775808",
        "count = 1.5",
        "count = ٣",
        "amount = NaN",
        "amount = 0.001",
        "amount = 1e5",
        "overdue = yes",
        "due_date = 2026-02-30",
        "due_date = 20260228",
        "due_date < null",
        "issue_time = 2026-01-31T10:00:00",
        "issue_time = 0001-01-01T00:00:00+14:00",
        "customer = customers/me",
        "customer = '; DROP TABLE invoices'",
        "number = 'open",
        'number = "a\x00b"',
        "(" * 11 + "count=1" + ")" * 11,
        " AND ".join(["count=1"] * 51),
        "count=" + "1" * 3000,
    ],
)
def test_a_wrong_filter_is_refused_by_name(text: str) -> None:
    assert refused(filter=text)[0] == "filter"


@pytest.mark.parametrize("order", ["nothing", "due_date up", "due_date desc, number", "due_date desc desc", "due_date;"])
def test_an_unknown_order_is_refused(order: str) -> None:
    assert refused(order_by=order) == ("order_by", "ORDER_INVALID")


def test_an_order_is_taken_with_its_direction() -> None:
    assert asked(order_by="number").order == Order("number")
    assert asked(order_by=" number  desc ").order == Order("number", descending=True)


@pytest.mark.parametrize("size", [-1, 1001])
def test_a_page_size_outside_the_limits_is_refused(size: int) -> None:
    assert refused(page_size=size)[0] == "page_size"


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=200),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
    st.decimals(-(10**12), 10**12, places=2),
)


@given(VALUES, st.uuids())
def test_a_page_token_brings_back_its_position(value: Value, row_id: UUID) -> None:
    token = asked(filter="count=1").token(value, row_id)
    assert asked(filter="count=1", page_token=token, page_size=7).after == Position(value, row_id)


@pytest.mark.parametrize("other", [{"filter": "count=2"}, {"order_by": "number"}, {"query": "acme"}])
def test_a_page_token_is_refused_by_another_list(other: dict[str, str]) -> None:
    assert refused(page_token=asked().token(date(2026, 1, 1), ID), **other) == ("page_token", "PAGE_TOKEN_INVALID")


@given(st.text(max_size=60))
def test_an_invented_page_token_is_refused(token: str) -> None:
    if token:
        assert refused(page_token=token)[0] == "page_token"


@pytest.mark.parametrize(
    ("tag", "value"),
    [("int", True), ("int", 2**63), ("str", "a\x00"), ("str", 1), ("Decimal", "NaN"), ("date", "2026-13-01"), ("list", [])],
)
def test_a_page_token_with_a_forged_value_is_refused(tag: str, value: Any) -> None:
    import base64
    import json

    forged = base64.urlsafe_b64encode(json.dumps([asked().binding, tag, value, str(ID)]).encode()).decode()
    assert refused(page_token=forged)[0] == "page_token"


@given(st.text(alphabet="count=1 ()\"'ANDORNOT-:*<>!.\\é", max_size=80))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidArgument):
        asked(filter=text)
