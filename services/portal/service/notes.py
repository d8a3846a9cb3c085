"""Notes of operators, as the console needs them. Apart from `Services`, so that the customers' area is never given them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from recapito.contacts.v1.notes_pb2 import ListNotesResponse, Note

from services.portal.service.page import Page


class Notes(Protocol):
    """parent: "contacts/{uuid}" or "customers/{uuid}"."""

    def list_notes(self, parent: str, page: Page) -> ListNotesResponse: ...
    def get_note(self, name: str) -> Note: ...
    def create_note(self, parent: str, note: Note, request_id: str) -> Note: ...
    def update_note(self, note: Note, paths: Sequence[str], request_id: str) -> Note: ...
    def delete_note(self, name: str, etag: str, request_id: str) -> None: ...
