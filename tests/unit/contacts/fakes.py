"""Fakes of what the use cases of contacts need; they keep state and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from services.contacts.domain import Activity


class FakeInbox:
    def __init__(self) -> None:
        self.seen: set[UUID] = set()

    def add(self, event_id: UUID) -> bool:
        new = event_id not in self.seen
        self.seen.add(event_id)
        return new

    def add_all(self, event_ids: Collection[UUID]) -> set[UUID]:
        return {event_id for event_id in event_ids if self.add(event_id)}


@dataclass
class FakeContacts:
    ids: set[UUID]
    last_access: dict[UUID, datetime] = field(default_factory=dict)

    def known(self, contact_ids: Collection[UUID]) -> set[UUID]:
        return self.ids & set(contact_ids)

    def entered(self, contact_id: UUID, time: datetime) -> None:
        self.last_access[contact_id] = max(time, self.last_access.get(contact_id, time))


class FakeActivities:
    def __init__(self) -> None:
        self.kept: list[Activity] = []

    def add(self, activities: Sequence[Activity]) -> None:
        self.kept.extend(activities)


class FakeUnitOfWork:
    """What the timeline needs of a transaction."""

    def __init__(self, *contacts: UUID) -> None:
        self.inbox, self.contacts, self.activities = FakeInbox(), FakeContacts(set(contacts)), FakeActivities()
        self.commits = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def commit(self) -> None:
        self.commits += 1

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the timeline has no use for {name}")
