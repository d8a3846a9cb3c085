"""The life of an invoice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from libs.errors import EtagMismatch, InvalidArgument
from services.documents.domain.document import PostalAddress, TaxIdentity
from services.documents.domain.invoices import (
    CustomerTaxDataMissing,
    Invoice,
    InvoiceEmpty,
    InvoiceIsDraft,
    InvoiceNotDraft,
    InvoiceTotalNegative,
    IssuerTaxDataMissing,
    State,
    bill_to,
)
from services.documents.domain.settings import Settings
from tests.unit.documents.builders import NOON, TAX_IDENTITY, TODAY, customer, draft, issued, line, settings


def issue(invoice: Invoice, **changes: Any) -> Invoice:
    given = {"customer": customer(), "settings": settings(), **changes}
    return invoice.issue("INV-2026-000001", TODAY, NOON, customer=given["customer"], settings=given["settings"])


# --- issuing ------------------------------------------------------------------------------------------------------------------------
def test_an_issued_invoice_has_number_days_and_both_sides() -> None:
    invoice = issue(draft())
    assert (invoice.state, invoice.number, invoice.issue_date, invoice.issue_time) == (State.ISSUED, "INV-2026-000001", TODAY, NOON)
    assert (invoice.issuer, invoice.iban) == (settings().issuer, settings().iban)


@pytest.mark.req("R-CUS-07")
def test_the_customers_address_is_copied_into_bill_to() -> None:
    copied = issue(draft()).bill_to
    assert copied is not None
    assert copied.address == TAX_IDENTITY.address


def test_the_due_date_follows_from_the_payment_term() -> None:
    assert issue(draft(), settings=settings(payment_term_days=10)).due_date == TODAY + timedelta(days=10)


def test_a_due_date_of_the_draft_stays() -> None:
    assert issue(draft(due_date=date(2027, 1, 31))).due_date == date(2027, 1, 31)


def test_what_was_issued_is_not_issued_again() -> None:
    with pytest.raises(InvoiceNotDraft):
        issue(issued())


def test_an_invoice_without_lines_is_not_issued() -> None:
    with pytest.raises(InvoiceEmpty):
        issue(draft(lines=()))


def test_less_than_nothing_is_not_billed() -> None:
    with pytest.raises(InvoiceTotalNegative):
        issue(draft(lines=(line("10"), line("-20"))))


def test_missing_tax_data_of_the_customer_is_named() -> None:
    with pytest.raises(CustomerTaxDataMissing) as caught:
        issue(draft(), customer=customer(tax_identity=TaxIdentity(address=PostalAddress(street="Via 1", region_code="IT"))))
    assert [fault.field for fault in caught.value.violations] == [
        "customer.tax_identity.address.city",
        "customer.tax_identity.address.postal_code",
        "customer.tax_identity.vat_number",
    ]


def test_an_organisation_without_tax_data_issues_nothing() -> None:
    with pytest.raises(IssuerTaxDataMissing):
        issue(draft(), settings=Settings())


@pytest.mark.parametrize(
    ("region", "code", "expected"), [("IT", "", "0000000"), ("FR", "", "XXXXXXX"), ("IT", "M5UXCR1", "M5UXCR1"), ("", "", "0000000")]
)
def test_an_empty_recipient_code_is_derived(region: str, code: str, expected: str) -> None:
    identity = replace(TAX_IDENTITY, sdi_recipient_code=code, address=replace(TAX_IDENTITY.address, region_code=region))
    assert bill_to(customer(tax_identity=identity)).sdi_recipient_code == expected


def test_without_a_legal_name_the_display_name_is_billed() -> None:
    assert bill_to(customer(tax_identity=replace(TAX_IDENTITY, legal_name=""), display_name="ABC")).legal_name == "ABC"


# --- after issue --------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changes", [{"lines": (line("1"),)}, {"notes": "x"}, {"due_date": date(2030, 1, 1)}, {"currency_code": "USD"}, {"lines": ()}]
)
def test_of_an_issued_invoice_nothing_is_revised(changes: dict[str, Any]) -> None:
    invoice = issued()
    with pytest.raises(InvoiceNotDraft):
        invoice.revise(replace(invoice, **changes))


def test_the_internal_reference_may_change_at_any_time() -> None:
    invoice = issued()
    assert invoice.revise(replace(invoice, internal_reference="order 7")).internal_reference == "order 7"


def test_revising_a_draft_sums_up_again() -> None:
    assert draft().revise(draft(lines=(line("10"), line("20")))).total.gross_amount == Decimal("36.60")


@pytest.mark.req("R-SND-11")
def test_many_messages_make_it_sent_once() -> None:
    sent = issued().mark_sent(NOON)
    assert (sent.state, sent.send_time) == (State.SENT, NOON)
    assert sent.mark_sent(NOON + timedelta(hours=1)) is sent


def test_a_message_after_a_payment_leaves_the_state() -> None:
    paid = issued().pay(Decimal("122.00"), "x").mark_sent(NOON)
    assert (paid.state, paid.send_time) == (State.PAID, NOON)


def test_a_message_about_a_draft_leaves_it_a_draft() -> None:
    assert draft().mark_sent(NOON).state is State.DRAFT


# --- paying -------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PAY-04")
def test_less_than_the_balance_leaves_it_partially_paid() -> None:
    partly = issued().pay(Decimal("22.00"), "x")
    assert (partly.state, partly.balance_amount) == (State.PARTIALLY_PAID, Decimal("100.00"))


def test_the_rest_makes_it_paid() -> None:
    assert issued().pay(Decimal("22.00"), "x").pay(Decimal("100.00"), "x").state is State.PAID


def test_more_than_the_balance_is_refused_by_the_field() -> None:
    with pytest.raises(InvalidArgument) as caught:
        issued().pay(Decimal("122.01"), "payment.allocations[3].amount")
    (fault,) = caught.value.violations
    assert (fault.field, fault.reason) == ("payment.allocations[3].amount", "PAYMENT_EXCEEDS_BALANCE")


def test_on_a_draft_nothing_is_owed() -> None:
    assert draft().balance_amount == 0
    with pytest.raises(InvoiceIsDraft):
        draft().pay(Decimal(1), "x")


@pytest.mark.parametrize(("days", "expected"), [(0, False), (1, True)])
def test_it_is_overdue_from_the_day_after_the_due_date(days: int, expected: bool) -> None:
    invoice = issued()
    assert invoice.due_date is not None
    assert invoice.overdue(invoice.due_date + timedelta(days=days)) is expected


def test_what_is_paid_is_never_overdue() -> None:
    assert not issued().pay(Decimal("122.00"), "x").overdue(date(2099, 1, 1))


def test_another_version_than_the_callers_is_told() -> None:
    issued().check_version(None)
    issued().check_version(1)
    with pytest.raises(EtagMismatch):
        issued().check_version(2)
