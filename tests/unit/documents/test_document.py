"""Lines and sums: EN 16931 to the cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import InvalidArgument
from services.documents.domain.document import Line, PostalAddress, TaxIdentity, check_lines, rounded, totals, vat
from tests.unit.documents.builders import TAX_IDENTITY, line


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("1.004999", "1.00"), ("2.675", "2.68"), ("-2.675", "-2.68"), ("0", "0.00")],
)
def test_halves_are_rounded_away_from_zero(amount: str, cents: str) -> None:
    assert rounded(Decimal(amount)) == Decimal(cents)


def test_vat_is_rounded_once_for_all_lines_of_a_rate_not_line_by_line() -> None:
    sums = totals([line("0.10") for _ in range(3)], "EUR")
    assert sums.vat_amount == Decimal("0.07")  # 0.066; three times 0.02 would be 0.06


def test_one_rate_written_in_two_ways_is_one_category() -> None:
    (category,) = totals([line("1", "22"), line("1", "22.00")], "EUR").vat
    assert category.net_amount == Decimal("2.00")


def test_exemption_codes_are_categories_of_their_own() -> None:
    sums = totals([line("5", "0", vat_exemption_code="N4"), line("7", "0", vat_exemption_code="N1")], "EUR")
    assert {category.vat_exemption_code: category.net_amount for category in sums.vat} == {"N4": Decimal(5), "N1": Decimal(7)}
    assert sums.vat_amount == 0


def test_a_discount_lowers_the_line() -> None:
    assert line("33.335", quantity=Decimal("2.5"), discount_percent=Decimal(10)).net_amount == Decimal("75.00")


@pytest.mark.parametrize("rate", ["-0.01", "100.01"])
def test_a_rate_outside_0_to_100_is_refused(rate: str) -> None:
    with pytest.raises(InvalidArgument):
        vat([Decimal(1)], Decimal(rate))


# --- an oracle in fractions: nothing is rounded but where the norm says so ----------------------------------------------------------
def cents_of(amount: Fraction) -> Fraction:
    """Half away from zero, by whole numbers alone."""
    whole = floor(abs(amount) * 100 + Fraction(1, 2))
    return Fraction(whole if amount >= 0 else -whole, 100)


def exact(each: Line) -> Fraction:
    return Fraction(each.quantity) * Fraction(each.unit_price) * (100 - Fraction(each.discount_percent)) / 100


decimals = st.decimals(-(10**6), 10**6, places=6)
percents = st.decimals(0, 100, places=2)
rates = st.sampled_from([Decimal(rate) for rate in ("0", "4", "5", "10", "22", "22.00", "7.7", "100")])
lines = st.builds(
    lambda quantity, price, discount, rate: Line("x", quantity, "", price, discount, rate, "N4" if rate == 0 else ""),
    decimals,
    decimals,
    percents,
    rates,
)


@given(st.lists(lines, max_size=30))
def test_sums_are_those_of_the_norm(document: list[Line]) -> None:
    sums = totals(document, "EUR")
    net = [cents_of(exact(each)) for each in document]
    by_rate: dict[Fraction, Fraction] = {}
    for each, amount in zip(document, net, strict=True):
        by_rate[Fraction(each.vat_rate_percent)] = by_rate.get(Fraction(each.vat_rate_percent), Fraction(0)) + amount
    tax = {rate: cents_of(amount * rate / 100) for rate, amount in by_rate.items()}
    assert [Fraction(each.net_amount) for each in document] == net
    assert {Fraction(each.vat_rate_percent): Fraction(each.net_amount) for each in sums.vat} == by_rate  # BR-CO-13
    assert {Fraction(each.vat_rate_percent): Fraction(each.vat_amount) for each in sums.vat} == tax  # BR-CO-17
    assert Fraction(sums.net_amount) == sum(net)  # BR-CO-10
    assert Fraction(sums.vat_amount) == sum(tax.values())  # BR-CO-14
    assert sums.gross_amount == sums.net_amount + sums.vat_amount  # BR-CO-15


@given(st.lists(lines, max_size=12), st.randoms())
def test_the_order_of_the_lines_does_not_change_the_sums(document: list[Line], random: object) -> None:
    shuffled = sorted(document, key=lambda _: random.random())  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert totals(shuffled, "EUR") == totals(document, "EUR")


largest = st.sampled_from([Decimal("9999999999999.999999"), Decimal("-9999999999999.999999"), Decimal("0.000001"), Decimal(0)])


@given(st.lists(st.builds(lambda quantity, price: line("1", quantity=quantity, unit_price=price), largest, largest), max_size=5))
def test_what_the_contract_can_write_is_summed_or_refused_by_name(document: list[Line]) -> None:
    try:
        check_lines(document, "invoice.lines")
        faults = []
    except InvalidArgument as error:
        faults = [fault.field for fault in error.violations]
    assert all(field.startswith("invoice.lines") for field in faults)
    assert faults or abs(totals(document, "EUR").gross_amount) < 10**13


# --- what is refused ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"vat_rate_percent": Decimal(0)}, "vat_exemption_code", "VAT_EXEMPTION_CODE_MISSING"),
        ({"vat_exemption_code": "N4"}, "vat_exemption_code", "VAT_EXEMPTION_CODE_UNEXPECTED"),
        ({"vat_rate_percent": Decimal(101)}, "vat_rate_percent", "PERCENT_INVALID"),
        ({"discount_percent": Decimal("-0.01")}, "discount_percent", "PERCENT_INVALID"),
        ({"quantity": Decimal(10**12), "unit_price": Decimal(10)}, "unit_price", "AMOUNT_TOO_LARGE"),
    ],
)
def test_a_wrong_line_is_named(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_lines([line(), line("1", **changes)], "invoice.lines")
    (fault,) = caught.value.violations
    assert (fault.field, fault.reason) == (f"invoice.lines[1].{field}", reason)


def test_lines_too_large_together_are_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_lines([line("6000000000000"), line("6000000000000")], "invoice.lines")
    assert [(fault.field, fault.reason) for fault in caught.value.violations] == [("invoice.lines", "AMOUNT_TOO_LARGE")]


# --- tax identities -----------------------------------------------------------------------------------------------------------------
def test_a_whole_identity_lacks_nothing() -> None:
    assert TAX_IDENTITY.missing(tax_number_required=True) == []


def test_in_italy_a_tax_number_and_a_postal_code_are_needed() -> None:
    italian = TaxIdentity("Rossi", address=PostalAddress("Via 1", "Roma", "RM", "", "IT"))
    assert italian.missing() == ["address.postal_code", "vat_number"]


def test_a_person_abroad_needs_no_tax_number() -> None:
    person = TaxIdentity("Jane Roe", address=PostalAddress("1 High Street", "London", region_code="GB"))
    assert person.missing() == []
    assert person.missing(tax_number_required=True) == ["vat_number"]
