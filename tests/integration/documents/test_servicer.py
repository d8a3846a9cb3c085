"""Invoices as their callers see them, over gRPC, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from recapito.documents.events.v1.events_pb2 import InvoiceIssued, InvoiceViewed
from recapito.documents.v1 import invoices_pb2 as pb

from libs.access import Caller, Kind
from libs.errors import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ServiceError,
    Unauthenticated,
)
from libs.ids import new_id
from libs.rpc import context
from services.documents.domain.document import PostalAddress, TaxIdentity
from tests.integration.documents.calls import CUSTOMER, created, get, issue, issued, line, listed, paid, update
from tests.integration.documents.conftest import Documents
from tests.unit.documents.builders import ACME, ISSUER, NORTH, SOUTH, TAX_IDENTITY, contact, customer, operator


def refused(kind: type[ServiceError], call: Any, *arguments: Any, **fields: Any) -> ServiceError:
    with pytest.raises(kind) as caught:
        call(*arguments, **fields)
    return caught.value


# --- drafts -------------------------------------------------------------------------------------------------------------------------
def test_a_draft_has_sums_and_no_number(documents: Documents) -> None:
    draft = created(documents, notes="Grazie", internal_reference="order 7")
    assert (draft.state, draft.number, draft.currency_code, draft.balance_amount) == (pb.Invoice.DRAFT, "", "EUR", "0.00")
    assert (draft.total.net_amount, draft.total.vat_amount, draft.total.gross_amount) == ("100.00", "22.00", "122.00")
    assert not draft.HasField("bill_to")
    assert get(documents, draft.name) == draft


def test_what_a_line_leaves_out_is_one_piece_without_discount(documents: Documents) -> None:
    (found,) = created(documents).lines
    assert (found.quantity, found.discount_percent, found.net_amount) == ("1", "0", "100.00")


def test_a_draft_changes_in_what_the_mask_names(documents: Documents) -> None:
    draft = created(documents, notes="old", internal_reference="kept")
    changed = update(documents, draft.name, "notes", "lines", notes="new", lines=[line("10"), line("20")], internal_reference="ignored")
    assert (changed.notes, changed.internal_reference, changed.total.gross_amount) == ("new", "kept", "36.60")
    assert changed.etag != draft.etag
    assert get(documents, draft.name) == changed


def test_a_mask_empties_what_the_request_leaves_out(documents: Documents) -> None:
    draft = created(documents, notes="old", due_date="2026-12-31")
    changed = update(documents, draft.name, "notes", "due_date", "lines")
    assert (changed.notes, changed.due_date, list(changed.lines), changed.total.gross_amount) == ("", "", [], "0.00")


def test_a_stale_etag_changes_nothing(documents: Documents) -> None:
    draft = created(documents)
    update(documents, draft.name, notes="first")
    assert refused(Aborted, update, documents, draft.name, notes="second", etag=draft.etag).reason == "ETAG_MISMATCH"
    refused(Aborted, issue, documents, draft, etag=draft.etag)
    refused(Aborted, issue, documents, draft, etag="W/nonsense")
    refused(Aborted, documents.invoices.DeleteInvoice, pb.DeleteInvoiceRequest(name=draft.name, etag=draft.etag))
    assert get(documents, draft.name).notes == "first"


def test_a_deleted_draft_is_gone_and_deleting_again_by_the_same_request_is_fine(documents: Documents) -> None:
    draft = created(documents)
    request = pb.DeleteInvoiceRequest(name=draft.name, request_id="delete-1")
    documents.invoices.DeleteInvoice(request)
    documents.invoices.DeleteInvoice(request)
    refused(NotFound, get, documents, draft.name)


def test_a_currency_of_its_own_stays(documents: Documents) -> None:
    assert created(documents, currency_code="USD").total.currency_code == "USD"


# --- issuing ------------------------------------------------------------------------------------------------------------------------
def test_issuing_gives_number_days_and_both_sides(documents: Documents) -> None:
    invoice = issued(documents)
    assert (invoice.state, invoice.number) == (pb.Invoice.ISSUED, "INV-2026-000001")
    assert (invoice.issue_date, invoice.due_date) == ("2026-11-22", "2026-12-22")
    assert (invoice.bill_to.vat_number, invoice.balance_amount) == (TAX_IDENTITY.vat_number, "122.00")
    assert get(documents, invoice.name) == invoice


def test_numbers_follow_each_other(documents: Documents) -> None:
    assert [issued(documents).number for _ in range(3)] == ["INV-2026-000001", "INV-2026-000002", "INV-2026-000003"]


def test_the_year_and_day_are_those_of_the_organisation(documents: Documents) -> None:
    issued(documents)
    documents.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # half past midnight in Rome
    invoice = issued(documents)
    assert (invoice.number, invoice.issue_date) == ("INV-2027-000001", "2027-01-01")


def test_what_fails_leaves_no_gap(documents: Documents) -> None:
    issued(documents)
    refused(FailedPrecondition, issue, documents, created(documents, lines=[]))
    refused(FailedPrecondition, issue, documents, created(documents, "-1"))
    assert issued(documents).number == "INV-2026-000002"


def test_issuing_announces_what_the_mailer_needs(documents: Documents) -> None:
    invoice = issue(documents, created(documents), skip_notification=True)
    ((kind, subject, version, body),) = documents.events()
    assert (kind, subject, version) == ("recapito.documents.invoice.issued.v1", invoice.name, 1)
    event = InvoiceIssued.FromString(body)
    assert (event.customer, event.number, event.due_date) == (CUSTOMER, "INV-2026-000001", "2026-12-22")
    assert (event.gross_amount.amount, event.gross_amount.currency_code, event.skip_notification) == ("122.00", "EUR", True)


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda documents: issued(documents), "INVOICE_NOT_DRAFT"),
        (lambda documents: created(documents, lines=[]), "INVOICE_EMPTY"),
        (lambda documents: created(documents, "-100"), "INVOICE_TOTAL_NEGATIVE"),
    ],
)
def test_what_cannot_be_issued_says_why(documents: Documents, prepare: Any, reason: str) -> None:
    invoice = prepare(documents)
    before = documents.events()
    assert refused(FailedPrecondition, issue, documents, invoice).reason == reason
    assert documents.events() == before


def test_missing_tax_data_is_named(documents: Documents) -> None:
    draft = created(documents)
    documents.contacts.known[ACME] = customer(tax_identity=TaxIdentity("ABC S.r.l.", address=PostalAddress(region_code="IT")))
    error = refused(FailedPrecondition, issue, documents, draft)
    assert (error.reason, error.metadata["customer"]) == ("CUSTOMER_TAX_DATA_MISSING", CUSTOMER)
    assert "customer.tax_identity.address.street" in [fault.field for fault in error.violations]


@pytest.mark.req("R-CUS-10")
def test_an_issued_invoice_keeps_the_data_of_its_day(documents: Documents) -> None:
    before = issued(documents)
    moved = replace(TAX_IDENTITY, vat_number="IT99999999990", address=replace(TAX_IDENTITY.address, street="Via Nuova 2"))
    documents.contacts.known[ACME] = customer(tax_identity=moved)
    after = issued(documents)
    assert get(documents, before.name).bill_to == before.bill_to
    assert (before.bill_to.address.street, after.bill_to.address.street) == ("Corso Umberto I 10", "Via Nuova 2")
    assert after.bill_to.vat_number == "IT99999999990"


def test_of_an_issued_invoice_only_the_internal_reference_changes(documents: Documents) -> None:
    invoice = issued(documents)
    for changes in ({"lines": [line("1")]}, {"notes": "x"}, {"due_date": "2030-01-01"}, {"currency_code": "USD"}):
        assert refused(FailedPrecondition, update, documents, invoice.name, **changes).reason == "INVOICE_NOT_DRAFT"
    delete = pb.DeleteInvoiceRequest(name=invoice.name)
    assert refused(FailedPrecondition, documents.invoices.DeleteInvoice, delete).reason == "INVOICE_NOT_DRAFT"
    assert update(documents, invoice.name, internal_reference="order 7").internal_reference == "order 7"


# --- a request twice ----------------------------------------------------------------------------------------------------------------
def test_a_repeated_creation_makes_one_invoice(documents: Documents) -> None:
    request = pb.CreateInvoiceRequest(invoice=pb.Invoice(customer=CUSTOMER), request_id="r1")
    assert documents.invoices.CreateInvoice(request) == documents.invoices.CreateInvoice(request)
    assert len(listed(documents)) == 1


def test_a_repeated_issue_takes_one_number_and_announces_once(documents: Documents) -> None:
    draft = created(documents)
    assert issue(documents, draft, request_id="r1") == issue(documents, draft, request_id="r1")
    assert len(documents.events()) == 1


def test_a_request_id_with_another_body_is_refused(documents: Documents) -> None:
    documents.invoices.CreateInvoice(pb.CreateInvoiceRequest(invoice=pb.Invoice(customer=CUSTOMER), request_id="r1"))
    other = pb.CreateInvoiceRequest(invoice=pb.Invoice(customer=CUSTOMER, notes="other"), request_id="r1")
    assert refused(AlreadyExists, documents.invoices.CreateInvoice, other).reason == "REQUEST_ID_REUSED"


def test_two_callers_may_choose_the_same_request_id(documents: Documents) -> None:
    request = pb.CreateInvoiceRequest(invoice=pb.Invoice(customer=CUSTOMER), request_id="r1")
    mine = documents.invoices.CreateInvoice(request)
    with documents.as_(operator()):
        assert documents.invoices.CreateInvoice(request).name != mine.name


# --- who sees what ------------------------------------------------------------------------------------------------------------------
def test_an_operator_sees_the_customers_of_its_groups(documents: Documents) -> None:
    invoice = issued(documents)
    with documents.as_(operator(NORTH)):
        assert get(documents, invoice.name) == invoice
        assert listed(documents) == [invoice.name]


def test_to_another_groups_operator_nothing_exists(documents: Documents) -> None:
    draft, invoice = created(documents), issued(documents)
    with documents.as_(operator(SOUTH)):
        assert listed(documents) == listed(documents, filter=f'customer = "{CUSTOMER}"') == listed(documents, query="manutenzione") == []
        for call in (
            lambda: get(documents, invoice.name),
            lambda: update(documents, draft.name, notes="x"),
            lambda: issue(documents, draft),
            lambda: documents.invoices.DeleteInvoice(pb.DeleteInvoiceRequest(name=draft.name)),
            lambda: list(documents.invoices.DownloadInvoice(pb.DownloadInvoiceRequest(name=invoice.name))),
        ):
            hidden, missing = str(refused(NotFound, call)), f"invoices/{new_id()}"
            assert hidden.replace(hidden.split()[1], "") == str(refused(NotFound, get, documents, missing)).replace(missing[9:], "")
        assert refused(InvalidArgument, created, documents).reason == "CUSTOMER_NOT_FOUND"
        assert refused(InvalidArgument, paid, documents, "1", invoice).reason == "INVOICE_NOT_FOUND"


def test_a_contact_sees_its_customers_issued_invoices(documents: Documents) -> None:
    created(documents)
    invoice = issued(documents)
    with documents.as_(contact()):
        assert listed(documents) == [invoice.name]
        assert get(documents, invoice.name).number == invoice.number


def test_to_a_contact_drafts_and_others_invoices_do_not_exist(documents: Documents) -> None:
    draft, invoice = created(documents), issued(documents)
    with documents.as_(contact()):
        refused(NotFound, get, documents, draft.name)
    with documents.as_(contact(new_id())):
        refused(NotFound, get, documents, invoice.name)
        assert listed(documents) == listed(documents, filter=f'customer = "{CUSTOMER}"') == []
        refused(NotFound, lambda: list(documents.invoices.DownloadInvoice(pb.DownloadInvoiceRequest(name=invoice.name))))


def test_a_contact_without_the_permission_is_let_in_nowhere(documents: Documents) -> None:
    invoice = issued(documents)
    with documents.as_(contact(ACME, "SUPPORT")):
        refused(PermissionDenied, get, documents, invoice.name)
        refused(PermissionDenied, listed, documents)
        refused(PermissionDenied, lambda: list(documents.invoices.DownloadInvoice(pb.DownloadInvoiceRequest(name=invoice.name))))


def test_a_contact_changes_nothing(documents: Documents) -> None:
    draft = created(documents)
    with documents.as_(contact()):
        refused(PermissionDenied, created, documents)
        refused(PermissionDenied, issue, documents, draft)
        refused(PermissionDenied, update, documents, draft.name, notes="x")


def test_an_operator_needs_the_capability(documents: Documents) -> None:
    draft = created(documents)
    with documents.as_(operator(capabilities=frozenset({"documents.read"}))):
        refused(PermissionDenied, issue, documents, draft)


def test_services_are_named_one_by_one(documents: Documents) -> None:
    invoice = issued(documents)
    with documents.as_(Caller(Kind.SERVICE, service="notifications")):
        assert get(documents, invoice.name) == invoice
    with documents.as_(Caller(Kind.SERVICE, service="portal")):
        refused(PermissionDenied, get, documents, invoice.name)
    with documents.as_(Caller()):
        refused(Unauthenticated, get, documents, invoice.name)


# --- views --------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-POR-08")
def test_a_contacts_view_is_announced_once_a_session(documents: Documents) -> None:
    invoice = issued(documents)
    mario = contact()
    for _ in range(3):
        with documents.as_(mario):
            get(documents, invoice.name)
    with documents.as_(replace(mario, session_id=new_id())):
        get(documents, invoice.name)
    viewed = [(version, InvoiceViewed.FromString(body)) for kind, _, version, body in documents.events() if kind.endswith("viewed.v1")]
    assert [version for version, _ in viewed] == [2, 3]
    assert {(event.invoice, event.contact, event.customer, event.number) for _, event in viewed} == {
        (invoice.name, f"contacts/{mario.account_id}", CUSTOMER, invoice.number)
    }


def test_a_view_does_not_make_an_operators_form_stale(documents: Documents) -> None:
    invoice = issued(documents)
    with documents.as_(contact()):
        get(documents, invoice.name)
    assert update(documents, invoice.name, internal_reference="x", etag=invoice.etag).internal_reference == "x"


def test_operators_and_services_view_unrecorded(documents: Documents) -> None:
    invoice = issued(documents)
    get(documents, invoice.name)
    with documents.as_(Caller(Kind.SERVICE, service="notifications")):
        get(documents, invoice.name)
    assert len(documents.events()) == 1


# --- lists --------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DSH-07")
def test_lists_are_filtered_by_state(documents: Documents) -> None:
    draft, open_, partly, whole = created(documents), issued(documents), issued(documents), issued(documents)
    paid(documents, "1", partly)
    paid(documents, "122", whole)
    states = {"DRAFT": draft, "ISSUED": open_, "PARTIALLY_PAID": partly, "PAID": whole}
    assert {state: listed(documents, filter=f"state = {state}") for state in states} == {
        state: [invoice.name] for state, invoice in states.items()
    }


def test_overdue_ones_are_found_by_the_organisations_day(documents: Documents) -> None:
    late, later, whole = (issued(documents, due_date=day) for day in ("2026-11-22", "2026-11-23", "2026-11-22"))
    paid(documents, "122", whole)
    created(documents, due_date="2020-01-01")
    assert listed(documents, filter="overdue = true") == []
    documents.now = documents.now + timedelta(hours=12)  # 00:00 in Rome
    assert listed(documents, filter="overdue = true") == [late.name]
    assert set(listed(documents, filter="overdue = false AND state != DRAFT")) == {later.name, whole.name}
    assert [get(documents, invoice.name).overdue for invoice in (late, later, whole)] == [True, False, False]


def test_lists_are_filtered_by_customer_number_and_day(documents: Documents) -> None:
    other = customer(id=new_id())
    documents.contacts.known[other.id] = other
    first, second = issued(documents), issued(documents, customer=f"customers/{other.id}")
    assert listed(documents, filter=f'customer = "customers/{other.id}"') == [second.name]
    assert listed(documents, filter='number = "INV-2026-000001"') == [first.name]
    assert listed(documents, filter="issue_date < 2026-11-22") == []


def test_words_are_found_in_number_customer_and_lines(documents: Documents) -> None:
    invoice = issued(documents, lines=[line(description="Perizia elettrica")])
    draft = created(documents)
    assert listed(documents, query="PERIZIA") == listed(documents, query="abc 000001") == [invoice.name]
    assert set(listed(documents, query="abc")) == {invoice.name, draft.name}
    assert listed(documents, query="100%") == listed(documents, query="per_zia") == []


def test_pages_hold_each_invoice_once_newest_first(documents: Documents) -> None:
    names = []
    for day in range(7):
        documents.now = documents.now + timedelta(days=day % 2)
        names.append(issued(documents).name)
    assert listed(documents, page_size=2) == list(reversed(names))
    draft = created(documents)
    assert listed(documents, page_size=3) == [draft.name, *reversed(names)]
    assert listed(documents, page_size=3, filter="issue_date > 2026-11-22") == list(reversed(names))[:6]
    assert listed(documents, page_size=3, order_by="number") == [*names, draft.name]


def test_a_page_of_long_invoices_is_shorter_than_asked_for(small_documents: Documents) -> None:
    long = [line(description="€" * 1000)] * 1000
    names = [created(small_documents, lines=long).name for _ in range(5)]
    page = small_documents.invoices.ListInvoices(pb.ListInvoicesRequest(page_size=5))
    assert [invoice.name for invoice in page.invoices] == list(reversed(names))[:2]
    assert listed(small_documents, page_size=5) == list(reversed(names))


# --- bad input ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("invoice.customer", {"customer": ""}),
        ("invoice.customer", {"customer": "contacts/01890000-0000-7000-8000-00000000acee"}),
        ("invoice.customer", {"customer": "customers/01890000-0000-7000-8000-00000000ffff"}),
        ("invoice.currency_code", {"currency_code": "euro"}),
        ("invoice.due_date", {"due_date": "2026-02-30"}),
        ("invoice.due_date", {"due_date": "tomorrow"}),
        ("invoice.notes", {"notes": "x" * 2001}),
        ("invoice.notes", {"notes": "a\x00b"}),
        ("invoice.lines[0].description", {"lines": [line(description="")]}),
        ("invoice.lines[0].unit_price", {"lines": [line("1e5")]}),
        ("invoice.lines[0].unit_price", {"lines": [line("9999999999999", quantity="9999999999999")]}),
        ("invoice.lines[0].discount_percent", {"lines": [line(discount_percent="100.000001")]}),
        ("invoice.lines[0].vat_rate_percent", {"lines": [line(vat_rate_percent="-22")]}),
        ("invoice.lines[0].vat_exemption_code", {"lines": [line(vat_rate_percent="0")]}),
        ("invoice.lines[0].vat_exemption_code", {"lines": [line(vat_exemption_code="N4")]}),
        ("invoice.lines", {"lines": [line()] * 1001}),
    ],
)
def test_a_wrong_invoice_is_refused_by_its_field(small_documents: Documents, field: str, fields: dict[str, Any]) -> None:
    error = refused(InvalidArgument, created, small_documents, **fields)
    assert field in [fault.field for fault in error.violations]
    assert listed(small_documents) == []


@pytest.mark.parametrize(
    ("field", "paths", "fields"),
    [
        ("update_mask", ["customer"], {"customer": CUSTOMER}),
        ("update_mask", ["number"], {}),
        ("update_mask", ["nonsense"], {}),
        ("update_mask", ["lines.description"], {}),
        ("invoice.lines[0].vat_exemption_code", ["lines"], {"lines": [line(vat_rate_percent="0")]}),
        ("invoice.due_date", ["due_date"], {"due_date": "2026-13-01"}),
        ("invoice.currency_code", ["currency_code"], {}),
    ],
)
def test_a_wrong_change_is_refused_by_its_field(small_documents: Documents, field: str, paths: list[str], fields: dict[str, Any]) -> None:
    draft = created(small_documents)
    error = refused(InvalidArgument, update, small_documents, draft.name, *paths, **fields)
    assert field in [fault.field for fault in error.violations]
    assert get(small_documents, draft.name) == draft


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("filter", pb.ListInvoicesRequest(filter="paid = true")),
        ("filter", pb.ListInvoicesRequest(filter="state = LOST")),
        ("order_by", pb.ListInvoicesRequest(order_by="customer")),
        ("page_token", pb.ListInvoicesRequest(page_token="x")),
        ("page_size", pb.ListInvoicesRequest(page_size=1001)),
    ],
)
def test_a_wrong_list_is_refused_by_its_field(small_documents: Documents, field: str, request_: Message) -> None:
    assert refused(InvalidArgument, small_documents.invoices.ListInvoices, request_).violations[0].field == field


@pytest.mark.parametrize("name", ["invoices/me", "invoices/-", "invoices/current"])
def test_an_alias_names_no_invoice(small_documents: Documents, name: str) -> None:
    refused(NotFound, get, small_documents, name)


def test_hostile_text_is_kept_as_text(documents: Documents) -> None:
    hostile = "'; DROP TABLE invoices; -- \u202e\u200b<script>{number}%s\U0001f4a9"
    invoice = issued(documents, notes=hostile, lines=[line(description=hostile)])
    assert get(documents, invoice.name).notes == hostile
    assert listed(documents, query="drop table") == [invoice.name]
    assert not listed(documents, query="' OR '1'='1")


def test_the_issuer_is_never_shown_with_a_secret_in_errors(documents: Documents) -> None:
    documents.contacts.known[ACME] = customer(tax_identity=replace(TAX_IDENTITY, vat_number="", tax_code=""))
    text = str(refused(FailedPrecondition, issue, documents, created(documents)))
    assert ISSUER.legal_name not in text
    assert TAX_IDENTITY.address.street not in text
    assert context.caller().kind is Kind.ANONYMOUS
