"""The catalogue of profile fields over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import fields_pb2, fields_pb2_grpc


class GrpcFields:
    def __init__(self, channel: grpc.Channel) -> None:
        self._fields = fields_pb2_grpc.FieldsStub(channel)

    def list_fields(self) -> Sequence[fields_pb2.Field]:
        return self._fields.ListFields(fields_pb2.ListFieldsRequest()).fields

    def get_field(self, field_id: UUID) -> fields_pb2.Field:
        return self._fields.GetField(fields_pb2.GetFieldRequest(name=f"fields/{field_id}"))

    def create_field(self, field: fields_pb2.Field, request_id: str) -> fields_pb2.Field:
        return self._fields.CreateField(fields_pb2.CreateFieldRequest(field=field, request_id=request_id))

    def update_field(self, field: fields_pb2.Field, paths: Sequence[str], request_id: str, *, force: bool = False) -> fields_pb2.Field:
        mask = FieldMask(paths=paths)
        return self._fields.UpdateField(fields_pb2.UpdateFieldRequest(field=field, update_mask=mask, request_id=request_id, force=force))

    def delete_field(self, field_id: UUID, etag: str, request_id: str, *, force: bool = False) -> None:
        request = fields_pb2.DeleteFieldRequest(name=f"fields/{field_id}", etag=etag, request_id=request_id, force=force)
        self._fields.DeleteField(request)
