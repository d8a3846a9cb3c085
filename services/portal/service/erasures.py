"""Deleting and anonymising people, as the console needs it."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import CountLinkedResourcesResponse
from recapito.contacts.v1.erasures_pb2 import Erasure


class Erasures(Protocol):
    def count_links(self, contact_id: UUID) -> CountLinkedResourcesResponse: ...
    def delete_contact(self, contact_id: UUID, etag: str, request_id: str, *, force: bool) -> None: ...
    def anonymize_contact(self, contact_id: UUID, etag: str, request_id: str) -> Erasure: ...
    def get_erasure(self, person_id: UUID) -> Erasure: ...
