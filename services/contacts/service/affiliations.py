"""Use cases of affiliations: who acts for a customer, and who is primary."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import Affiliation, AffiliationView, Contact
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.contact_roles import check_contact_role
from services.contacts.service.contacts import affiliate, fill, hand_over

Check = Callable[[Affiliation], None]  # raises EtagMismatch


def create_affiliation(new: Affiliation, request: Request, caller: Caller, *, uow: UnitOfWork) -> AffiliationView:
    """Link a contact to a further customer, with the defaults of this moment."""
    sight, key = sight_of(caller), (new.customer_id, new.contact_id)
    with uow:
        if uow.requests.claim(request, wire.affiliation_name(*key)) is not None:
            return uow.affiliations.view(*key, sight)
        customer = uow.customers.get(new.customer_id, sight, lock=True)
        try:
            contact = uow.contacts.get(new.contact_id, sight, lock=True)
        except domain.ContactNotFound:
            raise InvalidArgument.of("affiliation.contact", "does not exist", "CONTACT_UNKNOWN") from None
        contact.check_editable()
        check_contact_role(new, "affiliation.contact_role", uow=uow)
        affiliation = fill(new.checked(), contact, customer, uow.settings.get())
        if domain.needs_email(contact, [affiliation.preferences]):
            raise domain.EmailRequired
        affiliate(affiliation, customer, uow=uow)
        view = uow.affiliations.view(*key, sight)
        uow.commit()
    return view


def update_affiliation(
    customer_id: UUID, contact_id: UUID, change: Callable[[Affiliation], Affiliation], request: Request, caller: Caller, *, uow: UnitOfWork
) -> AffiliationView:
    """Change position, contact role, permissions or preferences; whoever reads them next sees the new ones."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, wire.affiliation_name(customer_id, contact_id)) is not None:
            return uow.affiliations.view(customer_id, contact_id, sight)
        uow.affiliations.view(customer_id, contact_id, sight)  # NotFound when the caller may not see it
        uow.customers.get(customer_id, domain.EVERYTHING, lock=True)
        contact = uow.contacts.get(contact_id, domain.EVERYTHING, lock=True)
        contact.check_editable()
        before = uow.affiliations.get(customer_id, contact_id)
        save_affiliation(change(before).checked(), before, contact, uow=uow)
        view = uow.affiliations.view(customer_id, contact_id, sight)
        uow.commit()
    return view


def save_affiliation(affiliation: Affiliation, before: Affiliation, contact: Contact, *, uow: UnitOfWork) -> None:
    """Do, inside a transaction, what `update_affiliation` does for one and an import for many. affiliation: checked; before: locked."""
    if affiliation.contact_role_id != before.contact_role_id:
        check_contact_role(affiliation, "affiliation.contact_role", uow=uow)
    if domain.needs_email(contact, [affiliation.preferences]):
        raise domain.EmailRequired
    uow.affiliations.save(affiliation)


def make_primary(
    customer_id: UUID, contact_id: UUID, check: Check, request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock
) -> AffiliationView:
    """Give the flag to this contact: one column of the customer changes, so no reader ever sees none or two."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, wire.affiliation_name(customer_id, contact_id)) is not None:
            return uow.affiliations.view(customer_id, contact_id, sight)
        uow.affiliations.view(customer_id, contact_id, sight)
        customer = uow.customers.get(customer_id, domain.EVERYTHING, lock=True)
        uow.contacts.get(contact_id, domain.EVERYTHING, lock=True).check_editable()
        affiliation = uow.affiliations.get(customer_id, contact_id)
        check(affiliation)
        hand_over(customer, affiliation, clock(), uow=uow)
        view = uow.affiliations.view(customer_id, contact_id, sight)
        uow.commit()
    return view


def delete_affiliation(customer_id: UUID, contact_id: UUID, check: Check, request: Request, caller: Caller, *, uow: UnitOfWork) -> None:
    """Unlink; the person stays. The primary contact and the home customer are not unlinked."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, wire.affiliation_name(customer_id, contact_id)) is not None:
            return
        uow.affiliations.view(customer_id, contact_id, sight)
        customer = uow.customers.get(customer_id, domain.EVERYTHING, lock=True)
        contact = uow.contacts.get(contact_id, domain.EVERYTHING)
        affiliation = uow.affiliations.get(customer_id, contact_id)
        check(affiliation)
        if customer.primary_contact_id == contact_id:
            raise domain.ContactIsPrimary(f"contact {contact_id} is the primary one of customer {customer_id}: name another one first")
        if contact.customer_id == customer_id:
            raise domain.HomeCustomer(f"customer {customer_id} is the home of contact {contact_id}")
        uow.affiliations.delete(affiliation)
        uow.commit()
