"""Two contacts that are one person, as the console needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.merges_pb2 import Merge


class Merges(Protocol):
    def merge_contacts(self, contact: Contact, duplicate: Contact, taken: Sequence[str], request_id: str) -> Merge:
        """Both as they were shown: their etags count. taken: fields of the duplicate that the other one gets."""
        ...

    def list_merges(self, contact_id: UUID) -> Sequence[Merge]: ...  # the newest first
    def get_merge(self, merge_id: UUID) -> Merge: ...
    def undo_merge(self, merge_id: UUID, request_id: str) -> Merge: ...
