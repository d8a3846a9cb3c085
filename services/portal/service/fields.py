"""The catalogue of profile fields, as the pages need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from recapito.contacts.v1.fields_pb2 import Field


class Fields(Protocol):
    def list_fields(self) -> Sequence[Field]: ...  # all of them, in the order of the form
    def get_field(self, field_id: UUID) -> Field: ...
    def create_field(self, field: Field, request_id: str) -> Field: ...
    def update_field(self, field: Field, paths: Sequence[str], request_id: str, *, force: bool = False) -> Field:
        """force: take the options that go from the contacts that hold them."""
        ...

    def delete_field(self, field_id: UUID, etag: str, request_id: str, *, force: bool = False) -> None:
        """force: its values go with it."""
        ...
