"""Path templates and JSON, read strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import InvalidArgument
from services.gateway.domain import Unprocessable, jsontext
from services.gateway.domain.paths import PathTemplate

MAKE_PRIMARY = PathTemplate.of("/v1/{name=customers/*/affiliations/*}:makePrimary")


def test_a_template_becomes_a_rule_of_the_router() -> None:
    assert MAKE_PRIMARY.rule() == "/v1/customers/<id:_0>/affiliations/<id:_1>:makePrimary"
    assert PathTemplate.of("/v1/invoices").rule() == "/v1/invoices"
    assert PathTemplate.of("/v1/{name=settings/contacts}").rule() == "/v1/settings/contacts"
    assert PathTemplate.of("/v1/opens/{token}").rule() == "/v1/opens/<id:_0>"


def test_a_template_gives_the_fields_that_the_path_holds() -> None:
    assert MAKE_PRIMARY.values({"_0": "a", "_1": "b"}) == {"name": "customers/a/affiliations/b"}
    assert PathTemplate.of("/v1/{invoice.name=invoices/*}").values({"_0": "a"}) == {"invoice.name": "invoices/a"}
    assert PathTemplate.of("/v1/{name=settings/contacts}").values({}) == {"name": "settings/contacts"}


def test_a_template_names_its_parameters_after_their_collections() -> None:
    shown = MAKE_PRIMARY.openapi({"customers": "customer", "affiliations": "contact"})
    assert shown == ("/v1/customers/{customer}/affiliations/{contact}:makePrimary", ["customer", "contact"])


def test_a_template_that_is_not_understood_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"\*\*"):
        PathTemplate.of("/v1/{name=files/**}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_json_writes_is_read_the_same(value: Any) -> None:
    assert jsontext.read(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ud80019eE+-.ntf ', max_size=60).map(str.encode))
def test_any_bytes_are_json_or_are_refused_with_a_place(body: bytes) -> None:
    try:
        value = jsontext.read(body)
    except InvalidArgument as error:
        place = error.violations[0].field
    else:
        place = "body"
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # whole characters and finite numbers only
    assert place.startswith("body")


def test_the_place_of_half_a_character_is_named() -> None:
    with pytest.raises(InvalidArgument) as caught:
        jsontext.read(rb'{"lines": [{"notes": "ok"}, {"notes": "\udc00"}]}')
    assert caught.value.violations[0].field == "body.lines[1].notes"


@pytest.mark.parametrize("body", [b"[" * 33 + b"]" * 33, b'{"a":' * 40 + b"1" + b"}" * 40, b"[" + b"1," * 10_000 + b"1]", b"[" * 100_000])
def test_what_is_too_deep_or_too_long_is_told_from_what_is_wrong(body: bytes) -> None:
    with pytest.raises(Unprocessable):
        jsontext.read(body)


def test_thirty_two_levels_are_taken() -> None:
    assert jsontext.read(b"[" * 32 + b"]" * 32)
