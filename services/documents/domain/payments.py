"""Money received, and what a customer owes."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from libs.errors import InvalidArgument
from services.documents.domain.document import CENT, LARGEST_AMOUNT

MOST_ENTRIES = 1000


class Method(enum.Enum):
    CARD = "CARD"
    BANK_TRANSFER = "BANK_TRANSFER"
    DIRECT_DEBIT = "DIRECT_DEBIT"
    CASH = "CASH"
    OTHER = "OTHER"


@dataclass(frozen=True)
class Allocation:
    invoice_id: UUID
    amount: Decimal


@dataclass(frozen=True)
class Payment:
    """Received once and never changed. allocations: which invoices it settles; together the amount."""

    id: UUID
    customer_id: UUID
    currency_code: str
    amount: Decimal
    allocations: tuple[Allocation, ...]
    receive_date: date
    create_time: datetime
    method: Method = Method.OTHER
    reference: str = ""
    version: int = 1

    def check(self, today: date) -> None:
        """Raise InvalidArgument naming what is wrong with it, whatever the invoices say."""
        _check_amount(self.amount, "payment.amount.amount")
        for index, allocation in enumerate(self.allocations):
            _check_amount(allocation.amount, f"payment.allocations[{index}].amount")
            if allocation.invoice_id in {earlier.invoice_id for earlier in self.allocations[:index]}:
                raise InvalidArgument.of(f"payment.allocations[{index}].invoice", "is named twice", "INVOICE_NAMED_TWICE")
        if sum(allocation.amount for allocation in self.allocations) != self.amount:
            raise InvalidArgument.of("payment.allocations", "must make the amount together", "ALLOCATIONS_DIFFER")
        if self.receive_date > today:
            raise InvalidArgument.of("payment.receive_date", "is in the future", "DATE_IN_FUTURE")


def _check_amount(amount: Decimal, path: str) -> None:
    if amount <= 0:
        raise InvalidArgument.of(path, "must be more than 0", "AMOUNT_NOT_POSITIVE")
    if amount != amount.quantize(CENT) or amount >= LARGEST_AMOUNT:
        raise InvalidArgument.of(path, "must be whole cents", "AMOUNT_TOO_FINE")


# --- the statement -------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Entry:
    """resource: the invoice or payment. amount: positive is owed, negative is paid. balance_amount: after it, in its currency."""

    resource: str
    number: str
    entry_date: date
    create_time: datetime
    currency_code: str
    amount: Decimal
    open_amount: Decimal = Decimal("0.00")
    due_date: date | None = None
    balance_amount: Decimal = Decimal("0.00")


@dataclass(frozen=True)
class Total:
    currency_code: str
    billed_amount: Decimal = Decimal("0.00")
    paid_amount: Decimal = Decimal("0.00")
    balance_amount: Decimal = Decimal("0.00")
    overdue_amount: Decimal = Decimal("0.00")

    def add(self, entry: Entry, today: date) -> Total:
        late = entry.due_date is not None and entry.due_date < today
        return replace(
            self,
            billed_amount=self.billed_amount + max(entry.amount, Decimal(0)),
            paid_amount=self.paid_amount - min(entry.amount, Decimal(0)),
            balance_amount=self.balance_amount + entry.open_amount,
            overdue_amount=self.overdue_amount + (entry.open_amount if late else 0),
        )


@dataclass(frozen=True)
class Statement:
    """totals: one for each currency, of all entries. entries: oldest first, at most the newest 1000 of the days asked for."""

    customer_id: UUID
    totals: tuple[Total, ...]
    entries: tuple[Entry, ...]
    read_time: datetime


def statement(
    customer_id: UUID, documents: Iterable[Entry], *, today: date, now: datetime, start: date | None, end: date | None
) -> Statement:
    """Sum up the invoices and payments of a customer, all read at one moment, so that totals and entries agree to the cent."""
    totals: dict[str, Total] = {}
    entries: list[Entry] = []
    for entry in sorted(documents, key=lambda entry: (entry.entry_date, entry.create_time, entry.resource)):
        total = totals.get(entry.currency_code, Total(entry.currency_code)).add(entry, today)
        totals[entry.currency_code] = total
        entries.append(replace(entry, balance_amount=total.billed_amount - total.paid_amount))
    shown: Sequence[Entry] = [entry for entry in entries if (start or date.min) <= entry.entry_date <= (end or date.max)]
    return Statement(customer_id, tuple(totals[code] for code in sorted(totals)), tuple(shown[-MOST_ENTRIES:]), now)
