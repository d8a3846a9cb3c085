"""An invoice: draft, issued, sent, partially paid, paid."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from libs.errors import EtagMismatch, FailedPrecondition, FieldViolation, InvalidArgument
from services.documents.domain.customers import Customer
from services.documents.domain.document import Line, TaxIdentity, Totals, totals
from services.documents.domain.settings import Settings


class InvoiceNotDraft(FailedPrecondition):
    reason = "INVOICE_NOT_DRAFT"


class InvoiceIsDraft(FailedPrecondition):
    reason = "INVOICE_IS_DRAFT"


class InvoiceEmpty(FailedPrecondition):
    reason = "INVOICE_EMPTY"


class InvoiceTotalNegative(FailedPrecondition):
    reason = "INVOICE_TOTAL_NEGATIVE"


class CustomerTaxDataMissing(FailedPrecondition):
    reason = "CUSTOMER_TAX_DATA_MISSING"


class IssuerTaxDataMissing(FailedPrecondition):
    reason = "ISSUER_TAX_DATA_MISSING"


@dataclass(frozen=True)
class View:
    """A contact's first look at an invoice in one of its sessions."""

    invoice_id: UUID
    number: str
    customer_id: UUID
    view_time: datetime


class State(enum.Enum):
    DRAFT = "DRAFT"
    ISSUED = "ISSUED"
    SENT = "SENT"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"


@dataclass(frozen=True)
class Invoice:
    """bill_to, issuer, iban, language_code: both sides as they were at issue, and stay. send_time: first handed to a mail server."""

    id: UUID
    customer_id: UUID
    currency_code: str
    create_time: datetime
    state: State = State.DRAFT
    lines: tuple[Line, ...] = ()
    notes: str = ""
    due_date: date | None = None
    internal_reference: str = ""
    number: str = ""
    issue_date: date | None = None
    issue_time: datetime | None = None
    send_time: datetime | None = None
    bill_to: TaxIdentity | None = None
    issuer: TaxIdentity | None = None
    iban: str = ""
    language_code: str = "it"
    total: Totals = field(default_factory=lambda: Totals(""))
    paid_amount: Decimal = Decimal("0.00")
    version: int = 1

    @property
    def balance_amount(self) -> Decimal:
        """What is still owed; nothing while it is a draft."""
        return Decimal("0.00") if self.state is State.DRAFT else self.total.gross_amount - self.paid_amount

    def overdue(self, today: date) -> bool:
        """Due day passed and a balance left; today in the organisation's zone."""
        return self.balance_amount > 0 and self.due_date is not None and self.due_date < today

    def check_version(self, wanted: int | None) -> None:
        """Raise EtagMismatch unless this is the version that the caller read; None did not say."""
        if wanted is not None and wanted != self.version:
            raise EtagMismatch(f"invoice {self.id} has changed since it was read")

    def check_draft(self) -> None:
        if self.state is not State.DRAFT:
            raise InvoiceNotDraft(f"invoice {self.id} is {self.state.name}; only a DRAFT can be changed, deleted or issued")

    def with_sums(self) -> Invoice:
        """Return it with the sums of its lines."""
        return replace(self, total=totals(self.lines, self.currency_code))

    def revise(self, wanted: Invoice) -> Invoice:
        """Return it with what may be edited taken from `wanted`: all of a draft, the internal reference of an issued one."""
        revised = replace(
            self,
            currency_code=wanted.currency_code,
            lines=wanted.lines,
            notes=wanted.notes,
            due_date=wanted.due_date,
            internal_reference=wanted.internal_reference,
        ).with_sums()
        if replace(revised, internal_reference=self.internal_reference) != self:
            self.check_draft()
        return revised

    def issue(self, number: str, today: date, now: datetime, *, customer: Customer, settings: Settings) -> Invoice:
        """Return it binding, with both sides as they are now; check_issue must have passed."""
        self.check_issue(customer, settings)
        return replace(
            self,
            state=State.ISSUED,
            number=number,
            issue_date=today,
            issue_time=now,
            due_date=self.due_date or today + timedelta(days=settings.payment_term_days),
            bill_to=bill_to(customer),
            issuer=settings.issuer,
            iban=settings.iban,
            language_code=customer.language_code,
        )

    def check_issue(self, customer: Customer, settings: Settings) -> None:
        """Raise what forbids issuing; before a number is taken."""
        self.check_draft()
        if not self.lines:
            raise InvoiceEmpty(f"invoice {self.id} has no lines")
        if self.total.gross_amount < 0:
            raise InvoiceTotalNegative(f"invoice {self.id} sums up to less than 0: that is a credit note")
        if missing := settings.issuer.missing(tax_number_required=True):
            raise IssuerTaxDataMissing(
                f"the settings of documents lack {', '.join(missing)} of the issuer",
                violations=[FieldViolation(f"documents_settings.issuer.{path}", "is needed to issue", "REQUIRED") for path in missing],
                metadata={"missing": ",".join(missing)},
            )
        if missing := bill_to(customer).missing(tax_number_required=customer.kind not in {"INDIVIDUAL", "HOUSEHOLD"}):
            raise CustomerTaxDataMissing(
                f"customer {customer.id} lacks {', '.join(missing)}",
                violations=[FieldViolation(f"customer.tax_identity.{path}", "is needed to issue", "REQUIRED") for path in missing],
                metadata={"missing": ",".join(missing), "customer": f"customers/{customer.id}"},
            )

    def mark_sent(self, time: datetime) -> Invoice:
        """Return it as sent; itself when it was before, so that many recipients count once."""
        if self.send_time is not None or self.state is State.DRAFT:
            return self
        return replace(self, send_time=time, state=State.SENT if self.state is State.ISSUED else self.state)

    def pay(self, amount: Decimal, path: str) -> Invoice:
        """Return it with an amount received. path: the field that says the amount, for the error."""
        if self.state is State.DRAFT:
            raise InvoiceIsDraft(f"invoice {self.id} is a DRAFT; nothing is owed on it", metadata={"invoice": f"invoices/{self.id}"})
        if amount > self.balance_amount:
            raise InvalidArgument.of(path, f"is more than the balance of {self.balance_amount}", "PAYMENT_EXCEEDS_BALANCE")
        paid = self.paid_amount + amount
        return replace(self, paid_amount=paid, state=State.PAID if paid == self.total.gross_amount else State.PARTIALLY_PAID)


def bill_to(customer: Customer) -> TaxIdentity:
    """Return the "Bill to" section of a customer at this moment.

    An empty recipient code becomes what the SdI asks for: "0000000" (delivered to the PEC or the tax drawer), "XXXXXXX" abroad.
    """
    identity = customer.tax_identity
    abroad = identity.address.region_code not in {"", "IT"}
    return replace(
        identity,
        legal_name=identity.legal_name or customer.display_name,
        sdi_recipient_code=identity.sdi_recipient_code or ("XXXXXXX" if abroad else "0000000"),
    )
