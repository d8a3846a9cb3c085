"""Values of a profile: what each type takes, in which form it is kept, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.errors import InvalidArgument
from services.contacts.domain import FIELDS, Block, Catalogue, Column, Field, Option, Type
from services.contacts.domain.profile import MOST_ROWS, checked_profile
from services.contacts.domain.values import Checks
from services.contacts.wire.profile import plain, struct
from tests.unit.contacts.builders import CATALOGUE

OPTIONS = (Option("uno", "Uno"), Option("due", "Due"))
ONE_OF_EACH = Catalogue.of(
    FIELDS,
    [Field(uuid4(), type_.name.lower(), type_.name, "", type_, options=OPTIONS) for type_ in Type if type_ is not Type.TABLE],
    frozenset(),
)


def checked(given_: Mapping[str, Any], before: Mapping[str, Any] | None = None, catalogue: Catalogue = ONE_OF_EACH) -> dict[str, Any]:
    with Checks("contact")() as checks:
        return dict(checked_profile(given_, before, catalogue, checks))


def faults(given_: Mapping[str, Any], before: Mapping[str, Any] | None = None, catalogue: Catalogue = ONE_OF_EACH) -> dict[str, str]:
    with pytest.raises(InvalidArgument) as error:
        checked(given_, before, catalogue)
    assert not any(str(value) in str(error.value) for value in given_.values() if isinstance(value, str) and len(value) > 9)
    return {fault.field.removeprefix("contact.profile."): fault.reason for fault in error.value.violations}


@pytest.mark.req("R-FLD-03", "R-FLD-10")
@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("text", "  Èra \u00a0 qui\t", "Èra qui"),
        ("text", "e\u0300", "è"),
        ("text", "x" * 200, "x" * 200),
        ("text", "<b>&</b>", "<b>&</b>"),
        ("long_text", " uno \r\n\r\ndue\t3 ", "uno\n\ndue\t3"),
        ("long_text", "x" * 5000, "x" * 5000),
        ("number", "-0012.500", "-12.5"),
        ("number", "0", "0"),
        ("number", "-0.0", "0"),
        ("number", "100", "100"),
        ("number", "999999999999999", "999999999999999"),
        ("money", "1.5", "1.50"),
        ("money", "-0", "0.00"),
        ("money", "9999999999999.99", "9999999999999.99"),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", "1800-01-01", "1800-01-01"),
        ("yes_no", False, False),
        ("choice", "due", "due"),
        ("choices", ["due", "uno", "due"], ["uno", "due"]),
        ("email", " Ada@ABC.example ", "Ada@abc.example"),
        ("phone", "+39 345 123 4567", "+393451234567"),
        ("link", "https://münchen.example/a?b=1#c", "https://münchen.example/a?b=1#c"),
        ("region", "it", "IT"),
        ("tax_code", "rssmra85t10a562s", "RSSMRA85T10A562S"),
        ("tax_code", "RSSMRA85T10A56NH", "RSSMRA85T10A56NH"),
        ("tax_code", "00743110157", "00743110157"),
        ("vat_number", "00743110157", "IT00743110157"),
        ("vat_number", "DE136695976", "DE136695976"),
        ("iban", "IT60 X054 2811 1010 0000 0123 456", "IT60X0542811101000000123456"),
    ],
)
def test_a_value_is_kept_in_its_one_form(key: str, typed: Any, kept: Any) -> None:
    assert checked({key: typed}) == {"kind": "person", key: kept}


@pytest.mark.req("R-FLD-03", "R-FLD-10")
@pytest.mark.parametrize(
    ("key", "typed", "reason"),
    [
        ("text", "x" * 201, "STRING_MAX_LEN"),
        ("text", "a\u202eb", "CONTROL_CHARACTER"),
        ("text", "a\x00b", "CONTROL_CHARACTER"),
        ("text", "a\x1bb", "CONTROL_CHARACTER"),
        ("text", "a\ud800b", "CONTROL_CHARACTER"),
        ("text", 3.0, "TYPE_INVALID"),
        ("text", True, "TYPE_INVALID"),
        ("text", ["x"], "TYPE_INVALID"),
        ("text", {"a": "b"}, "TYPE_INVALID"),
        ("long_text", "x" * 5001, "STRING_MAX_LEN"),
        ("long_text", "a\x0bb", "CONTROL_CHARACTER"),
        ("number", 3.0, "TYPE_INVALID"),
        ("number", "1,5", "NUMBER_INVALID"),
        ("number", "1e3", "NUMBER_INVALID"),
        ("number", "NaN", "NUMBER_INVALID"),
        ("number", "١٢", "NUMBER_INVALID"),
        ("number", "1000000000000.0001", "NUMBER_INVALID"),
        ("money", "1.234", "NUMBER_INVALID"),
        ("money", "12 €", "NUMBER_INVALID"),
        ("date", "2023-02-29", "DATE_INVALID"),
        ("date", "20240229", "DATE_INVALID"),
        ("date", "2024-W01-1", "DATE_INVALID"),
        ("date", "1799-12-31", "DATE_INVALID"),
        ("yes_no", "true", "TYPE_INVALID"),
        ("yes_no", 1.0, "TYPE_INVALID"),
        ("choice", "tre", "OPTION_UNKNOWN"),
        ("choice", "Uno", "OPTION_UNKNOWN"),
        ("choices", "uno", "TYPE_INVALID"),
        ("choices", ["uno", 2.0], "OPTION_UNKNOWN"),
        ("choices", [{"a": []}], "OPTION_UNKNOWN"),
        ("email", "ada@", "EMAIL_MALFORMED"),
        ("phone", "345 123", "PHONE_INVALID"),
        ("link", "javascript:alert(1)", "LINK_INVALID"),
        ("link", "https://", "LINK_INVALID"),
        ("link", "https://bank.example@evil.example", "LINK_INVALID"),
        ("link", "ftp://abc.example", "LINK_INVALID"),
        ("region", "Italia", "REGION_UNKNOWN"),
        ("region", "XX", "REGION_UNKNOWN"),
        ("tax_code", "RSSMRA85T10A562X", "TAX_CODE_INVALID"),
        ("vat_number", "00743110158", "VAT_NUMBER_INVALID"),
        ("iban", "IT60X0542811101000000123457", "IBAN_INVALID"),
    ],
)
def test_what_is_no_such_value_is_refused_by_name(key: str, typed: Any, reason: str) -> None:
    assert faults({key: typed}) == {key: reason}


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_empty_value_is_none(empty: Any) -> None:
    assert checked({"text": empty, "number": empty}) == {"kind": "person"}
    assert checked({"choices": [], "family_members": [{}, {"name": " "}]}) == {"kind": "person"}


@pytest.mark.parametrize("key", ["nothing", "Text", "a.b", "x" * 10_000, "\u202e", ""])
def test_a_key_that_is_no_field_is_refused_without_repeating_what_it_holds(key: str) -> None:
    assert list(faults({key: "x"}).values()) == ["FIELD_UNKNOWN"]


@pytest.mark.req("R-FRM-06", "R-FRM-12", "R-FRM-13")
def test_rows_of_a_table_are_checked_column_by_column() -> None:
    rows: list[Any] = [{"name": " Ada  Verdi ", "dependant": True, "birth_date": "2001-02-03"}, {}, {"relation": "child"}]
    kept = [{"name": "Ada Verdi", "dependant": True, "birth_date": "2001-02-03"}, {"relation": "child"}]
    assert checked({"family_members": rows})["family_members"] == kept
    wrong: list[Any] = [{}, {"relation": "boss", "age": "3"}, "x", {"dependant": "1"}]
    assert faults({"family_members": wrong}) == {
        "family_members[1]": "FIELD_UNKNOWN",
        "family_members[1].relation": "OPTION_UNKNOWN",
        "family_members[2]": "TYPE_INVALID",
        "family_members[3].dependant": "TYPE_INVALID",
    }
    assert faults({"family_members": [{"name": "x"}] * (MOST_ROWS + 1)}) == {"family_members": "TOO_MANY_ROWS"}


@pytest.mark.req("R-FRM-08", "R-FRM-09", "R-FRM-10", "R-FRM-12")
def test_what_belongs_together_is_checked_together() -> None:
    assert faults({"residence_postal_code": "8013", "domicile_province": "Napoli"}) == {
        "residence_postal_code": "POSTAL_CODE_INVALID",
        "domicile_province": "PROVINCE_INVALID",
    }
    abroad = {"residence_country": "FR", "residence_postal_code": "2A004", "residence_province": "Corse-du-Sud"}
    assert checked(abroad) == {"kind": "person"} | abroad
    assert checked({"residence_country": "it", "residence_province": "na"})["residence_province"] == "NA"
    assert faults({"permit_issue_date": "2026-01-02", "permit_expire_date": "2026-01-01"}) == {"permit_expire_date": "DATES_REVERSED"}
    paper = {"issue_date": "2026-01-02", "expire_date": "2026-01-01"}
    assert faults({"identity_documents": [paper]}) == {"identity_documents[0].expire_date": "DATES_REVERSED"}


@pytest.mark.req("R-FRM-03")
def test_a_block_that_is_off_keeps_what_it_holds_unless_it_is_cleared_by_name() -> None:
    off = replace(CATALOGUE, hidden=frozenset({Block.EMPLOYMENT}))
    before = {"kind": "company", "profession": "Sarta", "source": "fiera"}
    assert checked({"source": "sito"}, before, off) == {"kind": "company", "profession": "Sarta", "source": "sito"}
    assert checked({}, before, CATALOGUE) == {"kind": "company"}
    assert checked({"profession": None}, before, off) == {"kind": "company"}


def test_what_nobody_touches_stands_whatever_the_rules_are_now() -> None:
    before = {"kind": "person", "choice": "gone", "orphan": "x", "text": "a\x00"}
    assert checked(before, before) == before
    assert checked({"choice": "gone", "number": "1"}, before) == {"kind": "person", "choice": "gone", "number": "1"}
    needed = Catalogue.of(FIELDS, [Field(uuid4(), "needed", "Needed", "", required=True)], frozenset())
    assert checked(before, before, needed) == before
    assert faults({"source": "x"}, {"kind": "person"}, needed) == {"needed": "REQUIRED"}
    assert checked({"source": "x"}, None, needed.without_required) == {"kind": "person", "source": "x"}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*ONE_OF_EACH.by_key, "nothing"])
LIKELY = st.sampled_from(
    [
        *("12.50", "2025-12-30", "uno", "+393451234567", "https://a.example", "fr", "RSSMRA85T10A562S", "00743110157", " x\ty "),
        True,
        ["due", "uno"],
    ]
)


@pytest.mark.req("R-FLD-10")
@given(st.dictionaries(KEYS, LIKELY | JSON, max_size=6))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_is_refused_by_field_or_read_back_as_it_was_kept(sent: dict[str, Any]) -> None:
    try:
        kept = checked(sent)
    except InvalidArgument:
        assert all(faults(sent).values())
        return
    assert checked(kept) == kept, "the one form of a value is its own"
    assert json.loads(json.dumps(kept)) == kept
    assert plain(struct(kept)) == kept


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_a_text_that_is_taken_holds_nothing_that_cannot_be_seen(typed: str) -> None:
    try:
        kept = checked({"text": typed}).get("text", "")
    except InvalidArgument:
        return
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or 0xD800 <= ord(letter) <= 0xDFFF for letter in kept)
    assert len(kept) <= 200


def test_built_in_fields_have_both_labels_and_no_key_or_name_twice() -> None:
    keys = [field.key for field in FIELDS]
    assert len(set(keys)) == len(keys)
    for label in ("key_it", "key_en"):
        names = [getattr(field, label) for field in FIELDS if field.block not in {Block.RESIDENCE, Block.DOMICILE}]
        assert len(set(names)) == len(names), label
    for field in FIELDS:
        parts: list[Field | Option | Column] = [field, *field.options, *field.columns]
        assert all(part.label_it and part.label_en for part in parts), field.key
