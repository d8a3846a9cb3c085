"""Roles by gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import ServicerContext
from recapito.identity.v1 import roles_pb2 as pb
from recapito.identity.v1.roles_pb2_grpc import RolesServicer

from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.listing import listing
from libs.rpc import context
from services.identity import wire
from services.identity.domain.roles import Role
from services.identity.service import NewUnitOfWork, roles

_CHANGEABLE = {"display_name", "capabilities"}


@dataclass(frozen=True)
class Roles(RolesServicer):
    """capabilities: every one that there is, with the methods that ask for it."""

    new_uow: NewUnitOfWork
    new_reads: NewUnitOfWork
    capabilities: Mapping[str, Sequence[str]]

    def ListRoles(self, request: pb.ListRolesRequest, _context: ServicerContext) -> pb.ListRolesResponse:
        wanted = listing(request, fields={}, orders=("display_name",), default_order="display_name")
        found, following = roles.list_roles(wanted, context.language(), uow=self.new_reads())
        return pb.ListRolesResponse(roles=[wire.role(role) for role in found], next_page_token=following)

    def GetRole(self, request: pb.GetRoleRequest, _context: ServicerContext) -> pb.Role:
        return wire.role(roles.get_role(request.name, context.language(), uow=self.new_reads()))

    def CreateRole(self, request: pb.CreateRoleRequest, _context: ServicerContext) -> pb.Role:
        new = Role(f"roles/{new_id()}", request.role.display_name.strip(), frozenset(request.role.capabilities))
        created = roles.create_role(
            new, self.capabilities, request=context.request_of(request), uow=self.new_uow(), caller=context.caller()
        )
        return wire.role(created)

    def UpdateRole(self, request: pb.UpdateRoleRequest, _context: ServicerContext) -> pb.Role:
        def change(role: Role) -> Role:
            return _merged(role, request.role, request.update_mask)

        changed = roles.update_role(
            request.role.name,
            change,
            request.role.etag,
            self.capabilities,
            request=context.request_of(request),
            uow=self.new_uow(),
            caller=context.caller(),
        )
        return wire.role(changed)

    def DeleteRole(self, request: pb.DeleteRoleRequest, _context: ServicerContext) -> Empty:
        roles.delete_role(request.name, request.etag, request=context.request_of(request), uow=self.new_uow(), caller=context.caller())
        return Empty()

    def ListCapabilities(self, request: pb.ListCapabilitiesRequest, _context: ServicerContext) -> pb.ListCapabilitiesResponse:
        wanted = listing(request, fields={}, orders=("id",), default_order="id")
        found, following = roles.list_capabilities(wanted, self.capabilities)
        listed = [pb.Capability(id=capability, methods=self.capabilities[capability]) for capability in found]
        return pb.ListCapabilitiesResponse(capabilities=listed, next_page_token=following)


def _merged(role: Role, new: pb.Role, mask: FieldMask) -> Role:
    if unknown := set(mask.paths) - _CHANGEABLE:
        raise InvalidArgument.of("update_mask", f"{', '.join(sorted(unknown))} cannot be changed", "FIELD_IMMUTABLE")
    merged = wire.role(role)
    mask.MergeMessage(new, merged, replace_message_field=True, replace_repeated_field=True)
    return role.changed(display_name=merged.display_name, capabilities=merged.capabilities)
