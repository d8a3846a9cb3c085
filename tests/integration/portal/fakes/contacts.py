"""Contacts: customers, people, groups, roles, settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from recapito.access.v1 import access_pb2
from recapito.contacts.v1.affiliations_pb2 import BulkUpdateAffiliationsResponse, ListAffiliationsResponse, UpdateAffiliationRequest
from recapito.contacts.v1.contact_roles_pb2 import ContactRole, CreateContactRoleRequest, ListContactRolesResponse, UpdateContactRoleRequest
from recapito.contacts.v1.contacts_pb2 import (
    Activity,
    Affiliation,
    Contact,
    CreateContactRequest,
    ListActivitiesResponse,
    ListContactsResponse,
    UpdateContactRequest,
)
from recapito.contacts.v1.customers_pb2 import CreateCustomerRequest, Customer, ListCustomersResponse, UpdateCustomerRequest
from recapito.contacts.v1.groups_pb2 import CreateGroupRequest, Group, ListGroupsResponse, UpdateGroupRequest
from recapito.contacts.v1.permissions_pb2 import Permissions
from recapito.contacts.v1.settings_pb2 import ContactsSettings

from libs.errors import Aborted, AlreadyExists, EtagMismatch, FailedPrecondition, InvalidArgument, NotFound
from libs.ids import new_id
from libs.rpc.validation import check
from services.portal.service import Page
from services.portal.service.contacts import BulkUpdate
from tests.integration.portal.fakes.common import SECTIONS, Requests, current, found_page, merged, now, taken, touched


@dataclass
class FakeContacts:
    settings: ContactsSettings
    customers: dict[UUID, Customer] = field(default_factory=dict)
    contacts: dict[UUID, Contact] = field(default_factory=dict)
    groups: dict[UUID, Group] = field(default_factory=dict)
    contact_roles: dict[UUID, ContactRole] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    counted: int = 0  # what a list says instead of how many it found
    similar: int = 0  # how many of a page only a slip lets in
    past: list[tuple[datetime, Contact]] = field(default_factory=list)  # until when, and what
    require_fresh: Callable[[], None] = lambda: None
    profiled: Callable[..., Struct] = lambda _before, sent, _paths=(): sent.profile  # set by the catalogue of fields
    requests: Requests = field(default_factory=Requests)

    def acts(self, contact_id: UUID, customer_id: UUID | None) -> tuple[UUID | None, frozenset[str]]:
        """Return for whom a contact acts now and its effective permissions there."""
        affiliations = self.contacts[contact_id].affiliations
        found = next((a for a in affiliations if a.name.split("/")[1] == str(customer_id)), affiliations[0] if affiliations else None)
        if found is None:
            return None, frozenset()
        allowed = {name for name in SECTIONS if getattr(found.effective_permissions, name.lower()) == Permissions.ALLOW}
        if found.primary:
            allowed.add(access_pb2.Contact.Name(access_pb2.PRIMARY))
        return UUID(found.name.split("/")[1]), frozenset(allowed)

    # --- for every page ---
    def organization(self) -> ContactsSettings:
        return self.settings

    def customer_name(self, customer_id: UUID) -> str:
        return self.get_customer(customer_id).display_name

    def own_contact(self, contact_id: UUID) -> Contact:
        return self.get_contact(contact_id)

    # --- customers ---
    def list_customers(self, page: Page) -> ListCustomersResponse:
        def value(customer: Customer, name: str) -> str:
            if name == "kind":
                return Customer.Kind.Name(customer.kind)
            return " ".join(customer.groups) if name == "group" else ""

        shown, following = found_page(self.customers.values(), page, value, lambda customer: customer.display_name)
        return ListCustomersResponse(customers=shown, next_page_token=following)

    def get_customer(self, customer_id: UUID) -> Customer:
        if customer_id not in self.customers:
            raise NotFound(f"customers/{customer_id} does not exist")
        return self.customers[customer_id]

    def create_customer(self, customer: Customer, request_id: str) -> Customer:
        check(CreateCustomerRequest(customer=customer))

        def make() -> Customer:
            id_ = new_id()
            stored = Customer()
            stored.CopyFrom(customer)
            stored.name = f"customers/{id_}"
            stored.create_time.CopyFrom(now())
            self.customers[id_] = touched(stored)
            return stored

        if not customer.display_name:
            raise InvalidArgument.of("customer.display_name", "is required", "REQUIRED")
        if customer.tax_identity.vat_number and not re.fullmatch(r"(IT)?\d{11}", customer.tax_identity.vat_number):
            raise InvalidArgument.of("customer.tax_identity.vat_number", "is not valid", "VAT_NUMBER_INVALID")
        return self.requests.once(request_id, make)

    def update_customer(self, customer: Customer, paths: Sequence[str], request_id: str) -> Customer:
        check(UpdateCustomerRequest(customer=customer, update_mask=FieldMask(paths=paths)))
        id_ = UUID(customer.name.split("/")[1])
        self.customers[id_] = merged(self.get_customer(id_), customer, paths)
        return self.customers[id_]

    # --- contacts ---
    def list_contacts(self, page: Page) -> ListContactsResponse:
        def value(contact: Contact, name: str) -> str:
            match name:
                case "customer":
                    return contact.customer
                case "access.enabled":
                    return str(contact.access.enabled).lower()
                case "never_entered":
                    return str(not contact.HasField("last_access_time")).lower()
                case "last_access_time":
                    return contact.last_access_time.ToDatetime(UTC).isoformat() if contact.HasField("last_access_time") else ""
                case "group":
                    return " ".join(contact.groups)
                case "tag":
                    return ",".join(contact.tags)
                case "contact_role":
                    return " ".join(affiliation.contact_role for affiliation in contact.affiliations)
            return _plain_value(contact, name)

        def words(contact: Contact) -> str:
            return f"{contact.first_name} {contact.last_name} {contact.email}"

        order = {"last_access_time": lambda c: c.last_access_time.seconds, "create_time": lambda c: c.create_time.seconds}
        ordered = sorted(self.contacts.values(), key=order.get(page.order_by.split(" ")[0], lambda c: c.last_name))
        found = ordered[::-1] if page.order_by.endswith(" desc") else ordered
        shown, following = found_page(found, page, value, words)
        total = self.counted or len(found_page(found, replace(page, size=1000), value, words)[0])
        return ListContactsResponse(contacts=shown, next_page_token=following, total_size=total, similar_count=self.similar)

    def get_contact(self, contact_id: UUID) -> Contact:
        if contact_id not in self.contacts:
            raise NotFound(f"contacts/{contact_id} does not exist")
        return self.contacts[contact_id]

    def create_contact(self, contact: Contact, *, skip_welcome: bool, send_set_password: bool, request_id: str) -> Contact:
        check(CreateContactRequest(contact=contact))

        def make() -> Contact:
            id_ = new_id()
            stored = Contact()
            stored.CopyFrom(contact)
            stored.name, stored.state = f"contacts/{id_}", Contact.ACTIVE
            stored.create_time.CopyFrom(now())
            self.contacts[id_] = touched(stored)
            if not stored.affiliations:
                stored.affiliations.add(name=f"{contact.customer}/affiliations/{id_}", contact=stored.name)
            for affiliation in stored.affiliations:
                affiliation.name = affiliation.name or f"{contact.customer}/affiliations/{id_}"
                affiliation.contact, affiliation.email = stored.name, stored.email
                affiliation.display_name = f"{stored.first_name} {stored.last_name}"
                affiliation.primary = not any(a.primary for a in self._of_customer(contact.customer))
                self._effective(affiliation)
                touched(affiliation)
            return stored

        if contact.email and any(contact.email.casefold() == other.email.casefold() for other in self.contacts.values()):
            raise AlreadyExists("taken", reason="EMAIL_TAKEN", violations=[taken("contact.email", "EMAIL_TAKEN")])
        profile = self.profiled(None, contact)
        contact.profile.CopyFrom(profile)
        return self.requests.once(request_id, make)

    @staticmethod
    def _effective(affiliation: Affiliation) -> None:
        for name in SECTIONS:
            own = getattr(affiliation.permissions, name.lower())
            setattr(affiliation.effective_permissions, name.lower(), Permissions.ALLOW if own == Permissions.ALLOW else Permissions.DENY)

    def contact_at(self, contact_id: UUID, time: datetime) -> Contact:
        contact = self.get_contact(contact_id)
        if time < contact.create_time.ToDatetime(UTC):
            raise NotFound("it did not exist then")
        return next((then for until, then in self.past if then.name == contact.name and time < until), contact)

    def update_contact(self, contact: Contact, paths: Sequence[str], request_id: str) -> Contact:
        check(UpdateContactRequest(contact=contact, update_mask=FieldMask(paths=paths)))
        id_ = UUID(contact.name.split("/")[1])
        before = self.get_contact(id_)
        after = merged(before, contact, [path for path in paths if not path.startswith("profile")])
        after.profile.CopyFrom(self.profiled(before, contact, paths))
        self.contacts[id_] = after
        return self.contacts[id_]

    def set_open_tracking(self, contact_id: UUID, on: bool, request_id: str) -> Contact:
        self.get_contact(contact_id).open_tracking = on
        return self.contacts[contact_id]

    def list_activities(self, parent: str, page: Page) -> ListActivitiesResponse:
        of_parent = [activity for activity in self.activities if activity.name.startswith(parent) or activity.customer == parent]
        newest_first = sorted(of_parent, key=lambda activity: activity.create_time.ToNanoseconds(), reverse=True)
        shown, following = found_page(newest_first, page, _value_of)
        return ListActivitiesResponse(activities=shown, next_page_token=following)

    # --- affiliations ---
    def _of_customer(self, customer: str) -> list[Affiliation]:
        every = [affiliation for contact in self.contacts.values() for affiliation in contact.affiliations]
        return sorted((a for a in every if a.name.startswith(f"{customer}/")), key=lambda a: (not a.primary, a.display_name))

    def list_affiliations(self, customer_id: UUID, page: Page) -> ListAffiliationsResponse:
        return ListAffiliationsResponse(affiliations=self._of_customer(f"customers/{customer_id}"))

    def get_affiliation(self, customer_id: UUID, contact_id: UUID) -> Affiliation:
        found = next((a for a in self._of_customer(f"customers/{customer_id}") if a.contact == f"contacts/{contact_id}"), None)
        if found is None:
            raise NotFound("no such affiliation")
        return found

    def create_affiliation(self, customer_id: UUID, affiliation: Affiliation, request_id: str) -> Affiliation:
        contact = self.get_contact(UUID(affiliation.contact.split("/")[1]))
        stored = contact.affiliations.add()
        stored.CopyFrom(affiliation)
        stored.name = f"customers/{customer_id}/affiliations/{contact.name.split('/')[1]}"
        stored.display_name, stored.email = f"{contact.first_name} {contact.last_name}", contact.email
        self._effective(stored)
        return touched(stored)

    def update_affiliation(self, affiliation: Affiliation, paths: Sequence[str], request_id: str) -> Affiliation:
        check(UpdateAffiliationRequest(affiliation=affiliation, update_mask=FieldMask(paths=paths)))
        _customers, customer_id, _affiliations, contact_id = affiliation.name.split("/")
        stored = self.get_affiliation(UUID(customer_id), UUID(contact_id))
        stored.CopyFrom(merged(stored, affiliation, paths))
        self._effective(stored)
        return stored

    def bulk_update_affiliations(self, update: BulkUpdate, request_id: str) -> BulkUpdateAffiliationsResponse:
        found = self.list_contacts(Page(size=1000, filter=update.filter, query=update.query)).contacts
        pairs = [affiliation for contact in found for affiliation in contact.affiliations]
        if update.expected_count is None:
            return BulkUpdateAffiliationsResponse(matched_count=len(pairs))
        if update.expected_count != len(pairs):
            raise Aborted("the count has changed", reason="COUNT_CHANGED", metadata={"count": str(len(pairs))})
        for affiliation in pairs:
            wanted = Affiliation()
            wanted.CopyFrom(update.affiliation)
            wanted.name = affiliation.name
            self.update_affiliation(wanted, update.paths, "")
        return BulkUpdateAffiliationsResponse(matched_count=len(pairs), updated_count=len(pairs))

    def make_primary(self, customer_id: UUID, contact_id: UUID, etag: str, request_id: str) -> Affiliation:
        chosen = self.get_affiliation(customer_id, contact_id)
        if etag and etag != chosen.etag:
            raise EtagMismatch("it was changed by someone else")
        for affiliation in self._of_customer(f"customers/{customer_id}"):
            affiliation.primary = affiliation.name == chosen.name
        self.customers[customer_id].primary_contact = f"contacts/{contact_id}"
        return touched(chosen)

    def delete_affiliation(self, customer_id: UUID, contact_id: UUID, etag: str, request_id: str) -> None:
        affiliation = self.get_affiliation(customer_id, contact_id)
        if affiliation.primary:
            raise FailedPrecondition("it is the primary contact", reason="CONTACT_IS_PRIMARY")
        self.contacts[contact_id].affiliations.remove(affiliation)

    # --- groups and settings ---
    def list_groups(self, page: Page) -> ListGroupsResponse:
        return ListGroupsResponse(groups=sorted(self.groups.values(), key=lambda group: group.display_name))

    def get_group(self, group_id: UUID) -> Group:
        if group_id not in self.groups:
            raise NotFound(f"groups/{group_id} does not exist")
        return self.groups[group_id]

    def create_group(self, group: Group, request_id: str) -> Group:
        check(CreateGroupRequest(group=group))

        def make() -> Group:
            id_ = new_id()
            stored = Group()
            stored.CopyFrom(group)
            stored.name = f"groups/{id_}"
            self.groups[id_] = touched(stored)
            return stored

        if any(group.display_name == other.display_name for other in self.groups.values()):
            raise AlreadyExists("taken", reason="NAME_TAKEN", violations=[taken("group.display_name", "NAME_TAKEN")])
        return self.requests.once(request_id, make)

    def update_group(self, group: Group, paths: Sequence[str], request_id: str) -> Group:
        check(UpdateGroupRequest(group=group, update_mask=FieldMask(paths=paths)))
        id_ = UUID(group.name.split("/")[1])
        self.groups[id_] = merged(self.get_group(id_), group, paths)
        return self.groups[id_]

    def delete_group(self, group_id: UUID, etag: str, request_id: str) -> None:
        current(self.get_group(group_id), etag)
        if self.get_group(group_id).member_count:
            raise FailedPrecondition("it has members", reason="GROUP_NOT_EMPTY")
        del self.groups[group_id]

    # --- contact roles ---
    def _counted(self, role: ContactRole) -> ContactRole:
        held = [a for contact in self.contacts.values() for a in contact.affiliations if a.contact_role == role.name]
        role.holder_count = len(held)
        return role

    def list_contact_roles(self, page: Page) -> ListContactRolesResponse:
        roles = sorted(map(self._counted, self.contact_roles.values()), key=lambda role: (role.position, role.label_it))
        return ListContactRolesResponse(contact_roles=roles)

    def get_contact_role(self, role_id: UUID) -> ContactRole:
        if role_id not in self.contact_roles:
            raise NotFound(f"contactRoles/{role_id} does not exist")
        return self._counted(self.contact_roles[role_id])

    def _free_label(self, role: ContactRole) -> None:
        for other in self.contact_roles.values():
            if other.name != role.name and other.label_it.casefold() == role.label_it.casefold():
                raise AlreadyExists("taken", reason="NAME_TAKEN", violations=[taken("contact_role.label_it", "NAME_TAKEN")])

    def create_contact_role(self, role: ContactRole, request_id: str) -> ContactRole:
        check(CreateContactRoleRequest(contact_role=role))

        def make() -> ContactRole:
            self._free_label(role)
            id_ = new_id()
            stored = ContactRole()
            stored.CopyFrom(role)
            stored.name = f"contactRoles/{id_}"
            self.contact_roles[id_] = touched(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_contact_role(self, role: ContactRole, paths: Sequence[str], request_id: str) -> ContactRole:
        check(UpdateContactRoleRequest(contact_role=role, update_mask=FieldMask(paths=paths)))
        self._free_label(role)
        id_ = UUID(role.name.split("/")[1])
        self.contact_roles[id_] = merged(self.get_contact_role(id_), role, paths)
        return self.contact_roles[id_]

    def delete_contact_role(self, role_id: UUID, etag: str, request_id: str, *, replacement: str = "", clear: bool = False) -> None:
        role = self.get_contact_role(role_id)
        if etag and etag != role.etag:
            raise EtagMismatch("it was changed by someone else")
        if role.holder_count and not replacement and not clear:
            raise FailedPrecondition("it is held", reason="ROLE_IN_USE")
        for contact in self.contacts.values():
            for affiliation in contact.affiliations:
                if affiliation.contact_role == role.name:
                    affiliation.contact_role = replacement
        del self.contact_roles[role_id]

    def get_contacts_settings(self) -> ContactsSettings:
        return self.settings

    def update_contacts_settings(self, settings: ContactsSettings, paths: Sequence[str], request_id: str) -> ContactsSettings:
        self.require_fresh()
        self.settings.CopyFrom(merged(self.settings, settings, paths))
        return self.settings


def _value_of(activity: Activity, name: str) -> str:
    return activity.create_time.ToJsonString() if name == "create_time" else str(getattr(activity, name))


def _plain_value(contact: Contact, name: str) -> str:
    """Return a field of the contact or of its profile, as a filter writes it."""
    collection, _, key = name.partition(".")
    if collection == "profile":
        return contact.profile.fields[key].string_value if key in contact.profile.fields else ""
    return str(getattr(contact, name, "")).lower()
