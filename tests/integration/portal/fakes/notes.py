"""Notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1.notes_pb2 import CreateNoteRequest, ListNotesResponse, Note, UpdateNoteRequest

from libs.errors import EtagMismatch, NotFound
from libs.ids import new_id
from libs.rpc.validation import check
from services.portal.service import Page
from tests.integration.portal.fakes.common import Requests, found_page, merged, now, touched


@dataclass
class FakeNotes:
    """The notes of operators; who may do what is decided elsewhere. author: account of whoever calls now."""

    notes: dict[str, Note] = field(default_factory=dict)
    author: Callable[[], str] = lambda: ""
    requests: Requests = field(default_factory=Requests)

    def list_notes(self, parent: str, page: Page) -> ListNotesResponse:
        own = [note for name, note in reversed(self.notes.items()) if name.startswith(f"{parent}/")]
        shown, following = found_page(sorted(own, key=lambda note: not note.pinned), page, lambda _note, _name: "")
        return ListNotesResponse(notes=shown, next_page_token=following)

    def get_note(self, name: str) -> Note:
        if name not in self.notes:
            raise NotFound(f"{name} does not exist")
        return self.notes[name]

    def create_note(self, parent: str, note: Note, request_id: str) -> Note:
        check(CreateNoteRequest(parent=parent, note=note))

        def make() -> Note:
            stored = Note(name=f"{parent}/notes/{new_id()}", text=note.text, pinned=note.pinned, author=self.author())
            stored.create_time.CopyFrom(now())
            stored.update_time.CopyFrom(stored.create_time)
            self.notes[stored.name] = touched(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_note(self, note: Note, paths: Sequence[str], request_id: str) -> Note:
        check(UpdateNoteRequest(note=note, update_mask=FieldMask(paths=paths)))
        self.notes[note.name] = merged(self.get_note(note.name), note, paths)
        return self.notes[note.name]

    def delete_note(self, name: str, etag: str, request_id: str) -> None:
        if etag and etag != self.get_note(name).etag:
            raise EtagMismatch("it was changed by someone else")
        del self.notes[name]
