"""Contacts over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import (
    affiliations_pb2,
    affiliations_pb2_grpc,
    contact_roles_pb2,
    contact_roles_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    customers_pb2,
    customers_pb2_grpc,
    groups_pb2,
    groups_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
)

from libs.rpc.context import as_person
from services.portal.clients.remembered import Remembered
from services.portal.service import Page
from services.portal.service.contacts import BulkUpdate

_SETTINGS = "settings/contacts"


class GrpcContacts:
    def __init__(self, channel: grpc.Channel) -> None:
        self._customers = customers_pb2_grpc.CustomersStub(channel)
        self._contacts = contacts_pb2_grpc.ContactsStub(channel)
        self._affiliations = affiliations_pb2_grpc.AffiliationsStub(channel)
        self._groups = groups_pb2_grpc.GroupsStub(channel)
        self._contact_roles = contact_roles_pb2_grpc.ContactRolesStub(channel)
        self._settings = settings_pb2_grpc.SettingsStub(channel)
        self._remembered_settings = Remembered(self._ask_settings)
        self._remembered_customer = Remembered(self._ask_customer)

    # --- for every page ---
    def organization(self) -> settings_pb2.ContactsSettings:
        return self._remembered_settings(_SETTINGS)

    def customer_name(self, customer_id: UUID) -> str:
        return self._remembered_customer(f"customers/{customer_id}").display_name

    def own_contact(self, contact_id: UUID) -> contacts_pb2.Contact:
        with as_person(""):  # a session that still waits for the policy may not ask itself
            return self.get_contact(contact_id)

    def _ask_settings(self, name: str) -> settings_pb2.ContactsSettings:
        return self._settings.GetContactsSettings(settings_pb2.GetContactsSettingsRequest(name=name))

    def _ask_customer(self, name: str) -> customers_pb2.Customer:
        return self._customers.GetCustomer(customers_pb2.GetCustomerRequest(name=name))

    # --- customers ---
    def list_customers(self, page: Page) -> customers_pb2.ListCustomersResponse:
        return self._customers.ListCustomers(
            customers_pb2.ListCustomersRequest(
                page_size=page.size, page_token=page.token, filter=page.filter, order_by=page.order_by, query=page.query
            )
        )

    def get_customer(self, customer_id: UUID) -> customers_pb2.Customer:
        return self._ask_customer(f"customers/{customer_id}")

    def create_customer(self, customer: customers_pb2.Customer, request_id: str) -> customers_pb2.Customer:
        return self._customers.CreateCustomer(customers_pb2.CreateCustomerRequest(customer=customer, request_id=request_id))

    def update_customer(self, customer: customers_pb2.Customer, paths: Sequence[str], request_id: str) -> customers_pb2.Customer:
        mask = FieldMask(paths=paths)
        return self._customers.UpdateCustomer(
            customers_pb2.UpdateCustomerRequest(customer=customer, update_mask=mask, request_id=request_id)
        )

    # --- contacts ---
    def list_contacts(self, page: Page) -> contacts_pb2.ListContactsResponse:
        return self._contacts.ListContacts(
            contacts_pb2.ListContactsRequest(
                page_size=page.size,
                page_token=page.token,
                filter=page.filter,
                order_by=page.order_by,
                query=page.query,
                count_total=page.count,
            )
        )

    def get_contact(self, contact_id: UUID) -> contacts_pb2.Contact:
        return self._contacts.GetContact(contacts_pb2.GetContactRequest(name=f"contacts/{contact_id}"))

    def contact_at(self, contact_id: UUID, time: datetime) -> contacts_pb2.Contact:
        request = contacts_pb2.GetContactRequest(name=f"contacts/{contact_id}")
        request.read_time.FromDatetime(time)
        return self._contacts.GetContact(request)

    def create_contact(
        self, contact: contacts_pb2.Contact, *, skip_welcome: bool, send_set_password: bool, request_id: str
    ) -> contacts_pb2.Contact:
        return self._contacts.CreateContact(
            contacts_pb2.CreateContactRequest(
                contact=contact, skip_welcome=skip_welcome, send_set_password=send_set_password, request_id=request_id
            )
        )

    def update_contact(self, contact: contacts_pb2.Contact, paths: Sequence[str], request_id: str) -> contacts_pb2.Contact:
        mask = FieldMask(paths=paths)
        return self._contacts.UpdateContact(contacts_pb2.UpdateContactRequest(contact=contact, update_mask=mask, request_id=request_id))

    def set_open_tracking(self, contact_id: UUID, on: bool, request_id: str) -> contacts_pb2.Contact:
        return self._contacts.SetOpenTracking(
            contacts_pb2.SetOpenTrackingRequest(name=f"contacts/{contact_id}", open_tracking=on, request_id=request_id)
        )

    def list_activities(self, parent: str, page: Page) -> contacts_pb2.ListActivitiesResponse:
        return self._contacts.ListActivities(
            contacts_pb2.ListActivitiesRequest(parent=parent, page_size=page.size, page_token=page.token, filter=page.filter)
        )

    # --- affiliations ---
    def list_affiliations(self, customer_id: UUID, page: Page) -> affiliations_pb2.ListAffiliationsResponse:
        request = affiliations_pb2.ListAffiliationsRequest(
            parent=f"customers/{customer_id}", page_size=page.size, page_token=page.token, filter=page.filter
        )
        return self._affiliations.ListAffiliations(request)

    def get_affiliation(self, customer_id: UUID, contact_id: UUID) -> contacts_pb2.Affiliation:
        name = _affiliation(customer_id, contact_id)
        return self._affiliations.GetAffiliation(affiliations_pb2.GetAffiliationRequest(name=name))

    def create_affiliation(self, customer_id: UUID, affiliation: contacts_pb2.Affiliation, request_id: str) -> contacts_pb2.Affiliation:
        request = affiliations_pb2.CreateAffiliationRequest(
            parent=f"customers/{customer_id}", affiliation=affiliation, request_id=request_id
        )
        return self._affiliations.CreateAffiliation(request)

    def update_affiliation(self, affiliation: contacts_pb2.Affiliation, paths: Sequence[str], request_id: str) -> contacts_pb2.Affiliation:
        mask = FieldMask(paths=paths)
        request = affiliations_pb2.UpdateAffiliationRequest(affiliation=affiliation, update_mask=mask, request_id=request_id)
        return self._affiliations.UpdateAffiliation(request)

    def bulk_update_affiliations(self, update: BulkUpdate, request_id: str) -> affiliations_pb2.BulkUpdateAffiliationsResponse:
        request = affiliations_pb2.BulkUpdateAffiliationsRequest(
            filter=update.filter,
            query=update.query,
            affiliation=update.affiliation,
            update_mask=FieldMask(paths=update.paths),
            expected_count=update.expected_count or 0,
            validate_only=update.expected_count is None,
            request_id=request_id,
        )
        return self._affiliations.BulkUpdateAffiliations(request)

    def make_primary(self, customer_id: UUID, contact_id: UUID, etag: str, request_id: str) -> contacts_pb2.Affiliation:
        name = _affiliation(customer_id, contact_id)
        return self._affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=name, etag=etag, request_id=request_id))

    def delete_affiliation(self, customer_id: UUID, contact_id: UUID, etag: str, request_id: str) -> None:
        name = _affiliation(customer_id, contact_id)
        self._affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=name, etag=etag, request_id=request_id))

    # --- groups, contact roles and settings ---
    def list_groups(self, page: Page) -> groups_pb2.ListGroupsResponse:
        return self._groups.ListGroups(
            groups_pb2.ListGroupsRequest(page_size=page.size, page_token=page.token, filter=page.filter, order_by=page.order_by)
        )

    def get_group(self, group_id: UUID) -> groups_pb2.Group:
        return self._groups.GetGroup(groups_pb2.GetGroupRequest(name=f"groups/{group_id}"))

    def create_group(self, group: groups_pb2.Group, request_id: str) -> groups_pb2.Group:
        return self._groups.CreateGroup(groups_pb2.CreateGroupRequest(group=group, request_id=request_id))

    def update_group(self, group: groups_pb2.Group, paths: Sequence[str], request_id: str) -> groups_pb2.Group:
        mask = FieldMask(paths=paths)
        return self._groups.UpdateGroup(groups_pb2.UpdateGroupRequest(group=group, update_mask=mask, request_id=request_id))

    def delete_group(self, group_id: UUID, etag: str, request_id: str) -> None:
        self._groups.DeleteGroup(groups_pb2.DeleteGroupRequest(name=f"groups/{group_id}", etag=etag, request_id=request_id))

    def list_contact_roles(self, page: Page) -> contact_roles_pb2.ListContactRolesResponse:
        return self._contact_roles.ListContactRoles(contact_roles_pb2.ListContactRolesRequest(page_size=page.size, page_token=page.token))

    def get_contact_role(self, role_id: UUID) -> contact_roles_pb2.ContactRole:
        return self._contact_roles.GetContactRole(contact_roles_pb2.GetContactRoleRequest(name=f"contactRoles/{role_id}"))

    def create_contact_role(self, role: contact_roles_pb2.ContactRole, request_id: str) -> contact_roles_pb2.ContactRole:
        request = contact_roles_pb2.CreateContactRoleRequest(contact_role=role, request_id=request_id)
        return self._contact_roles.CreateContactRole(request)

    def update_contact_role(
        self, role: contact_roles_pb2.ContactRole, paths: Sequence[str], request_id: str
    ) -> contact_roles_pb2.ContactRole:
        mask = FieldMask(paths=paths)
        request = contact_roles_pb2.UpdateContactRoleRequest(contact_role=role, update_mask=mask, request_id=request_id)
        return self._contact_roles.UpdateContactRole(request)

    def delete_contact_role(self, role_id: UUID, etag: str, request_id: str, *, replacement: str = "", clear: bool = False) -> None:
        request = contact_roles_pb2.DeleteContactRoleRequest(name=f"contactRoles/{role_id}", etag=etag, request_id=request_id)
        if replacement:
            request.replacement = replacement
        elif clear:
            request.clear = True
        self._contact_roles.DeleteContactRole(request)

    def get_contacts_settings(self) -> settings_pb2.ContactsSettings:
        return self._ask_settings(_SETTINGS)

    def update_contacts_settings(
        self, settings: settings_pb2.ContactsSettings, paths: Sequence[str], request_id: str
    ) -> settings_pb2.ContactsSettings:
        mask = FieldMask(paths=paths)
        request = settings_pb2.UpdateContactsSettingsRequest(contacts_settings=settings, update_mask=mask, request_id=request_id)
        return self._settings.UpdateContactsSettings(request)


def _affiliation(customer_id: UUID, contact_id: UUID) -> str:
    return f"customers/{customer_id}/affiliations/{contact_id}"
