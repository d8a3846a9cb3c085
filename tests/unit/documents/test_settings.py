"""Numbers and bank accounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import InvalidArgument
from services.documents.domain.settings import Kind, Settings, check_format, check_iban


@pytest.mark.parametrize(
    ("form", "expected"),
    [("INV-{year}-{number:6}", "INV-2026-000042"), ("{number}/{year}", "42/2026"), ("FT{year}{number:2}", "FT202642")],
)
def test_a_number_is_written_as_its_series_says(form: str, expected: str) -> None:
    check_format(form, "f")
    assert Settings(series={Kind.INVOICE: form}).number(Kind.INVOICE, 2026, 42) == expected


def test_a_number_that_outgrows_its_digits_is_whole() -> None:
    assert Settings(series={Kind.INVOICE: "{year}-{number:2}"}).number(Kind.INVOICE, 2026, 12345) == "2026-12345"


def test_without_a_series_of_its_own_a_kind_has_the_default() -> None:
    assert Settings(series={}).number(Kind.INVOICE, 2026, 1) == "INV-2026-000001"


UNFIT = (
    "",
    "INV",
    "INV-{number:6}",
    "{year}",
    "{year}-{number}-{number}",
    "{year}{number}{",
    "{year}{number:0}",
    "{year}{number:13}",
    "{0}",
)


@pytest.mark.parametrize("form", UNFIT)
def test_a_format_that_would_repeat_numbers_is_refused(form: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_format(form, "documents_settings.series[0].format")
    assert caught.value.violations[0].field == "documents_settings.series[0].format"


@given(st.lists(st.tuples(st.integers(2000, 2099), st.integers(1, 10**7)), unique=True, max_size=20), st.integers(1, 8))
def test_two_numbers_are_never_written_alike(taken: list[tuple[int, int]], digits: int) -> None:
    written = [Settings(series={Kind.INVOICE: f"A{{year}}-{{number:{digits}}}"}).number(Kind.INVOICE, *each) for each in taken]
    assert len(set(written)) == len(taken)


@pytest.mark.parametrize("iban", ["IT60X0542811101000000123456", "DE89370400440532013000", "GB82WEST12345698765432"])
def test_a_real_iban_is_taken(iban: str) -> None:
    check_iban(iban, "iban")


@pytest.mark.parametrize("iban", ["IT60X0542811101000000123457", "IT60", "60ITX0542811101000000123456", "IT60X054281110100000012345é"])
def test_a_false_iban_is_refused(iban: str) -> None:
    with pytest.raises(InvalidArgument):
        check_iban(iban, "iban")
