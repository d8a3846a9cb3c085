"""Use cases of customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import Customer, Sight
from services.contacts.service import UnitOfWork, sight_of


def create_customer(make: Callable[[UUID], Customer], request: Request, caller: Caller, *, uow: UnitOfWork) -> Customer:
    """Store a customer and announce it. make: gives the customer under its new id."""
    customer, sight = make(new_id()).checked(), sight_of(caller)
    with uow:
        if (earlier := uow.requests.claim(request, str(customer.id))) is not None:
            return _shown(uow.customers.get(UUID(earlier), sight), sight, uow)
        customer = add_customer(customer, sight, uow=uow)
        uow.commit()
    return customer


def add_customer(customer: Customer, sight: Sight, *, uow: UnitOfWork) -> Customer:
    """Do, inside a transaction, what `create_customer` does for one customer and an import for many. customer: checked."""
    customer = replace(
        customer,
        language_code=customer.language_code or uow.settings.get().language_code,
        groups=_groups(customer.groups, frozenset(), sight, uow),
    )
    uow.customers.add(customer)
    uow.outbox.add(wire.customer_created(customer))
    return customer


def update_customer(
    customer_id: UUID, change: Callable[[Customer], Customer], request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock
) -> Customer:
    """Change what `change` changes and announce the new state; it raises EtagMismatch when the caller saw an older one."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, str(customer_id)) is not None:
            return _shown(uow.customers.get(customer_id, sight), sight, uow)
        before = uow.customers.get(customer_id, sight, lock=True)
        customer = replace(change(before).checked(), update_time=clock())
        if customer.groups != before.groups:
            _groups(customer.groups, before.groups, sight, uow)
        customer = uow.customers.save(customer)
        uow.outbox.add(wire.customer_updated(customer))
        customer = _shown(customer, sight, uow)
        uow.commit()
    return customer


def _shown(customer: Customer, sight: Sight, uow: UnitOfWork) -> Customer:
    return uow.customers.shown([customer], sight)[0]


def _groups(wanted: frozenset[UUID], before: frozenset[UUID], sight: Sight, uow: UnitOfWork) -> frozenset[UUID]:
    if uow.groups.unknown(wanted):
        raise InvalidArgument.of("customer.groups", "names a group that does not exist", "GROUP_UNKNOWN")
    return domain.allowed_groups(wanted, before, sight, "customer.groups")
