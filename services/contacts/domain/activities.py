"""What a contact did, as events tell it; written once, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Activity:
    """kind: type of the event that it comes from. title: number or title of the resource at that moment; never personal data."""

    id: UUID
    event_id: UUID
    contact_id: UUID
    kind: str
    time: datetime
    customer_id: UUID | None = None
    resource: str = ""
    title: str = ""
