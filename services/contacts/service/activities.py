"""What contacts did, kept from the events of all services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.contacts.domain import Activity
from services.contacts.service import UnitOfWork


@dataclass(frozen=True)
class Occurrence:
    """One event: what it says that contacts did, and whether it is an access to the client area."""

    event_id: UUID
    activities: tuple[Activity, ...]
    entered: bool = False


def record(occurrences: Sequence[Occurrence], *, uow: UnitOfWork) -> None:
    """Keep what happened, in one commit; an event delivered twice adds nothing, nor do accounts that are not contacts."""
    with uow:
        events = {one.event_id: one for one in occurrences}
        fresh = uow.inbox.add_all(events.keys())
        new = [one for event_id, one in events.items() if event_id in fresh]
        known = uow.contacts.known({activity.contact_id for one in new for activity in one.activities})
        uow.activities.add([activity for one in new for activity in one.activities if activity.contact_id in known])
        for one in new:
            for activity in one.activities:
                if one.entered and activity.contact_id in known:
                    uow.contacts.entered(activity.contact_id, activity.time)
        uow.commit()
