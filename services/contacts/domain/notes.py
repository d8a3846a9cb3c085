"""Notes: what operators write for each other about a contact or a customer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from libs.errors import InvalidArgument, NotFound, PermissionDenied


class NoteNotFound(NotFound):
    reason = "NOTE_NOT_FOUND"


class NotYourNote(PermissionDenied):
    reason = "NOT_YOUR_NOTE"


@dataclass(frozen=True)
class Subject:
    """Whom a note is about: a contact or a customer, never both."""

    contact_id: UUID | None = None
    customer_id: UUID | None = None


@dataclass(frozen=True)
class Note:
    """author_id: the operator's account. update_time: of the last change of the text."""

    id: UUID
    subject: Subject
    author_id: UUID
    text: str
    create_time: datetime
    update_time: datetime
    pinned: bool = False
    version: int = 1

    def checked(self) -> Note:
        """Return the note with its text in one form: NFC, lines that end alike, nothing around it."""
        lines = unicodedata.normalize("NFC", self.text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        text = "\n".join(line.rstrip() for line in lines).strip()
        if not text:
            raise InvalidArgument.of("note.text", "is required", "REQUIRED")
        return replace(self, text=text)

    def changed_by(self, wanted: Note, account_id: UUID | None, now: datetime, *, others: bool) -> Note:
        """Return the note with the text and the pin of `wanted`; account_id: who asks; others: it may touch every note."""
        self.check_belongs_to(account_id, others=others)
        changed = replace(self, text=wanted.text, pinned=wanted.pinned).checked()
        return changed if changed.text == self.text else replace(changed, update_time=now)

    def check_belongs_to(self, account_id: UUID | None, *, others: bool) -> None:
        if not others and account_id != self.author_id:
            raise NotYourNote(f"note {self.id} was written by somebody else")

    @property
    def sort_key(self) -> str:
        """Return what lists are ordered by, descending: pinned notes first, then the newest."""
        return f"{self.pinned:d} {self.create_time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
