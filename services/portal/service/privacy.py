"""All that the platform knows of a person, as the pages need it."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class Privacy(Protocol):
    def export_personal_data(self, contact_id: UUID) -> bytes: ...  # a ZIP of what every service answers; whole, or an error
