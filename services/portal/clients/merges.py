"""Merges of contacts over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import merges_pb2, merges_pb2_grpc
from recapito.contacts.v1.contacts_pb2 import Contact


class GrpcMerges:
    def __init__(self, channel: grpc.Channel) -> None:
        self._merges = merges_pb2_grpc.MergesStub(channel)

    def merge_contacts(self, contact: Contact, duplicate: Contact, taken: Sequence[str], request_id: str) -> merges_pb2.Merge:
        return self._merges.MergeContact(
            merges_pb2.MergeContactRequest(
                name=contact.name,
                etag=contact.etag,
                duplicate=duplicate.name,
                duplicate_etag=duplicate.etag,
                taken_fields=FieldMask(paths=taken),
                request_id=request_id,
            )
        )

    def list_merges(self, contact_id: UUID) -> Sequence[merges_pb2.Merge]:
        return self._merges.ListMerges(merges_pb2.ListMergesRequest(parent=f"contacts/{contact_id}")).merges

    def get_merge(self, merge_id: UUID) -> merges_pb2.Merge:
        return self._merges.GetMerge(merges_pb2.GetMergeRequest(name=f"merges/{merge_id}"))

    def undo_merge(self, merge_id: UUID, request_id: str) -> merges_pb2.Merge:
        return self._merges.UndoMerge(merges_pb2.UndoMergeRequest(name=f"merges/{merge_id}", request_id=request_id))
