"""Sub-contacts and likely duplicates on the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contacts_pb2
from recapito.contacts.v1 import sub_contacts_pb2 as pb

from libs.errors import InvalidArgument, NotFound
from services.contacts.domain import Duplicate, SubContact, SubContactView
from services.contacts.wire.names import check_etag, contact_name, etag, id_of, merged, reference_of


def sub_contact(view: SubContactView) -> pb.SubContact:
    message = _sub_contact(view.sub_contact)
    message.display_name, message.email, message.principal_name = view.display_name, view.email, view.principal_name
    return message


def _sub_contact(domain: SubContact) -> pb.SubContact:
    return pb.SubContact(
        name=sub_contact_name(domain.principal_id, domain.contact_id),
        contact=contact_name(domain.contact_id),
        relation=domain.relation,
        etag=etag(domain.version),
    )


def sub_contact_name(principal_id: UUID, contact_id: UUID) -> str:
    return f"contacts/{principal_id}/subContacts/{contact_id}"


def sub_contact_ids(name: str) -> tuple[UUID, UUID]:
    """Return principal and linked contact of "contacts/{uuid}/subContacts/{uuid}"."""
    match name.split("/"):
        case ["contacts", principal, "subContacts", linked]:
            return id_of(f"contacts/{principal}"), id_of(f"contacts/{linked}")
        case _:
            raise NotFound(f"{name} does not exist")


def new_sub_contact(parent: str, message: pb.SubContact, now: datetime) -> SubContact:
    if not message.contact:
        raise InvalidArgument.of("sub_contact.contact", "is required", "REQUIRED")
    return SubContact(id_of(parent), reference_of(message.contact, "sub_contact.contact"), now, message.relation)


def changed_sub_contact(wanted: pb.SubContact, mask: FieldMask) -> Callable[[SubContact], SubContact]:
    def change(before: SubContact) -> SubContact:
        check_etag(wanted.etag, before.version)
        return replace(before, relation=merged(_sub_contact(before), wanted, mask).relation)

    return change


def check_sub_contact(given: str) -> Callable[[SubContact], None]:
    return lambda link: check_etag(given, link.version)


def duplicates(found: Sequence[Duplicate]) -> contacts_pb2.FindDuplicatesResponse:
    kind = contacts_pb2.FindDuplicatesResponse.Duplicate
    return contacts_pb2.FindDuplicatesResponse(
        duplicates=[
            kind(
                contact=contact_name(one.person.id),
                reasons=[kind.Reason.Value(reason.name) for reason in one.reasons],
                display_name=one.person.display_name,
                email=one.person.email,
            )
            for one in found
        ]
    )
