"""Use cases of contacts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.unit_of_work import Clock, Request
from services.contacts import domain, wire
from services.contacts.domain import Affiliation, Catalogue, Contact, ContactsSettings, ContactView, Customer, Sight
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.contact_roles import check_contact_role
from services.contacts.service.fields import catalogue
from services.contacts.service.superiors import check_new_superior, check_superior, release_subordinates, settled


@dataclass(frozen=True)
class NewContact:
    """What a caller wants made. newsletter None: yes when there is an address. affiliations: besides or instead of the bare one."""

    contact: Contact
    affiliations: Sequence[Affiliation] = ()
    newsletter: bool | None = None
    skip_welcome: bool = False
    send_set_password: bool = False

    def checked(self, catalogue: Catalogue) -> NewContact:
        contact = self.contact.checked(catalogue)
        return replace(self, contact=replace(contact, newsletter=bool(contact.email) if self.newsletter is None else self.newsletter))


def create_contact(make: Callable[[UUID], NewContact], request: Request, caller: Caller, *, uow: UnitOfWork) -> ContactView:
    """Store a person with what it is for each customer, all defaults filled in, and announce it in the same commit.

    The first contact of a customer becomes its primary one.
    """
    sight, id_ = sight_of(caller), new_id()
    with uow:
        if (earlier := uow.requests.claim(request, str(id_))) is not None:
            return uow.contacts.view(UUID(earlier), sight)
        add_contact(make(id_).checked(catalogue(uow, lock=True)), sight, uow=uow)
        view = uow.contacts.view(id_, sight)
        uow.commit()
    return view


def add_contact(wanted: NewContact, sight: Sight, *, uow: UnitOfWork) -> Contact:
    """Do, inside a transaction, what `create_contact` does for one person and an import for many. wanted: checked."""
    settings = uow.settings.get()
    customers = _customers(wanted, sight, uow)
    home = customers[wanted.contact.customer_id]
    contact = replace(
        wanted.contact,
        language_code=wanted.contact.language_code or home.language_code or settings.language_code,
        groups=_first_groups(wanted.contact.groups, home.groups, sight, uow),
    )
    affiliations = [
        fill(one.checked("contact.affiliations"), contact, customers[one.customer_id], settings) for one in _affiliations(wanted)
    ]
    if domain.needs_email(contact, [one.preferences for one in affiliations]):
        fault = domain.EMAIL_REQUIRED
        raise InvalidArgument.of(fault.field, fault.description, fault.reason)
    check_superior(contact.reports_to_id, sight, uow=uow)
    uow.contacts.add(contact)
    for index, affiliation in enumerate(affiliations):
        check_contact_role(affiliation, f"contact.affiliations[{index}].contact_role", uow=uow)
        affiliate(affiliation, customers[affiliation.customer_id], uow=uow)
    uow.outbox.add(wire.contact_created(contact, skip_welcome=wanted.skip_welcome, send_set_password=wanted.send_set_password))
    return contact


def fill(affiliation: Affiliation, contact: Contact, customer: Customer, settings: ContactsSettings) -> Affiliation:
    """Return the affiliation with explicit permissions and preferences, as they stand at this moment.

    Who has no address is told nothing by default: the first notification that is wanted asks for one.
    """
    default = settings.default_preferences if contact.email else domain.SILENT
    return replace(
        affiliation,
        permissions=domain.filled(affiliation.permissions, customer.permissions, settings.default_permissions),
        preferences=affiliation.preferences.filled(default),
    )


def affiliate(affiliation: Affiliation, customer: Customer, *, uow: UnitOfWork) -> None:
    """Store an affiliation with a locked customer; the first one makes its contact primary, which changes the customer."""
    if customer.primary_contact_id is None:
        customer = replace(customer, primary_contact_id=affiliation.contact_id, update_time=affiliation.create_time)
        uow.affiliations.add(affiliation)
        uow.outbox.add(wire.customer_updated(uow.customers.save(customer)))
        return
    uow.affiliations.add(affiliation)
    if uow.erasures.erased(customer.primary_contact_id):  # it stayed only until somebody else came
        hand_over(customer, affiliation, affiliation.create_time, uow=uow)


def hand_over(customer: Customer, affiliation: Affiliation, now: datetime, *, uow: UnitOfWork) -> None:
    """Make the contact of an affiliation primary for its locked customer in the place of another: one column changes."""
    previous_id = customer.primary_contact_id
    if previous_id is None or previous_id == affiliation.contact_id:
        return
    customer = uow.customers.save(replace(customer, primary_contact_id=affiliation.contact_id, update_time=now))
    for changed in (affiliation, uow.affiliations.get(customer.id, previous_id)):
        uow.affiliations.save(changed)
    uow.outbox.add(wire.customer_updated(customer))
    uow.outbox.add(wire.primary_contact_changed(customer, previous_id))


def update_contact(
    contact_id: UUID, change: Callable[[Contact], Contact], request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock
) -> ContactView:
    """Change what `change` changes and announce it; switching the access on is announced too."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, str(contact_id)) is not None:
            return uow.contacts.view(contact_id, sight)
        known = catalogue(uow, lock=True)
        superior_id = check_new_superior(contact_id, change, sight, uow=uow)
        before = uow.contacts.get(contact_id, sight, lock=True)
        contact = settled(replace(change(before).checked(known, before), update_time=clock()), before, superior_id, sight, uow=uow)
        save_contact(contact, before, sight, uow=uow)
        view = uow.contacts.view(contact_id, sight)
        uow.commit()
    return view


