"""Linked people, moves and likely duplicates over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contacts_pb2, contacts_pb2_grpc, sub_contacts_pb2, sub_contacts_pb2_grpc

from services.portal.service import Page


class GrpcRelations:
    def __init__(self, channel: grpc.Channel) -> None:
        self._contacts = contacts_pb2_grpc.ContactsStub(channel)
        self._links = sub_contacts_pb2_grpc.SubContactsStub(channel)

    def list_sub_contacts(self, contact_id: UUID, page: Page) -> sub_contacts_pb2.ListSubContactsResponse:
        return self._links.ListSubContacts(
            sub_contacts_pb2.ListSubContactsRequest(parent=f"contacts/{contact_id}", page_size=page.size, page_token=page.token)
        )

    def list_principals(self, contact_id: UUID) -> Sequence[sub_contacts_pb2.SubContact]:
        request = sub_contacts_pb2.ListSubContactsRequest(parent="contacts/-", filter=f'contact = "contacts/{contact_id}"')
        return self._links.ListSubContacts(request).sub_contacts

    def get_sub_contact(self, contact_id: UUID, linked_id: UUID) -> sub_contacts_pb2.SubContact:
        name = f"contacts/{contact_id}/subContacts/{linked_id}"
        return self._links.GetSubContact(sub_contacts_pb2.GetSubContactRequest(name=name))

    def create_sub_contact(self, contact_id: UUID, link: sub_contacts_pb2.SubContact, request_id: str) -> sub_contacts_pb2.SubContact:
        return self._links.CreateSubContact(
            sub_contacts_pb2.CreateSubContactRequest(parent=f"contacts/{contact_id}", sub_contact=link, request_id=request_id)
        )

    def update_sub_contact(self, link: sub_contacts_pb2.SubContact, paths: Sequence[str], request_id: str) -> sub_contacts_pb2.SubContact:
        mask = FieldMask(paths=paths)
        return self._links.UpdateSubContact(
            sub_contacts_pb2.UpdateSubContactRequest(sub_contact=link, update_mask=mask, request_id=request_id)
        )

    def delete_sub_contact(self, name: str, etag: str, request_id: str) -> None:
        self._links.DeleteSubContact(sub_contacts_pb2.DeleteSubContactRequest(name=name, etag=etag, request_id=request_id))

    def move_contact(self, contact_id: UUID, customer: str, etag: str, request_id: str, *, keep_affiliation: bool) -> contacts_pb2.Contact:
        request = contacts_pb2.MoveContactRequest(
            name=f"contacts/{contact_id}", customer=customer, etag=etag, request_id=request_id, keep_affiliation=keep_affiliation
        )
        return self._contacts.MoveContact(request)

    def find_duplicates(self, contact: contacts_pb2.Contact) -> contacts_pb2.FindDuplicatesResponse:
        return self._contacts.FindDuplicates(contacts_pb2.FindDuplicatesRequest(contact=contact))
