"""Merges on the wire."""

from __future__ import annotations

from collections.abc import Callable

from recapito.contacts.v1 import merges_pb2 as pb

from libs.errors import EtagMismatch
from services.contacts.domain import Contact, ContactView, Merge
from services.contacts.wire.contacts import contact
from services.contacts.wire.names import check_etag, contact_name, timestamp


def merge(domain: Merge, result: ContactView | None = None) -> pb.Merge:
    message = pb.Merge(
        name=f"merges/{domain.id}",
        contact=contact_name(domain.survivor_id),
        duplicate=contact_name(domain.duplicate_id),
        create_time=timestamp(domain.create_time),
        undo_until_time=timestamp(domain.undo_until) if domain.snapshot is not None else None,
        undo_time=timestamp(domain.undo_time) if domain.undo_time is not None else None,
    )
    if result is not None:
        message.result.CopyFrom(contact(result))
    return message


def check_both(request: pb.MergeContactRequest) -> Callable[[Contact, Contact], None]:
    def check(survivor: Contact, duplicate: Contact) -> None:
        check_etag(request.etag, survivor.version)
        try:
            check_etag(request.duplicate_etag, duplicate.version)
        except EtagMismatch:
            raise EtagMismatch("duplicate_etag: the duplicate has changed since it was read") from None

    return check
