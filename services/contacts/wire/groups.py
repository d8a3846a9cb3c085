"""Groups on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import groups_pb2 as pb

from services.contacts.domain import Group
from services.contacts.wire.names import check_etag, etag, merged, reference_of


def group(domain: Group) -> pb.Group:
    return pb.Group(
        name=f"groups/{domain.id}",
        display_name=domain.display_name,
        parent_group=f"groups/{domain.parent_id}" if domain.parent_id else "",
        member_count=domain.member_count,
        etag=etag(domain.version),
    )


def new_group(message: pb.Group) -> Callable[[UUID], Group]:
    return lambda id_: Group(id_, message.display_name, _parent(message))


def changed_group(wanted: pb.Group, mask: FieldMask) -> Callable[[Group], Group]:
    def change(before: Group) -> Group:
        check_etag(wanted.etag, before.version)
        message = merged(group(before), wanted, mask)
        return replace(before, display_name=message.display_name, parent_id=_parent(message))

    return change


def check_group(given: str) -> Callable[[Group], None]:
    return lambda group: check_etag(given, group.version)


def _parent(message: pb.Group) -> UUID | None:
    return reference_of(message.parent_group, "group.parent_group") if message.parent_group else None
