"""gRPC in: contact roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import contact_roles_pb2 as pb
from recapito.contacts.v1.contact_roles_pb2_grpc import ContactRolesServicer

from libs.listing import listing
from libs.rpc import context
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import contact_roles as service


@dataclass(frozen=True)
class ContactRoles(ContactRolesServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading

    def ListContactRoles(self, request: pb.ListContactRolesRequest, _context: ServicerContext) -> pb.ListContactRolesResponse:
        wanted = listing(request, fields={}, orders=("order",), default_order="order")
        with self.reading() as repositories:
            page, token = repositories.contact_roles.page(wanted, sight_of(context.caller()))
        return pb.ListContactRolesResponse(contact_roles=[wire.contact_role(one) for one in page], next_page_token=token)

    def GetContactRole(self, request: pb.GetContactRoleRequest, _context: ServicerContext) -> pb.ContactRole:
        with self.reading() as repositories:
            return wire.contact_role(repositories.contact_roles.get(wire.id_of(request.name), sight_of(context.caller())))

    def CreateContactRole(self, request: pb.CreateContactRoleRequest, _context: ServicerContext) -> pb.ContactRole:
        make = wire.new_contact_role(request.contact_role)
        return wire.contact_role(service.create_contact_role(make, context.request_of(request), uow=self.new_uow()))

    def UpdateContactRole(self, request: pb.UpdateContactRoleRequest, _context: ServicerContext) -> pb.ContactRole:
        id_, change = wire.id_of(request.contact_role.name), wire.changed_contact_role(request.contact_role, request.update_mask)
        return wire.contact_role(service.update_contact_role(id_, change, context.request_of(request), uow=self.new_uow()))

    def DeleteContactRole(self, request: pb.DeleteContactRoleRequest, _context: ServicerContext) -> Empty:
        id_, check = wire.id_of(request.name), wire.check_contact_role(request.etag)
        service.delete_contact_role(id_, wire.succession(request), check, context.request_of(request), uow=self.new_uow())
        return Empty()