def save_contact(contact: Contact, before: Contact, sight: Sight, *, uow: UnitOfWork) -> Contact:
    """Do, inside a transaction, what `update_contact` does for one person and an import for many. contact: checked; before: locked."""
    before.check_editable()
    if contact.groups != before.groups:
        _check_groups(contact.groups, before.groups, sight, uow)
    if not contact.email and domain.needs_email(contact, [one.preferences for one in uow.affiliations.of_contact(contact.id)]):
        raise domain.EmailRequired
    contact = uow.contacts.save(contact)
    uow.outbox.add(wire.contact_updated(contact, before))
    if contact.access.enabled and not before.access.enabled:
        uow.outbox.add(wire.portal_access_enabled(contact))
    return contact


def delete_contact(
    contact_id: UUID, check: Callable[[Contact], None], request: Request, caller: Caller, *, force: bool, uow: UnitOfWork, clock: Clock
) -> None:
    """Delete a person for good and announce it; history keeps the id. Refused while it is primary anywhere.

    force: also when something is linked to it, because the caller has seen what.
    """
    with uow:
        if uow.requests.claim(request, str(contact_id)) is not None:
            return
        uow.contacts.get(contact_id, sight := sight_of(caller))
        for affiliation in uow.affiliations.of_contact(contact_id):
            uow.customers.get(affiliation.customer_id, domain.EVERYTHING, lock=True)  # nobody makes it primary meanwhile
        contact = uow.contacts.get(contact_id, sight, lock=True)
        check(contact)
        if uow.affiliations.primary_of(contact_id):
            raise domain.ContactIsPrimary(f"contact {contact_id} is a primary one: name another first")
        if not force and (links := uow.contacts.links(contact_id, sight)):
            found = ", ".join(f"{one.count} {one.type}" for one in links)
            raise domain.ContactHasLinks(f"contact {contact_id} has links: {found}; force confirms that they have been seen")
        release_subordinates(contact_id, uow=uow, clock=clock)
        uow.contacts.delete(contact_id, clock())
        uow.outbox.add(wire.contact_deleted(replace(contact, version=contact.version + 1)))
        uow.commit()


# --- what a new contact belongs to ---------------------------------------------------------------------------------------------------
def _affiliations(wanted: NewContact) -> list[Affiliation]:
    """Return what was asked for, with the bare affiliation to the home customer unless that is among it."""
    contact = wanted.contact
    if any(one.customer_id == contact.customer_id for one in wanted.affiliations):
        return list(wanted.affiliations)
    return [Affiliation(contact.customer_id, contact.id, contact.create_time), *wanted.affiliations]


def _customers(wanted: NewContact, sight: Sight, uow: UnitOfWork) -> dict[UUID, Customer]:
    """Return the customers concerned, locked in one order for all callers."""
    ids = [one.customer_id for one in _affiliations(wanted)]
    if len(set(ids)) < len(ids):
        raise InvalidArgument.of("contact.affiliations", "names a customer twice", "DUPLICATE")
    return {id_: _customer(id_, id_ == wanted.contact.customer_id, sight, uow) for id_ in sorted(ids)}


def _customer(customer_id: UUID, home: bool, sight: Sight, uow: UnitOfWork) -> Customer:
    try:
        return uow.customers.get(customer_id, sight, lock=True)
    except domain.CustomerNotFound:
        raise InvalidArgument.of("contact.customer" if home else "contact.affiliations", "does not exist", "CUSTOMER_UNKNOWN") from None


def _first_groups(wanted: frozenset[UUID], of_customer: frozenset[UUID], sight: Sight, uow: UnitOfWork) -> frozenset[UUID]:
    """Return the groups of a new contact: whoever sees only some groups and names none gives it those that it shares with the customer."""
    if not wanted and not sight.everything:
        return of_customer & sight.groups
    return _check_groups(wanted, frozenset(), sight, uow)


def _check_groups(wanted: frozenset[UUID], before: frozenset[UUID], sight: Sight, uow: UnitOfWork) -> frozenset[UUID]:
    if uow.groups.unknown(wanted):
        raise InvalidArgument.of("contact.groups", "names a group that does not exist", "GROUP_UNKNOWN")
    return domain.allowed_groups(wanted, before, sight, "contact.groups")
