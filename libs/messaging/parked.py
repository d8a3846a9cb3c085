"""Parked events about somebody whose data is erased: they go for good."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from google.protobuf.message import Message

from libs.messaging.bus import Bus
from libs.messaging.event import type_of


@dataclass(frozen=True)
class ParkedEvents:
    """The parking place beside one queue."""

    bus: Bus
    queue: str

    def forget(self, subjects: Collection[str], kinds: Collection[type[Message]]) -> int:
        types = {type_of(kind) for kind in kinds}
        found = [event.id for event in self.bus.parked(self.queue) if event.subject in subjects and event.type in types]
        return len(self.bus.drop(self.queue, found)) if found else 0
