"""gRPC in: two contacts that are one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grpc import ServicerContext
from recapito.contacts.v1 import merges_pb2 as pb
from recapito.contacts.v1.merges_pb2_grpc import MergesServicer

from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import merges as service
from services.contacts.service.undone_merges import undo_merge


@dataclass(frozen=True)
class Merges(MergesServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def MergeContact(self, request: pb.MergeContactRequest, _context: ServicerContext) -> pb.Merge:
        wish = service.Wish(
            wire.id_of(request.name),
            wire.reference_of(request.duplicate, "duplicate"),
            list(request.taken_fields.paths),
            wire.check_both(request),
            request.validate_only,
        )
        asked, caller = context.request_of(request), context.caller()
        return wire.merge(*service.merge_contact(wish, asked, caller, uow=self.new_uow(), clock=self.clock))

    def GetMerge(self, request: pb.GetMergeRequest, _context: ServicerContext) -> pb.Merge:
        with self.reading() as repositories:
            return wire.merge(repositories.merges.get(wire.id_of(request.name), sight_of(context.caller())))

    def ListMerges(self, request: pb.ListMergesRequest, _context: ServicerContext) -> pb.ListMergesResponse:
        wanted = listing(request, fields={}, orders=("create_time",), default_order="create_time desc")
        id_, sight = wire.id_of(request.parent), sight_of(context.caller())
        with self.reading() as repositories:
            repositories.contacts.get(id_, sight)
            page, token = repositories.merges.page(id_, wanted, sight)
        return pb.ListMergesResponse(merges=[wire.merge(one) for one in page], next_page_token=token)

    def UndoMerge(self, request: pb.UndoMergeRequest, _context: ServicerContext) -> pb.Merge:
        id_, asked, caller = wire.id_of(request.name), context.request_of(request), context.caller()
        return wire.merge(*undo_merge(id_, asked, caller, uow=self.new_uow(), clock=self.clock))
