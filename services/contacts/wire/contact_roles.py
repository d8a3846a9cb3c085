"""Contact roles on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contact_roles_pb2 as pb

from services.contacts.domain import ContactRole, Succession
from services.contacts.wire.names import check_etag, contact_role_name, etag, merged, reference_of


def contact_role(domain: ContactRole) -> pb.ContactRole:
    return pb.ContactRole(
        name=contact_role_name(domain.id),
        label_it=domain.label_it,
        label_en=domain.label_en,
        position=domain.position,
        holder_count=domain.holder_count,
        etag=etag(domain.version),
    )


def new_contact_role(message: pb.ContactRole) -> Callable[[UUID], ContactRole]:
    return lambda id_: ContactRole(id_, message.label_it, message.label_en, message.position)


def changed_contact_role(wanted: pb.ContactRole, mask: FieldMask) -> Callable[[ContactRole], ContactRole]:
    def change(before: ContactRole) -> ContactRole:
        check_etag(wanted.etag, before.version)
        message = merged(contact_role(before), wanted, mask)
        return replace(before, label_it=message.label_it, label_en=message.label_en, position=message.position)

    return change


def check_contact_role(given: str) -> Callable[[ContactRole], None]:
    return lambda role: check_etag(given, role.version)


def succession(request: pb.DeleteContactRoleRequest) -> Succession:
    return Succession(reference_of(request.replacement, "replacement") if request.replacement else None, request.clear)
