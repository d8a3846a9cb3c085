"""gRPC in: the end of a person's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grpc import ServicerContext
from recapito.contacts.v1 import erasures_pb2 as pb
from recapito.contacts.v1.erasures_pb2_grpc import ErasuresServicer

from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import erasures as service


@dataclass(frozen=True)
class Erasures(ErasuresServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def AnonymizeContact(self, request: pb.AnonymizeContactRequest, _context: ServicerContext) -> pb.Erasure:
        id_, check = wire.id_of(request.name), wire.check_contact(request.etag)
        caller, again = context.caller(), context.request_of(request)
        return wire.erasure(service.anonymize_contact(id_, check, again, caller, uow=self.new_uow(), clock=self.clock))

    def AnonymizeLead(self, request: pb.AnonymizeLeadRequest, _context: ServicerContext) -> pb.Erasure:
        id_, check = wire.id_of(request.name), wire.check_lead(request.etag)
        caller, again = context.caller(), context.request_of(request)
        return wire.erasure(service.anonymize_lead(id_, check, again, caller, uow=self.new_uow(), clock=self.clock))

    def GetErasure(self, request: pb.GetErasureRequest, _context: ServicerContext) -> pb.Erasure:
        with self.reading() as repositories:
            return wire.erasure(repositories.erasures.get(wire.id_of(request.name), sight_of(context.caller())))

    def ListErasures(self, request: pb.ListErasuresRequest, _context: ServicerContext) -> pb.ListErasuresResponse:
        wanted = listing(request, fields={"complete": bool}, orders=("create_time",), default_order="create_time desc")
        with self.reading() as repositories:
            page, token = repositories.erasures.page(wanted, sight_of(context.caller()))
        return pb.ListErasuresResponse(erasures=[wire.erasure(one) for one in page], next_page_token=token)
