"""Use cases of invoices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from libs import telemetry
from libs.access import Caller, Kind
from libs.errors import InvalidArgument, NotFound
from libs.ids import new_id
from libs.listing import Listing
from libs.unit_of_work import Clock, Request
from services.documents import wire
from services.documents.domain import document, settings
from services.documents.domain.customers import Customer
from services.documents.domain.invoices import Invoice
from services.documents.domain.renditions import Rendition
from services.documents.service import ITSELF, RENDITIONS_CHANNEL, Contacts, Reader, UnitOfWork, customers, metrics

log = telemetry.logger(__name__)


def list_invoices(listing: Listing, *, caller: Caller, reader: Reader, clock: Clock, zone: ZoneInfo) -> tuple[Sequence[Invoice], str]:
    with reader:
        return reader.invoices.page(caller, listing, clock().astimezone(zone).date())


def get_invoice(invoice_id: UUID, *, caller: Caller, reader: Reader, new_uow: Callable[[], UnitOfWork], clock: Clock) -> Invoice:
    """Return an invoice; a contact's first look in a session is recorded and announced."""
    with reader:
        invoice = reader.invoices.get(invoice_id, caller)
        if caller.kind is not Kind.CONTACT or caller.account_id is None:
            return invoice
        session_id = caller.session_id or caller.account_id
        viewed = reader.invoices.viewed(invoice_id, session_id)
    if not viewed:
        _record_view(invoice, session_id, caller.account_id, uow=new_uow(), clock=clock)
    return invoice


def _record_view(invoice: Invoice, session_id: UUID, contact_id: UUID, *, uow: UnitOfWork, clock: Clock) -> None:
    with uow:
        if uow.invoices.add_view(invoice.id, session_id, contact_id, clock()):
            uow.outbox.add(wire.invoice_viewed(invoice, contact_id, uow.invoices.next_event(invoice.id)))
            uow.commit()


def create_invoice(draft: Invoice, *, caller: Caller, request: Request, uow: UnitOfWork, contacts: Contacts, clock: Clock) -> Invoice:
    """Add a draft for a customer that the caller sees. draft: as asked for; its currency may be empty."""
    document.check_lines(draft.lines, "invoice.lines")
    customer = _customer(draft.customer_id, caller, contacts)
    with uow:
        if (earlier := uow.requests.claim(request, str(draft.id))) is not None:
            return uow.invoices.get(UUID(earlier), caller)
        uow.customers.add(customer, clock())
        currency = draft.currency_code or uow.settings.get().currency_code
        invoice = replace(draft, currency_code=currency, language_code=customer.language_code).with_sums()
        uow.invoices.add(invoice)
        uow.commit()
    return invoice


def _customer(customer_id: UUID, caller: Caller, contacts: Contacts) -> Customer:
    try:
        return customers.ask_for_customer(customer_id, caller=caller, contacts=contacts)
    except NotFound:
        raise InvalidArgument.of("invoice.customer", "does not exist", "CUSTOMER_NOT_FOUND") from None


def update_invoice(
    invoice_id: UUID, change: Callable[[Invoice], Invoice], version: int | None, *, caller: Caller, request: Request, uow: UnitOfWork
) -> Invoice:
    """Apply a change to a draft, or to the internal reference of an issued invoice."""
    with uow:
        if (earlier := uow.requests.claim(request, str(invoice_id))) is not None:
            return uow.invoices.get(UUID(earlier), caller)
        invoice = uow.invoices.hold(invoice_id, caller)
        invoice.check_version(version)
        revised = invoice.revise(change(invoice))
        document.check_lines(revised.lines, "invoice.lines")
        invoice = uow.invoices.save_issued(revised) if revised.number else uow.invoices.save_draft(revised)
        uow.commit()
    return invoice


def delete_invoice(invoice_id: UUID, version: int | None, *, caller: Caller, request: Request, uow: UnitOfWork) -> None:
    with uow:
        if uow.requests.claim(request, str(invoice_id)) is not None:
            return
        invoice = uow.invoices.hold(invoice_id, caller)
        invoice.check_version(version)
        invoice.check_draft()
        uow.invoices.delete_draft(invoice)
        uow.commit()


def issue_invoice(
    invoice_id: UUID,
    version: int | None,
    *,
    skip_notification: bool,
    caller: Caller,
    request: Request,
    reader: Reader,
    uow: UnitOfWork,
    contacts: Contacts,
    clock: Clock,
    zone: ZoneInfo,
) -> Invoice:
    """Make a draft binding and announce it: number, row and event commit together or not at all.

    The customer is asked for first, because no other service is called while a transaction is open.
    """
    with reader:
        customer_id = reader.invoices.get(invoice_id, caller).customer_id
    customer = contacts.customer(customer_id)
    with uow:
        if (earlier := uow.requests.claim(request, str(invoice_id))) is not None:
            return uow.invoices.get(UUID(earlier), caller)
        issuing = uow.settings.hold()  # one issue at a time, and the clock is read after it: numbers follow the days
        now = clock()
        today = now.astimezone(zone).date()
        draft = uow.invoices.hold(invoice_id, caller)
        draft.check_version(version)
        draft.check_issue(customer, issuing)
        number = issuing.number(settings.Kind.INVOICE, today.year, uow.numbers.next(settings.Kind.INVOICE, today.year))
        invoice = uow.invoices.save_draft(draft.issue(number, today, now, customer=customer, settings=issuing))
        uow.renditions.add(Rendition(invoice.id, f"invoices/{new_id()}.pdf"))
        uow.outbox.add(wire.invoice_issued(invoice, uow.invoices.next_event(invoice.id), skip_notification=skip_notification))
        uow.wake(RENDITIONS_CHANNEL)
        uow.commit()
    metrics.ISSUED.inc()
    log.info("invoice issued", invoice=str(invoice.id), number=invoice.number)
    return invoice


@dataclass(frozen=True)
class Handover:
    """A message about an invoice that a mail server accepted, as an event tells it."""

    event_id: UUID
    invoice_id: UUID
    time: datetime


def mark_sent(handovers: Sequence[Handover], *, uow: UnitOfWork) -> None:
    """Note that messages about invoices were handed over; the first for each counts, however many recipients there are."""
    with uow:
        fresh = uow.inbox.add_all({handover.event_id for handover in handovers})
        new = [handover for handover in handovers if handover.event_id in fresh]
        first = {handover.invoice_id: handover for handover in reversed(new)}
        for invoice_id in sorted(first):  # locked in one order by all
            try:
                invoice = uow.invoices.hold(invoice_id, ITSELF)
            except NotFound:
                continue  # a draft that a message by hand was about, and that is deleted
            if (sent := invoice.mark_sent(first[invoice_id].time)) is not invoice:
                uow.invoices.save_issued(sent)
        uow.commit()
