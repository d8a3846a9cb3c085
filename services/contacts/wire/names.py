"""Resource names, etags and update masks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2

from libs.errors import EtagMismatch, InvalidArgument, NotFound

M = TypeVar("M", bound=Message)


def id_of(name: str, me: UUID | None = None) -> UUID:
    """Return the id in "contacts/{uuid}"; "me" is the caller's own. Any other alias names nothing: NotFound."""
    _, _, segment = name.partition("/")
    if segment == "me" and me is not None:
        return me
    return _uuid(segment, name)


def affiliation_ids(name: str, me: UUID | None = None) -> tuple[UUID, UUID]:
    """Return customer and contact of "customers/{uuid}/affiliations/{uuid}"."""
    _, customer, _, contact = name.split("/")
    return _uuid(customer, name), me if contact == "me" and me is not None else _uuid(contact, name)


def _uuid(segment: str, name: str) -> UUID:
    try:
        return UUID(segment)
    except ValueError:
        raise NotFound(f"{name} does not exist") from None


def reference_of(name: str, field: str) -> UUID:
    """Return the id that a field of a resource names; an alias names nothing there."""
    try:
        return id_of(name)
    except NotFound:
        raise InvalidArgument.of(field, "does not exist", "NAME_INVALID") from None


def references_of(names: Iterable[str], field: str) -> frozenset[UUID]:
    return frozenset(reference_of(name, field) for name in names)


def customer_name(id_: UUID) -> str:
    return f"customers/{id_}"


def contact_name(id_: UUID) -> str:
    return f"contacts/{id_}"


def contact_role_name(id_: UUID | None) -> str:
    return f"contactRoles/{id_}" if id_ is not None else ""


def group_names(ids: frozenset[UUID]) -> list[str]:
    return [f"groups/{id_}" for id_ in sorted(ids)]


def affiliation_name(customer_id: UUID, contact_id: UUID) -> str:
    return f"customers/{customer_id}/affiliations/{contact_id}"


def timestamp(time: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(time)
    return message


OfAnInstant = contacts_pb2.GetContactRequest | affiliations_pb2.GetAffiliationRequest | affiliations_pb2.ListAffiliationsRequest


def read_time(request: OfAnInstant, now: datetime) -> datetime | None:
    """Return the instant as of which a request wants its answer; None: now. InvalidArgument: it is yet to come."""
    if not request.HasField("read_time"):
        return None
    try:
        time = request.read_time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidArgument.of("read_time", "is no instant", "READ_TIME_INVALID") from None
    if time > now:
        raise InvalidArgument.of("read_time", "is yet to come", "READ_TIME_INVALID")
    return time


def etag(version: int) -> str:
    return f'"{version}"'


def check_etag(given: str, version: int) -> None:
    """Raise EtagMismatch when the caller read another version; no etag asks for no check."""
    if given and given != etag(version):
        raise EtagMismatch("etag: the resource has changed since it was read")


def merged(current: M, wanted: M, mask: FieldMask) -> M:
    """Return `current` with the fields that the mask names as `wanted` has them, unset ones cleared."""
    source, target = type(wanted)(), type(current)()
    source.CopyFrom(wanted)
    target.CopyFrom(current)
    for path in mask.paths:
        parent: Message = source
        for name in path.split(".")[:-1]:
            parent = getattr(parent, name)
            parent.SetInParent()  # MergeMessage would leave a field of an unset message as it is
    mask.MergeMessage(source, target, replace_message_field=True, replace_repeated_field=True)
    return target
