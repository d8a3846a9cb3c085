"""Use cases of delegated administration: a primary contact and its colleagues, within what their customer has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.unit_of_work import Request
from services.contacts import domain, wire
from services.contacts.domain import EVERYTHING, Affiliation, AffiliationView, ContactView, Customer, Permissions
from services.contacts.domain.colleagues import MagicLinkSession, NotPrimary, OwnAffiliation, check_within
from services.contacts.service import UnitOfWork, colleague_sight_of
from services.contacts.service.affiliations import save_affiliation
from services.contacts.service.contacts import NewContact, add_contact
from services.contacts.service.fields import catalogue


def create_colleague(make: Callable[[UUID], NewContact], request: Request, caller: Caller, *, uow: UnitOfWork) -> ContactView:
    """Store a further contact of the customer that the caller is primary of, with the customer's groups."""
    _check_session(caller)
    id_ = new_id()
    with uow:
        if (earlier := uow.requests.claim(request, str(id_))) is not None:
            return uow.contacts.view(UUID(earlier), colleague_sight_of(caller))
        wanted = make(id_).checked(catalogue(uow, lock=True))
        customer = _own_customer(wanted.contact.customer_id, caller, uow)
        if any(one.customer_id != customer.id for one in wanted.affiliations):
            raise InvalidArgument.of("contact.affiliations", "does not exist", "CUSTOMER_UNKNOWN")
        for index, one in enumerate(wanted.affiliations):
            check_within(Permissions(), one.permissions, _has(customer, uow), f"contact.affiliations[{index}].permissions")
        # Seen by whoever sees the customer, and nobody else.
        add_contact(replace(wanted, contact=replace(wanted.contact, groups=customer.groups)), EVERYTHING, uow=uow)
        view = uow.contacts.view(id_, colleague_sight_of(caller))
        uow.commit()
    return view


def update_colleague(
    customer_id: UUID, contact_id: UUID, change: Callable[[Affiliation], Affiliation], request: Request, caller: Caller, *, uow: UnitOfWork
) -> AffiliationView:
    """Change position, permissions or preferences of a colleague; what the caller is itself is for others to change."""
    _check_session(caller)
    if contact_id == caller.account_id:
        raise OwnAffiliation("what one may do oneself is changed by the organisation")
    sight = colleague_sight_of(caller)
    with uow:
        if uow.requests.claim(request, wire.affiliation_name(customer_id, contact_id)) is not None:
            return uow.affiliations.view(customer_id, contact_id, sight)
        uow.affiliations.view(customer_id, contact_id, sight)  # NotFound for whoever is no colleague
        customer = _own_customer(customer_id, caller, uow)
        contact = uow.contacts.get(contact_id, EVERYTHING, lock=True)
        before = uow.affiliations.get(customer_id, contact_id)
        after = change(before).checked()
        if after.contact_role_id != before.contact_role_id:
            raise InvalidArgument.of("affiliation.contact_role", "is the organisation's to give", "FIELD_NOT_YOURS")
        check_within(before.permissions, after.permissions, _has(customer, uow), "affiliation.permissions")
        save_affiliation(after, before, contact, uow=uow)
        view = uow.affiliations.view(customer_id, contact_id, sight)
        uow.commit()
    return view


def _check_session(caller: Caller) -> None:
    """A link in a mail may have been passed on: it lets nobody in who was not known (R-IDN-23)."""
    if caller.method == "MAGIC_LINK":
        raise MagicLinkSession("sign in with the password to do this")


def _own_customer(customer_id: UUID, caller: Caller, uow: UnitOfWork) -> Customer:
    """Return the customer, locked, of which the caller is the primary contact now, whatever its passport says."""
    if customer_id != caller.customer_id:
        raise InvalidArgument.of("contact.customer", "does not exist", "CUSTOMER_UNKNOWN")
    customer = uow.customers.get(customer_id, EVERYTHING, lock=True)
    if customer.primary_contact_id is None or customer.primary_contact_id != caller.account_id:
        raise NotPrimary("only the primary contact may do this")
    return customer


def _has(customer: Customer, uow: UnitOfWork) -> Permissions:
    return domain.effective(customer.permissions, uow.settings.get().default_permissions)
