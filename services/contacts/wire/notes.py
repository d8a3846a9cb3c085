"""Notes on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import notes_pb2 as pb

from libs.errors import InvalidArgument
from services.contacts.domain import Note, Subject
from services.contacts.wire.names import check_etag, etag, id_of, merged, timestamp


def note(domain: Note) -> pb.Note:
    return pb.Note(
        name=f"{_subject_name(domain.subject)}/notes/{domain.id}",
        text=domain.text,
        author=f"accounts/{domain.author_id}",
        pinned=domain.pinned,
        create_time=timestamp(domain.create_time),
        update_time=timestamp(domain.update_time),
        etag=etag(domain.version),
    )


def subject(parent: str) -> Subject:
    """Return whom "contacts/{uuid}" or "customers/{uuid}" names; InvalidArgument for another collection."""
    match parent.split("/"):
        case ["contacts", _]:
            return Subject(contact_id=id_of(parent))
        case ["customers", _]:
            return Subject(customer_id=id_of(parent))
        case _:
            raise InvalidArgument.of("parent", "is neither a contact nor a customer", "NAME_INVALID")


def note_ids(name: str) -> tuple[UUID, Subject]:
    """Return the id and the subject of "contacts/{uuid}/notes/{uuid}" or "customers/{uuid}/notes/{uuid}"."""
    parent, _, segment = name.partition("/notes/")
    return id_of(f"notes/{segment}"), subject(parent)


def new_note(about: Subject, message: pb.Note, author_id: UUID, now: datetime) -> Callable[[UUID], Note]:
    return lambda id_: Note(id_, about, author_id, message.text, now, now, pinned=message.pinned)


def changed_note(wanted: pb.Note, mask: FieldMask) -> Callable[[Note], Note]:
    def change(before: Note) -> Note:
        check_etag(wanted.etag, before.version)
        message = merged(note(before), wanted, mask)
        return replace(before, text=message.text, pinned=message.pinned)

    return change


def check_note(given: str) -> Callable[[Note], None]:
    return lambda note: check_etag(given, note.version)


def _subject_name(about: Subject) -> str:
    return f"contacts/{about.contact_id}" if about.contact_id is not None else f"customers/{about.customer_id}"
