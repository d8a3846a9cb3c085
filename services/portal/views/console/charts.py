"""What the chart of a customer draws: twelve months of bills and receipts, as numbers for the template."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from recapito.documents.v1 import payments_pb2

MONTHS = 12
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Month:
    """month: its first day, as ISO."""

    month: str
    billed: Decimal
    paid: Decimal


@dataclass(frozen=True)
class Chart:
    """top: the highest line of the grid, never 0. lines: from 0 to top."""

    currency_code: str
    months: tuple[Month, ...]
    lines: tuple[Decimal, ...]

    @property
    def top(self) -> Decimal:
        return self.lines[-1]


def months(statement: payments_pb2.Statement) -> Chart | None:
    """Return the twelve months up to the newest entry, in the currency most owed; None when there is nothing to draw."""
    if not statement.entries or not statement.totals:
        return None
    currency = max(statement.totals, key=lambda total: Decimal(total.billed_amount or 0)).currency_code
    entries = [entry for entry in statement.entries if entry.amount.currency_code == currency and entry.entry_date]
    if not entries:
        return None
    billed: dict[str, Decimal] = {}
    paid: dict[str, Decimal] = {}
    for entry in entries:
        amount = Decimal(entry.amount.amount or 0)
        sums = billed if amount > 0 else paid
        month = f"{entry.entry_date[:7]}-01"
        sums[month] = sums.get(month, Decimal(0)) + abs(amount)
    names = _twelve(max(billed.keys() | paid.keys()))
    drawn = tuple(Month(name, billed.get(name, Decimal(0)), paid.get(name, Decimal(0))) for name in names)
    return Chart(currency, drawn, _grid(max(max(month.billed, month.paid) for month in drawn)))


def _twelve(newest: str) -> list[str]:
    year, month = int(newest[:4]), int(newest[5:7])
    numbers = range(year * 12 + month - MONTHS, year * 12 + month)
    return [f"{number // 12:04}-{number % 12 + 1:02}-01" for number in numbers]


def _grid(highest: Decimal) -> tuple[Decimal, ...]:
    """Return four or five round lines that hold `highest`."""
    scale = Decimal(10) ** (max(highest, Decimal(1)).adjusted() - 1)
    step = next(Decimal(str(size)) * scale for size in (*_STEPS, 20, 25, 50, 100) if Decimal(str(size)) * scale * 4 >= highest)
    return tuple(step * number for number in range(5))
