"""Notes in SQL. Nothing else reads this table: notes are in no view, no event and no candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database.listing import select_page
from libs.errors import Aborted
from libs.listing import Listing
from services.contacts.domain import Note, NoteNotFound, Sight, Subject
from services.contacts.repository.tables import contacts, customers, notes
from services.contacts.repository.visible import contact_visible, customer_visible


@dataclass(frozen=True)
class SqlNotes:
    connection: Connection

    def get(self, note_id: UUID, subject: Subject, sight: Sight, *, lock: bool = False) -> Note:
        query = sa.select(notes).where(notes.c.id == note_id, _about(subject), _visible(subject, sight))
        row = self.connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NoteNotFound(f"note {note_id} does not exist")
        return _note(row)

    def page(self, subject: Subject, listing: Listing, sight: Sight) -> tuple[Sequence[Note], str]:
        query = sa.select(notes).where(_about(subject), _visible(subject, sight))
        rows, token = select_page(self.connection, query, listing, {"order": notes.c.sort_key}, notes.c.id)
        return [_note(row) for row in rows], token

    def add(self, note: Note) -> None:
        self.connection.execute(sa.insert(notes).values(_row(note)))

    def save(self, note: Note) -> Note:
        saved = replace(note, version=note.version + 1)
        unchanged = (notes.c.id == note.id, notes.c.version == note.version)
        if self.connection.execute(sa.update(notes).where(*unchanged).values(_row(saved))).rowcount != 1:
            raise Aborted(f"note {note.id} was changed by someone else")
        return saved

    def delete(self, note: Note) -> None:
        self.connection.execute(sa.delete(notes).where(notes.c.id == note.id))


def _about(subject: Subject) -> ColumnElement[bool]:
    if subject.contact_id is not None:
        return notes.c.contact_id == subject.contact_id
    return notes.c.customer_id == subject.customer_id


def _visible(subject: Subject, sight: Sight) -> ColumnElement[bool]:
    """Whoever sees the contact or the customer sees its notes; a contact sees none, not even of itself."""
    if sight.contact_id is not None:
        return sa.false()
    if subject.contact_id is not None:
        return sa.exists().where(contacts.c.id == notes.c.contact_id, contact_visible(sight))
    return sa.exists().where(customers.c.id == notes.c.customer_id, customer_visible(sight))


def _row(note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "contact_id": note.subject.contact_id,
        "customer_id": note.subject.customer_id,
        "author_id": note.author_id,
        "text": note.text,
        "pinned": note.pinned,
        "sort_key": note.sort_key,
        "create_time": note.create_time,
        "update_time": note.update_time,
        "version": note.version,
    }


def _note(row: Row[Any]) -> Note:
    return Note(
        id=row.id,
        subject=Subject(row.contact_id, row.customer_id),
        author_id=row.author_id,
        text=row.text,
        create_time=row.create_time,
        update_time=row.update_time,
        pinned=row.pinned,
        version=row.version,
    )
