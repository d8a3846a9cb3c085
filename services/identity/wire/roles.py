"""Roles on the wire."""

from __future__ import annotations

from recapito.identity.v1 import roles_pb2

from services.identity.domain.roles import Role
from services.identity.wire.names import etag


def role(found: Role) -> roles_pb2.Role:
    return roles_pb2.Role(
        name=found.name,
        display_name=found.display_name,
        capabilities=sorted(found.capabilities),
        built_in=found.built_in,
        etag=etag(found.version),
    )
