"""What tests do with operators: invite, join, change, and roles for them."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from recapito.identity.v1 import accounts_pb2 as pb
from recapito.identity.v1 import links_pb2, roles_pb2

from tests.integration.identity.world import PASSWORD, World


def invite(world: World, email: str = "bruno@studio.example", **more: Any) -> pb.Account:
    asked: dict[str, Any] = {"kind": pb.Account.OPERATOR, "display_name": "Bruno", "email": email, "roles": ["roles/operator"]} | more
    return world.accounts.CreateAccount(pb.CreateAccountRequest(account=pb.Account(**asked), request_id=uuid.uuid4().hex))


def joined(world: World, administrator: str, email: str = "bruno@studio.example", **more: Any) -> str:
    """Invite an operator who accepts; return its session token."""
    with world.as_person(administrator):
        account = invite(world, email, **more)
    (minted,) = world.mint(UUID(account.name.split("/")[1]), links_pb2.Link.INVITATION)
    world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=minted.token, new_password=PASSWORD))
    return str(world.sign_in(email).session_token)


def update(world: World, account: pb.Account, *paths: str) -> pb.Account:
    request = pb.UpdateAccountRequest(account=account)
    request.update_mask.paths.extend(paths)
    return world.accounts.UpdateAccount(request)


def with_role(world: World, display_name: str, *capabilities: str) -> roles_pb2.Role:
    """Create a role of the organisation's own, as whoever acts now."""
    role = roles_pb2.Role(display_name=display_name, capabilities=capabilities)
    return world.roles.CreateRole(roles_pb2.CreateRoleRequest(role=role, request_id=uuid.uuid4().hex))


def change_role(world: World, role: roles_pb2.Role, *paths: str) -> roles_pb2.Role:
    request = roles_pb2.UpdateRoleRequest(role=role)
    request.update_mask.paths.extend(paths)
    return world.roles.UpdateRole(request)
