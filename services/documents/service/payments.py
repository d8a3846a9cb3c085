"""Use cases of payments and statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from libs import telemetry
from libs.access import Caller
from libs.errors import InvalidArgument, NotFound
from libs.listing import Listing
from libs.unit_of_work import Clock, Request
from services.documents import wire
from services.documents.domain.invoices import Invoice
from services.documents.domain.payments import Payment, Statement, statement
from services.documents.service import Contacts, Reader, UnitOfWork, customers, metrics

log = telemetry.logger(__name__)


def list_payments(listing: Listing, *, caller: Caller, reader: Reader) -> tuple[Sequence[Payment], str]:
    with reader:
        return reader.payments.page(caller, listing)


def get_payment(payment_id: UUID, *, caller: Caller, reader: Reader) -> Payment:
    with reader:
        return reader.payments.get(payment_id, caller)


def create_payment(payment: Payment, *, caller: Caller, request: Request, uow: UnitOfWork, clock: Clock, zone: ZoneInfo) -> Payment:
    """Record money received, settle the invoices it names, and announce it: all or nothing."""
    payment.check(clock().astimezone(zone).date())
    with uow:
        if (earlier := uow.requests.claim(request, str(payment.id))) is not None:
            return uow.payments.get(UUID(earlier), caller)
        # Locked in one order by all, or two payments for the same two invoices would wait for each other.
        for index, allocation in sorted(enumerate(payment.allocations), key=lambda numbered: numbered[1].invoice_id):
            path = f"payment.allocations[{index}]"
            invoice = _invoice_to_settle(allocation.invoice_id, payment, path, caller, uow)
            uow.invoices.save_issued(invoice.pay(allocation.amount, f"{path}.amount"))
        uow.payments.add(payment)
        uow.outbox.add(wire.payment_recorded(payment))
        uow.commit()
    metrics.PAYMENTS.inc()
    log.info("payment recorded", payment=str(payment.id), invoices=len(payment.allocations))
    return payment


def _invoice_to_settle(invoice_id: UUID, payment: Payment, path: str, caller: Caller, uow: UnitOfWork) -> Invoice:
    try:
        invoice = uow.invoices.hold(invoice_id, caller)
    except NotFound:
        invoice = None
    if invoice is None or invoice.customer_id != payment.customer_id:
        raise InvalidArgument.of(f"{path}.invoice", "is no invoice of this customer", "INVOICE_NOT_FOUND")
    if invoice.currency_code != payment.currency_code:
        raise InvalidArgument.of("payment.amount.currency_code", f"the invoice is in {invoice.currency_code}", "CURRENCY_DIFFERS")
    return invoice


def get_statement(
    customer_id: UUID,
    *,
    start: date | None,
    end: date | None,
    caller: Caller,
    reader: Reader,
    contacts: Contacts,
    clock: Clock,
    zone: ZoneInfo,
) -> Statement:
    """Sum up a customer's documents; a customer that the caller does not see does not exist."""
    with reader:
        visible = reader.customers.visible(customer_id, caller)
        now = clock()
        documents = reader.payments.entries(customer_id) if visible else ()
    if not visible:
        if not caller.staff:
            raise NotFound(f"customer {customer_id} does not exist")
        # Perhaps it is so new that its event is still on the way.
        customers.ask_for_customer(customer_id, caller=caller, contacts=contacts)
    return statement(customer_id, documents, today=now.astimezone(zone).date(), now=now, start=start, end=end)
