"""Payments, statements and settings as their callers see them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from recapito.documents.events.v1.events_pb2 import PaymentRecorded
from recapito.documents.v1 import invoices_pb2, settings_pb2
from recapito.documents.v1 import payments_pb2 as pb
from recapito.type.v1.type_pb2 import Money, TaxIdentity

from libs.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ServiceError
from libs.ids import new_id
from services.documents.domain.settings import Kind
from tests.integration.documents.calls import CUSTOMER, created, get, issue, issued, listed, paid, statement
from tests.integration.documents.conftest import Documents
from tests.unit.documents.builders import ACME, NORTH, SOUTH, contact, customer, operator


def refused(kind: type[ServiceError], call: Any, *arguments: Any, **fields: Any) -> ServiceError:
    with pytest.raises(kind) as caught:
        call(*arguments, **fields)
    return caught.value


# --- payments -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PAY-04")
def test_a_part_leaves_the_invoice_partially_paid_and_the_rest_pays_it(documents: Documents) -> None:
    invoice = issued(documents)
    paid(documents, "22.00", invoice)
    partly = get(documents, invoice.name)
    assert (partly.state, partly.paid_amount, partly.balance_amount) == (invoices_pb2.Invoice.PARTIALLY_PAID, "22.00", "100.00")
    paid(documents, "100", invoice)
    assert get(documents, invoice.name).state == invoices_pb2.Invoice.PAID


def test_one_payment_settles_several_invoices(documents: Documents) -> None:
    first, second = issued(documents), issued(documents)
    payment = paid(documents, "244", first, second, reference="CRO 123")
    assert [get(documents, invoice.name).state for invoice in (first, second)] == [invoices_pb2.Invoice.PAID] * 2
    assert documents.payments.GetPayment(pb.GetPaymentRequest(name=payment.name)) == payment
    assert (payment.state, payment.amount.amount, payment.reference) == (pb.Payment.RECEIVED, "244.00", "CRO 123")


def test_a_payment_is_announced(documents: Documents) -> None:
    invoice = issued(documents)
    payment = paid(documents, "22", invoice)
    kind, subject, version, body = documents.events()[-1]
    event = PaymentRecorded.FromString(body)
    assert (kind, subject, version) == ("recapito.documents.payment.recorded.v1", payment.name, 1)
    assert (event.customer, event.amount.amount, list(event.invoices)) == (CUSTOMER, "22.00", [invoice.name])


def test_more_than_the_balance_changes_nothing(documents: Documents) -> None:
    small, large = issued(documents, "10"), issued(documents)
    error = refused(InvalidArgument, paid, documents, "30", large, small)
    assert [(fault.field, fault.reason) for fault in error.violations] == [("payment.allocations[1].amount", "PAYMENT_EXCEEDS_BALANCE")]
    assert [get(documents, invoice.name) for invoice in (small, large)] == [small, large]
    assert len(documents.events()) == 2


def test_a_draft_takes_no_payment(documents: Documents) -> None:
    draft = created(documents)
    assert refused(FailedPrecondition, paid, documents, "1", draft).reason == "INVOICE_IS_DRAFT"


def test_an_invoice_of_another_customer_is_not_settled(documents: Documents) -> None:
    other = customer(id=new_id())
    documents.contacts.known[other.id] = other
    invoice = issued(documents, customer=f"customers/{other.id}")
    assert refused(InvalidArgument, paid, documents, "1", invoice).reason == "INVOICE_NOT_FOUND"


def test_a_payment_in_another_currency_is_refused(documents: Documents) -> None:
    invoice = issued(documents)
    error = refused(InvalidArgument, paid, documents, "1", invoice, amount=Money(currency_code="USD", amount="1"))
    assert error.violations[0].field == "payment.amount.currency_code"


def test_a_repeated_request_is_one_payment(documents: Documents) -> None:
    invoice = issued(documents)
    assert paid(documents, "22", invoice, request_id="p1") == paid(documents, "22", invoice, request_id="p1")
    assert get(documents, invoice.name).paid_amount == "22.00"


def test_payments_at_once_never_exceed_the_balance(documents: Documents) -> None:
    first, second = issued(documents, "50.00"), issued(documents, "50.00")

    def pay(number: int) -> bool:
        pair = (first, second) if number % 2 else (second, first)  # who locks in this order must not wait for who locks in the other
        with documents.as_(operator()):
            try:
                paid(documents, "12.20", *pair)
            except InvalidArgument:
                return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(pay, range(16))) == 10
    assert [get(documents, invoice.name).balance_amount for invoice in (first, second)] == ["0.00", "0.00"]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("payment.amount.amount", {"amount": Money(currency_code="EUR", amount="0")}),
        ("payment.amount.amount", {"amount": Money(currency_code="EUR", amount="1.001")}),
        ("payment.amount.currency_code", {"amount": Money(currency_code="eur", amount="1")}),
        ("payment.amount", {"amount": None}),
        ("payment.allocations", {"allocations": []}),
        ("payment.allocations", {"amount": Money(currency_code="EUR", amount="2")}),
        ("payment.receive_date", {"receive_date": ""}),
        ("payment.receive_date", {"receive_date": "2026-11-31"}),
        ("payment.receive_date", {"receive_date": "2026-11-23"}),
        ("payment.reference", {"reference": "x" * 201}),
        ("payment.customer", {"customer": ""}),
    ],
)
def test_a_wrong_payment_is_refused_by_its_field(small_documents: Documents, field: str, fields: dict[str, Any]) -> None:
    invoice = issued(small_documents)
    error = refused(InvalidArgument, paid, small_documents, "1", invoice, **fields)
    assert field in [fault.field for fault in error.violations]
    assert get(small_documents, invoice.name) == invoice


def test_payments_are_listed_by_invoice_method_and_day(documents: Documents) -> None:
    first, second = issued(documents), issued(documents)
    both = paid(documents, "20", first, second, receive_date="2026-11-20")
    cash = paid(documents, "10", second, method=pb.Payment.CASH)

    def found(text: str) -> list[str]:
        return [payment.name for payment in documents.payments.ListPayments(pb.ListPaymentsRequest(filter=text)).payments]

    assert found("") == [cash.name, both.name]
    assert found(f'invoice = "{first.name}"') == [both.name]
    assert found(f'invoice = "{second.name}"') == [cash.name, both.name]
    assert found(f'invoice != "{first.name}"') == [cash.name]
    assert found("method = CASH AND state = RECEIVED") == [cash.name]
    assert found("receive_date <= 2026-11-20") == [both.name]
    assert found(f'customer = "customers/{new_id()}"') == []


def test_payments_are_seen_by_whom_their_customer_is(documents: Documents) -> None:
    payment = paid(documents, "1", issued(documents))
    get_it = pb.GetPaymentRequest(name=payment.name)
    for caller in (operator(NORTH), contact()):
        with documents.as_(caller):
            assert documents.payments.GetPayment(get_it) == payment
            assert list(documents.payments.ListPayments(pb.ListPaymentsRequest()).payments) == [payment]
    for caller in (operator(SOUTH), contact(new_id())):
        with documents.as_(caller):
            refused(NotFound, documents.payments.GetPayment, get_it)
            assert not documents.payments.ListPayments(pb.ListPaymentsRequest()).payments


# --- the statement ------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DSH-02", "R-DSH-03", "R-DSH-04", "R-DSH-05", "R-DSH-09", "R-POR-03")
def test_the_statement_sums_up_what_is_billed_paid_and_owed(documents: Documents) -> None:
    created(documents, "999")
    first, second = issued(documents, due_date="2026-11-30"), issued(documents, "33.33")
    paid(documents, "122", first)
    paid(documents, "0.66", second)
    dollars = issued(documents, "1", currency_code="USD")
    found = statement(documents)
    assert [(total.currency_code, total.billed_amount, total.paid_amount, total.balance_amount) for total in found.totals] == [
        ("EUR", "162.66", "122.66", "40.00"),
        ("USD", "1.22", "0.00", "1.22"),
    ]
    assert {entry.resource for entry in found.entries} >= {first.name, second.name, dollars.name}
    names = [get(documents, name) for name in listed(documents, filter="state != DRAFT AND customer = " + CUSTOMER.split("/")[1])]
    owed = sum(Decimal(invoice.balance_amount) for invoice in names if invoice.currency_code == "EUR")
    assert Decimal(found.totals[0].balance_amount) == owed


def test_the_statement_says_what_is_late_by_the_organisations_day(documents: Documents) -> None:
    issued(documents, due_date="2026-11-22")
    assert statement(documents).totals[0].overdue_amount == "0.00"
    documents.now = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    assert statement(documents).totals[0].overdue_amount == "122.00"


@pytest.mark.req("R-POR-06")
def test_a_contact_reads_its_own_customers_statement_with_the_permission_only(documents: Documents) -> None:
    issued(documents)
    with documents.as_(contact()):
        assert statement(documents).totals[0].balance_amount == "122.00"
        assert statement(documents, "customers/current").name == f"{CUSTOMER}/statement"
    with documents.as_(contact(new_id())):
        refused(NotFound, statement, documents)
        assert not statement(documents, "customers/current").totals
    with documents.as_(contact(ACME, "SUPPORT")):
        refused(PermissionDenied, statement, documents)


def test_an_operator_reads_the_statements_of_its_groups(documents: Documents) -> None:
    issued(documents)
    with documents.as_(operator(NORTH)):
        assert statement(documents).totals[0].balance_amount == "122.00"
    with documents.as_(operator(SOUTH)):
        refused(NotFound, statement, documents)
        refused(NotFound, statement, documents, f"customers/{new_id()}")


def test_a_customer_so_new_that_no_event_told_of_it_has_an_empty_statement(documents: Documents) -> None:
    new = customer(id=new_id())
    documents.contacts.known[new.id] = new
    with documents.as_(operator(NORTH)):
        assert not statement(documents, f"customers/{new.id}").totals


def test_days_limit_what_the_statement_lists(documents: Documents) -> None:
    issued(documents)
    documents.now = documents.now + timedelta(days=1)
    second = issued(documents)
    found = statement(documents, start_date="2026-11-23", end_date="2026-11-30")
    assert [(entry.resource, entry.number, entry.balance_amount) for entry in found.entries] == [(second.name, second.number, "244.00")]
    error = refused(InvalidArgument, statement, documents, start_date="2026-11-99")
    assert error.violations[0].field == "start_date"


# --- settings -----------------------------------------------------------------------------------------------------------------------
def changed(documents: Documents, *paths: str, **fields: Any) -> settings_pb2.DocumentsSettings:
    wanted = settings_pb2.DocumentsSettings(name="settings/documents", **fields)
    request = settings_pb2.UpdateDocumentsSettingsRequest(documents_settings=wanted)
    request.update_mask.paths.extend(paths or [path for path in fields if path != "etag"])
    return documents.settings.UpdateDocumentsSettings(request)


@pytest.fixture
def administering(documents: Documents) -> Any:
    """The caller has just signed in."""
    return documents.as_(replace(operator(), fresh_until=datetime.now(UTC) + timedelta(minutes=10)))


def series(form: str) -> settings_pb2.DocumentsSettings.Series:
    return settings_pb2.DocumentsSettings.Series(kind=settings_pb2.DocumentsSettings.Series.INVOICE, format=form)


def test_a_new_format_counts_from_the_next_invoice_and_the_numbers_go_on(documents: Documents, administering: Any) -> None:
    before = issued(documents)
    with administering:
        changed(documents, series=[series("FT{year}/{number:4}")])
    assert (before.number, issued(documents).number) == ("INV-2026-000001", "FT2026/0002")


def test_settings_change_in_what_the_mask_names(documents: Documents, administering: Any) -> None:
    before = documents.settings.GetDocumentsSettings(settings_pb2.GetDocumentsSettingsRequest(name="settings/documents"))
    with administering:
        after = changed(
            documents, "payment_term_days", "iban", payment_term_days=0, iban="DE89 3704 0044 0532 0130 00", currency_code="USD"
        )
    assert (after.payment_term_days, after.iban, after.currency_code) == (0, "DE89370400440532013000", "EUR")
    assert after.issuer == before.issuer
    assert after.etag != before.etag
    assert issued(documents).due_date == "2026-11-22"


def test_an_organisation_without_tax_data_cannot_issue(documents: Documents, administering: Any) -> None:
    draft = created(documents)
    with administering:
        changed(documents, issuer=TaxIdentity(legal_name="Studio"))
    error = refused(FailedPrecondition, issue, documents, draft)
    assert (error.reason, "vat_number" in error.metadata["missing"]) == ("ISSUER_TAX_DATA_MISSING", True)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("documents_settings.series[0].format", {"series": [series("INV-{number}")]}),
        ("documents_settings.series[1].kind", {"series": [series("{year}-{number}"), series("{year}/{number}")]}),
        ("documents_settings.series[0].kind", {"series": [settings_pb2.DocumentsSettings.Series(format="{year}{number}")]}),
        ("documents_settings.iban", {"iban": "IT00X0542811101000000123456"}),
        ("documents_settings.payment_term_days", {"payment_term_days": 366}),
        ("documents_settings.currency_code", {"currency_code": "EURO"}),
    ],
)
def test_wrong_settings_are_refused_by_their_field(small_documents: Documents, field: str, fields: dict[str, Any]) -> None:
    with small_documents.as_(replace(operator(), fresh_until=datetime.now(UTC) + timedelta(minutes=10))):
        error = refused(InvalidArgument, changed, small_documents, **fields)
    assert field in [fault.field for fault in error.violations]


def test_settings_ask_for_a_fresh_sign_in_and_refuse_a_stale_etag(documents: Documents, administering: Any) -> None:
    refused(PermissionDenied, changed, documents, iban="")
    with administering:
        first = changed(documents, payment_term_days=1)
        changed(documents, payment_term_days=2)
        assert refused(Aborted, changed, documents, payment_term_days=3, etag=first.etag).reason == "ETAG_MISMATCH"


# --- numbers ------------------------------------------------------------------------------------------------------------------------
def test_fifty_invoices_issued_at_once_have_no_gap_and_no_number_twice(documents: Documents) -> None:
    drafts = [created(documents) for _ in range(50)]

    def issue_or_fail(numbered: tuple[int, invoices_pb2.Invoice]) -> str:
        number, draft = numbered
        if number % 10 == 0:
            with documents.new_uow() as uow:  # an issue that fails after it took its number: it rolls back
                uow.settings.hold()
                assert uow.numbers.next(Kind.INVOICE, 2026) > 0
            return ""
        with documents.as_(operator()):
            return issue(documents, draft).number

    with ThreadPoolExecutor(25) as pool:
        numbers = sorted(filter(None, pool.map(issue_or_fail, enumerate(drafts))))
    assert numbers == [f"INV-2026-{number:06}" for number in range(1, 46)]
