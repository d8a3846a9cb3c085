"""Payments and the statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import InvalidArgument
from services.documents.domain.payments import MOST_ENTRIES, Allocation, Entry, Statement, statement
from tests.unit.documents.builders import ACME, NOON, TODAY, issued, payment


def test_a_payment_of_its_parts_is_fine() -> None:
    payment("10.00", issued(), issued()).check(TODAY)


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"amount": Decimal(0)}, "payment.amount.amount", "AMOUNT_NOT_POSITIVE"),
        ({"amount": Decimal("-1")}, "payment.amount.amount", "AMOUNT_NOT_POSITIVE"),
        ({"amount": Decimal("10.001")}, "payment.amount.amount", "AMOUNT_TOO_FINE"),
        ({"amount": Decimal("9.99")}, "payment.allocations", "ALLOCATIONS_DIFFER"),
        ({"allocations": ()}, "payment.allocations", "ALLOCATIONS_DIFFER"),
        ({"receive_date": TODAY + timedelta(days=1)}, "payment.receive_date", "DATE_IN_FUTURE"),
    ],
)
def test_a_wrong_payment_is_named(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        replace(payment("10.00", issued()), **changes).check(TODAY)
    (fault,) = caught.value.violations
    assert (fault.field, fault.reason) == (field, reason)


def test_parts_that_cancel_out_are_refused() -> None:
    parts = (Allocation(issued().id, Decimal("20.00")), Allocation(issued().id, Decimal("-10.00")))
    with pytest.raises(InvalidArgument):
        payment("10.00", issued(), allocations=parts).check(TODAY)


def test_an_invoice_named_twice_is_refused() -> None:
    invoice = issued()
    with pytest.raises(InvalidArgument) as caught:
        payment("10.00", invoice, invoice).check(TODAY)
    assert caught.value.violations[0].field == "payment.allocations[1].invoice"


# --- the statement ------------------------------------------------------------------------------------------------------------------
def summed(entries: list[Entry], start: date | None = None, end: date | None = None) -> Statement:
    return statement(ACME, entries, today=TODAY, now=NOON, start=start, end=end)


def billed(gross: str, paid: str = "0.00", *, on: date = TODAY, due: date | None = None, currency: str = "EUR") -> Entry:
    amount = Decimal(gross)
    return Entry("invoices/x", "INV-1", on, NOON, currency, amount, amount - Decimal(paid), due or on + timedelta(days=30))


def received(amount: str, *, on: date = TODAY, currency: str = "EUR") -> Entry:
    return Entry("payments/x", "", on, NOON, currency, -Decimal(amount))


@pytest.mark.req("R-DSH-02", "R-DSH-03", "R-DSH-04", "R-DSH-05")
def test_a_part_paid_invoice_counts_its_rest() -> None:
    (total,) = summed([billed("122.00", "22.00"), billed("10.00"), received("22.00")]).totals
    assert (total.billed_amount, total.paid_amount, total.balance_amount) == (Decimal("132.00"), Decimal("22.00"), Decimal("110.00"))


def test_what_is_late_is_summed_apart() -> None:
    late = billed("10.00", "4.00", due=TODAY - timedelta(days=1))
    (total,) = summed([late, billed("5.00", due=TODAY)]).totals
    assert total.overdue_amount == Decimal("6.00")


def test_days_limit_the_entries_not_the_totals() -> None:
    old = billed("1.00", on=TODAY - timedelta(days=100))
    found = summed([old, billed("2.00")], start=TODAY - timedelta(days=1), end=TODAY)
    assert [entry.amount for entry in found.entries] == [Decimal("2.00")]
    assert found.entries[0].balance_amount == Decimal("3.00")
    assert found.totals[0].billed_amount == Decimal("3.00")


def test_the_newest_thousand_entries_are_shown() -> None:
    found = summed([billed("1.00", on=TODAY - timedelta(days=day)) for day in range(MOST_ENTRIES + 5)])
    assert (len(found.entries), found.entries[-1].entry_date) == (MOST_ENTRIES, TODAY)
    assert found.totals[0].billed_amount == Decimal(MOST_ENTRIES + 5)


cents = st.decimals("0.01", "99999.99", places=2)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
currencies = st.sampled_from(["EUR", "USD"])
shares = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)])


def partly_paid(gross: Decimal, share: Decimal, on: date, currency: str) -> Entry:
    return billed(str(gross), str((gross * share).quantize(Decimal("0.01"))), on=on, currency=currency)


def paid(amount: Decimal, on: date, currency: str) -> Entry:
    return received(str(amount), on=on, currency=currency)


documents = st.one_of(st.builds(partly_paid, cents, shares, days, currencies), st.builds(paid, cents, days, currencies))


@pytest.mark.req("R-DSH-09")
@given(st.lists(documents, max_size=40))
def test_totals_are_exact_for_each_currency_and_equal_the_documents(entries: list[Entry]) -> None:
    found = summed(entries)
    for total in found.totals:
        own = [entry for entry in entries if entry.currency_code == total.currency_code]
        assert total.billed_amount == sum(entry.amount for entry in own if entry.amount > 0)
        assert total.paid_amount == -sum(entry.amount for entry in own if entry.amount < 0)
        assert total.balance_amount == sum(entry.open_amount for entry in own)
        last = [entry for entry in found.entries if entry.currency_code == total.currency_code][-1]
        assert last.balance_amount == sum(entry.amount for entry in own)
    assert [entry.entry_date for entry in found.entries] == sorted(entry.entry_date for entry in entries)
    unsummed = {replace(entry, balance_amount=Decimal("0.00")) for entry in found.entries}
    assert unsummed == set(entries)
