"""The use cases, with everything outside in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from libs.access import Caller
from libs.errors import FailedPrecondition, InvalidArgument, ServiceError
from libs.ids import new_id
from libs.unit_of_work import NO_REQUEST, Request
from services.documents import wire
from services.documents.domain.invoices import Invoice, State
from services.documents.service import RENDITIONS_CHANNEL, customers, invoices, payments
from services.documents.service.renditions import Copies
from tests.unit.documents.builders import ACME, NOON, NORTH, SOUTH, contact, customer, draft, issued, operator, payment
from tests.unit.documents.fakes import FakeContacts, FakeDatabase, FakeFiles, FakeRenderer

ROME = ZoneInfo("Europe/Rome")


def issue(database: FakeDatabase, invoice: Invoice, request: Request = NO_REQUEST, **changes: Any) -> Invoice:
    return invoices.issue_invoice(
        invoice.id,
        None,
        skip_notification=False,
        caller=operator(),
        request=request,
        reader=database.new_uow(),
        uow=database.new_uow(),
        contacts=FakeContacts(customer(**changes), database=database),
        clock=lambda: NOON,
        zone=ROME,
    )


def create(database: FakeDatabase, caller: Caller, wanted: Invoice) -> Invoice:
    contacts = FakeContacts(customer(), database=database)
    return invoices.create_invoice(wanted, caller=caller, request=NO_REQUEST, uow=database.new_uow(), contacts=contacts, clock=lambda: NOON)


# --- issuing ------------------------------------------------------------------------------------------------------------------------
def test_issuing_a_draft_announces_it_and_wakes_the_printer() -> None:
    wanted = draft()
    database = FakeDatabase(wanted)
    invoice = issue(database, wanted)
    assert database.stored.events == [wire.invoice_issued(invoice, 1, skip_notification=False)]
    assert database.woken == [RENDITIONS_CHANNEL]
    assert not database.stored.renditions[invoice.id].stored


@pytest.mark.parametrize("changes", [{"lines": ()}, {"state": State.ISSUED}])
def test_what_is_not_issued_leaves_nothing_behind(changes: dict[str, Any]) -> None:
    wanted = draft(**changes)
    database = FakeDatabase(wanted)
    before = database.stored
    with pytest.raises(FailedPrecondition):
        issue(database, wanted)
    assert database.stored == before


def test_a_repeated_request_issues_once() -> None:
    wanted = draft()
    database = FakeDatabase(wanted)
    request = Request("r1", "accounts/x", b"1")
    assert issue(database, wanted, request) == issue(database, wanted, request)
    assert (len(database.stored.events), list(database.stored.numbers.values())) == (1, [1])


# --- drafting -----------------------------------------------------------------------------------------------------------------------
def test_a_draft_takes_currency_and_language_from_where_they_stand() -> None:
    database = FakeDatabase()
    made = create(database, operator(NORTH), draft(currency_code=""))
    assert (made.currency_code, made.language_code, made.total.currency_code) == ("EUR", "it", "EUR")
    assert database.stored.customers[ACME] == customer()


@pytest.mark.parametrize("wanted", [draft(), draft(customer_id=new_id())])
def test_a_customer_that_the_operator_does_not_see_is_as_good_as_none(wanted: Invoice) -> None:
    database = FakeDatabase()
    with pytest.raises(InvalidArgument) as caught:
        create(database, operator(SOUTH), wanted)
    assert (caught.value.reason, str(caught.value)) == ("CUSTOMER_NOT_FOUND", "invoice.customer: does not exist")
    assert not database.stored.invoices


# --- reading ------------------------------------------------------------------------------------------------------------------------
def look(database: FakeDatabase, invoice: Invoice, caller: Caller) -> Invoice:
    return invoices.get_invoice(invoice.id, caller=caller, reader=database.new_uow(), new_uow=database.new_uow, clock=lambda: NOON)


@pytest.mark.req("R-POR-08")
def test_a_contacts_first_look_in_a_session_is_announced() -> None:
    invoice, mario = issued(), contact()
    database = FakeDatabase(invoice)
    for _ in range(2):
        assert look(database, invoice, mario) == invoice
    look(database, invoice, replace(mario, session_id=new_id()))
    look(database, invoice, operator())
    assert mario.account_id is not None
    assert database.stored.events == [wire.invoice_viewed(invoice, mario.account_id, version) for version in (1, 2)]


# --- what others tell ---------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-SND-11")
def test_the_first_message_of_many_makes_the_invoice_sent() -> None:
    invoice = issued()
    database = FakeDatabase(invoice)
    handovers = [invoices.Handover(new_id(), invoice.id, NOON + timedelta(seconds=second)) for second in range(3)]
    for _ in range(2):
        invoices.mark_sent([*handovers, invoices.Handover(new_id(), new_id(), NOON)], uow=database.new_uow())
    found = database.stored.invoices[invoice.id]
    assert (found.state, found.send_time, found.version) == (State.SENT, NOON, invoice.version + 1)


def test_an_event_about_a_customer_counts_once() -> None:
    database, event_id = FakeDatabase(), new_id()
    for name in ("first", "second"):
        customers.apply_customer(customer(version=1, display_name=name), event_id, uow=database.new_uow(), clock=lambda: NOON)
    assert database.stored.customers[ACME].display_name == "first"


# --- paying -------------------------------------------------------------------------------------------------------------------------
def test_a_payment_that_exceeds_one_balance_settles_none() -> None:
    small, large = issued(), issued()
    database = FakeDatabase(small, replace(large, paid_amount=Decimal("100.00")))
    before = database.stored
    with pytest.raises(InvalidArgument) as caught:
        payments.create_payment(
            payment("100.00", small, large), caller=operator(), request=NO_REQUEST, uow=database.new_uow(), clock=lambda: NOON, zone=ROME
        )
    assert caught.value.reason == "PAYMENT_EXCEEDS_BALANCE"
    assert database.stored == before


# --- the PDF ------------------------------------------------------------------------------------------------------------------------
def copies(database: FakeDatabase, files: FakeFiles) -> Copies:
    return Copies(database.new_uow, database.new_uow, FakeRenderer(), files, lambda: NOON)


def test_the_first_stored_copy_is_the_document_for_all() -> None:
    wanted = draft()
    database, files = FakeDatabase(wanted), FakeFiles()
    invoice = issue(database, wanted)
    files.kept[database.stored.renditions[invoice.id].key] = b"%PDF of another process"
    mine = copies(database, files).download_invoice(invoice.id, caller=operator())
    again = copies(database, files).download_invoice(invoice.id, caller=contact())
    assert mine == again
    assert (mine.content, mine.filename) == (b"%PDF of another process", "INV-2026-000001.pdf")


def test_a_stored_copy_is_not_rendered_again() -> None:
    wanted = draft()
    database = FakeDatabase(wanted)
    printing = copies(database, FakeFiles())
    invoice = issue(database, wanted)
    printing.store(invoice.id)
    printing.store(invoice.id)
    printing.download_invoice(invoice.id, caller=operator())
    assert isinstance(printing.renderer, FakeRenderer)
    assert len(printing.renderer.rendered) == 1
    assert printing.claim_due() == []


def test_a_copy_that_changed_in_the_store_is_not_given_out() -> None:
    wanted = draft()
    database, files = FakeDatabase(wanted), FakeFiles()
    invoice = issue(database, wanted)
    copies(database, files).store(invoice.id)
    files.kept = dict.fromkeys(files.kept, b"%PDF forged")
    with pytest.raises(ServiceError) as caught:
        copies(database, files).download_invoice(invoice.id, caller=operator())
    assert caught.value.reason == "COPY_DAMAGED"


@pytest.mark.parametrize(
    ("number", "filename"), [("FT2026/0001", "FT2026-0001.pdf"), ('a"b\\c', "a-b-c.pdf"), ("../..", ""), ("n°1 è", "n-1.pdf")]
)
def test_a_file_name_holds_nothing_but_plain_signs(number: str, filename: str) -> None:
    invoice = issued(number)
    assert wire.filename(invoice) == (filename or f"{invoice.id}.pdf")
