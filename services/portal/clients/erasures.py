"""Deleting and anonymising people over gRPC."""

from __future__ import annotations

from uuid import UUID

import grpc
from recapito.contacts.v1 import contacts_pb2, contacts_pb2_grpc, erasures_pb2, erasures_pb2_grpc


class GrpcErasures:
    def __init__(self, channel: grpc.Channel) -> None:
        self._contacts = contacts_pb2_grpc.ContactsStub(channel)
        self._erasures = erasures_pb2_grpc.ErasuresStub(channel)

    def count_links(self, contact_id: UUID) -> contacts_pb2.CountLinkedResourcesResponse:
        return self._contacts.CountLinkedResources(contacts_pb2.CountLinkedResourcesRequest(name=f"contacts/{contact_id}"))

    def delete_contact(self, contact_id: UUID, etag: str, request_id: str, *, force: bool) -> None:
        name = f"contacts/{contact_id}"
        self._contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=name, etag=etag, request_id=request_id, force=force))

    def anonymize_contact(self, contact_id: UUID, etag: str, request_id: str) -> erasures_pb2.Erasure:
        request = erasures_pb2.AnonymizeContactRequest(name=f"contacts/{contact_id}", etag=etag, request_id=request_id)
        return self._erasures.AnonymizeContact(request)

    def get_erasure(self, person_id: UUID) -> erasures_pb2.Erasure:
        return self._erasures.GetErasure(erasures_pb2.GetErasureRequest(name=f"erasures/{person_id}"))
