"""The part of a service in the erasure of a person: what it is asked, what it has to drop from its queue, the receipt that it gives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from google.protobuf.message import Message
from recapito.platform.events.v1.events_pb2 import PersonalDataErased


@dataclass(frozen=True)
class Erasing:
    """What is asked. person: contacts/{uuid} or leads/{uuid}. customers: for whom it acted; erased_customers: those that are itself."""

    erasure: str
    version: int
    person: str
    customers: frozenset[UUID] = frozenset()
    erased_customers: frozenset[UUID] = frozenset()

    @property
    def contact_id(self) -> UUID | None:
        """The id of the contact, and of its account; None of a lead, whom only contacts knows."""
        collection, _, id_ = self.person.partition("/")
        return UUID(id_) if collection == "contacts" else None

    @property
    def subjects(self) -> tuple[str, ...]:
        """The names under which events speak of the person."""
        return names_of(self.contact_id) if self.contact_id else (self.person,)

    def receipt(self, service: str, erased_count: int, held: Sequence[str] = (), held_until: date | None = None) -> PersonalDataErased:
        """held: what the law makes us keep, such as "invoices"."""
        return PersonalDataErased(
            erasure=self.erasure,
            version=self.version,
            service=service,
            erased_count=erased_count,
            held=held,
            held_until_date=held_until.isoformat() if held_until else "",
        )


def names_of(contact_id: UUID) -> tuple[str, ...]:
    """Return the names of a contact: its record's and its account's."""
    return (f"contacts/{contact_id}", f"accounts/{contact_id}")


def ids(names: Collection[str]) -> frozenset[UUID]:
    """Return the ids in the names of an event."""
    return frozenset(UUID(name.rpartition("/")[2]) for name in names)


class SetAside(Protocol):
    """The events of a service that were set aside for an operator; they hold what they held."""

    def forget(self, subjects: Collection[str], kinds: Collection[type[Message]]) -> int:
        """Drop for good those about one of the subjects, of these kinds; return how many there were. May raise Unavailable."""
        ...
