"""What documents erases of a person: it knows contacts by id alone, so only the name of a customer that is the person itself."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from libs.erasing import Erasing, SetAside
from libs.errors import NotFound
from libs.unit_of_work import Clock
from services.documents import wire
from services.documents.domain.customers import Customer
from services.documents.service import Contacts, UnitOfWork

YEARS_HELD = 10  # art. 2220 of the Codice civile: accounting records and invoices


def erase(asked: Erasing, event_id: UUID, *, uow: UnitOfWork, contacts: Contacts, set_aside: SetAside, clock: Clock) -> None:
    """Take over what contacts has left of the erased customers, and announce the receipt; twice changes nothing.

    What was issued stays as it was issued, and the receipt says until when the law holds it.
    """
    customers = [found for id_ in sorted(asked.erased_customers) if (found := _as_it_is(id_, contacts)) is not None]
    count = set_aside.forget([f"customers/{id_}" for id_ in asked.erased_customers], wire.TOLD_OF_CUSTOMERS)
    with uow:
        if not uow.inbox.add(event_id):
            return
        now = clock()
        for customer in customers:
            uow.customers.apply(customer, now)
        last = uow.invoices.last_issue(asked.customers)
        held, until = (["invoices"], _held_until(last)) if last else ([], None)
        uow.outbox.add(asked.receipt("documents", count + len(customers), held, until))
        uow.commit()


def _as_it_is(customer_id: UUID, contacts: Contacts) -> Customer | None:
    try:
        return contacts.customer(customer_id)
    except NotFound:
        return None


def _held_until(last: date) -> date:
    return date(last.year + YEARS_HELD, 12, 31)
