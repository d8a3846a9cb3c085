"""The projection of contacts' customers: names for lists and searches, groups for who sees what."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from libs.access import Caller
from libs.errors import NotFound
from libs.unit_of_work import Clock
from services.documents.domain.customers import Customer
from services.documents.service import Contacts, UnitOfWork


def ask_for_customer(customer_id: UUID, *, caller: Caller, contacts: Contacts) -> Customer:
    """Return a customer as contacts has it now; NotFound when the caller does not see it."""
    customer = contacts.customer(customer_id)
    if caller.staff and not (caller.sees_all or customer.groups & caller.groups):
        raise NotFound(f"customer {customer_id} does not exist")
    return customer


def apply_customer(customer: Customer, event_id: UUID, *, uow: UnitOfWork, clock: Clock) -> None:
    """Take over what an event says of a customer, unless a newer one was applied."""
    with uow:
        if not uow.inbox.add(event_id):
            return
        uow.customers.apply(customer, clock())
        uow.commit()


def reproject_customers(*, contacts: Contacts, new_uow: Callable[[], UnitOfWork], clock: Clock) -> int:
    """Take over every customer from contacts, and return how many; what an event told meanwhile is newer and stays."""
    count = 0
    for customer in contacts.customers():
        with new_uow() as uow:
            uow.customers.apply(customer, clock())
            uow.commit()
        count += 1
    return count
