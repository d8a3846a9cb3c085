"""gRPC in: groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import groups_pb2 as pb
from recapito.contacts.v1.groups_pb2_grpc import GroupsServicer

from libs.listing import listing
from libs.rpc import context
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import groups as service


@dataclass(frozen=True)
class Groups(GroupsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading

    def ListGroups(self, request: pb.ListGroupsRequest, _context: ServicerContext) -> pb.ListGroupsResponse:
        wanted = listing(request, fields={"parent_group": UUID}, orders=("display_name",), default_order="display_name")
        with self.reading() as repositories:
            page, token = repositories.groups.page(wanted, sight_of(context.caller()))
        return pb.ListGroupsResponse(groups=[wire.group(one) for one in page], next_page_token=token)

    def GetGroup(self, request: pb.GetGroupRequest, _context: ServicerContext) -> pb.Group:
        with self.reading() as repositories:
            return wire.group(repositories.groups.get(wire.id_of(request.name), sight_of(context.caller())))

    def CreateGroup(self, request: pb.CreateGroupRequest, _context: ServicerContext) -> pb.Group:
        return wire.group(service.create_group(wire.new_group(request.group), context.request_of(request), uow=self.new_uow()))

    def UpdateGroup(self, request: pb.UpdateGroupRequest, _context: ServicerContext) -> pb.Group:
        id_, change = wire.id_of(request.group.name), wire.changed_group(request.group, request.update_mask)
        return wire.group(service.update_group(id_, change, context.request_of(request), uow=self.new_uow()))

    def DeleteGroup(self, request: pb.DeleteGroupRequest, _context: ServicerContext) -> Empty:
        id_, check = wire.id_of(request.name), wire.check_group(request.etag)
        service.delete_group(id_, check, context.request_of(request), uow=self.new_uow())
        return Empty()
