"""gRPC in: the catalogue of profile fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import fields_pb2 as pb
from recapito.contacts.v1.fields_pb2_grpc import FieldsServicer

from libs.listing import LARGEST_SIZE, listing
from libs.rpc import context
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import fields as service


@dataclass(frozen=True)
class Fields(FieldsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading

    def ListFields(self, request: pb.ListFieldsRequest, _context: ServicerContext) -> pb.ListFieldsResponse:
        wanted, size = listing(request, fields={}, orders=("order",), default_order="order"), request.page_size or LARGEST_SIZE
        with self.reading() as repositories:
            catalogue = service.catalogue(repositories)
        start = max(0, wanted.after.value) if wanted.after is not None and isinstance(wanted.after.value, int) else 0
        page, end = catalogue.fields[start : start + size], start + size
        token = wanted.token(end, UUID(int=0)) if end < len(catalogue.fields) else ""
        return pb.ListFieldsResponse(fields=[wire.field(one, catalogue) for one in page], next_page_token=token)

    def GetField(self, request: pb.GetFieldRequest, _context: ServicerContext) -> pb.Field:
        with self.reading() as repositories:
            catalogue = service.catalogue(repositories)
            field = service.get_field(wire.id_of(request.name), catalogue)
            return wire.field(field, catalogue, repositories.fields.value_count(field, sight_of(context.caller())) if field.custom else 0)

    def CreateField(self, request: pb.CreateFieldRequest, _context: ServicerContext) -> pb.Field:
        return wire.field(*service.create_field(wire.new_field(request.field), context.request_of(request), uow=self.new_uow()))

    def UpdateField(self, request: pb.UpdateFieldRequest, _context: ServicerContext) -> pb.Field:
        id_, change = wire.id_of(request.field.name), wire.changed_field(request.field, request.update_mask)
        asked = context.request_of(request)
        return wire.field(*service.update_field(id_, change, asked, force=request.force, uow=self.new_uow()))

    def DeleteField(self, request: pb.DeleteFieldRequest, _context: ServicerContext) -> Empty:
        id_, check = wire.id_of(request.name), wire.check_field(request.etag)
        service.delete_field(id_, check, context.request_of(request), force=request.force, uow=self.new_uow())
        return Empty()
