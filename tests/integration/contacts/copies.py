"""A registry that changes, for the copies that other services keep of it: its events, and the same asked for page by page."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from recapito.contacts.v1 import contacts_pb2, customers_pb2
from recapito.contacts.v1.permissions_pb2 import PortalAccess

from libs import database
from tests.integration.contacts.conftest import KINDS, Api

T = TypeVar("T")


class Changing:
    """Customers and contacts that somebody works on, with the events that this makes."""

    def __init__(self, api: Api, seed: int, *, customers: int = 12, contacts: int = 0) -> None:
        self.api, self.random = api, random.Random(seed)
        self.groups = [api.new_group(f"Gruppo {number}").name for number in range(3)]
        self.customers = [api.new_customer(groups=self._some()) for _ in range(customers)]
        self.contacts = [api.new_contact(self.random.choice(self.customers), groups=self._some()) for _ in range(contacts)]
        self._told = 0

    def _some(self) -> list[str]:
        return self.random.sample(self.groups, self.random.randrange(3))

    def change_customer(self, customer: customers_pb2.Customer) -> None:
        name = f"Ditta {self.random.randrange(1000)}"
        with self.api.operator():
            self.api.update_customer(customer, "display_name", "groups", display_name=name, groups=self._some())

    def change_contact(self, contact: contacts_pb2.Contact) -> None:
        access = PortalAccess(enabled=self.random.random() < 0.5)
        with self.api.operator():
            self.api.update_contact(
                contact, "first_name", "groups", "access", first_name=f"Ada {self.random.randrange(9)}", groups=self._some(), access=access
            )

    def delete_contact(self, contact: contacts_pb2.Contact) -> None:
        with self.api.operator():
            self.api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=contact.name))

    def news(self) -> list[tuple[UUID, Message]]:
        """Return the events since the last call, in order."""
        with database.reader(self.api.engine).connect() as connection:
            rows = connection.execute(database.outbox.select().order_by(database.outbox.c.seq)).all()
        found = [(row.event_id, KINDS[row.type].FromString(row.data)) for row in rows if row.type in KINDS]
        news, self._told = found[self._told :], len(found)
        return news

    def from_the_beginning(self) -> list[tuple[UUID, Message]]:
        """Return all events so far."""
        self._told = 0
        return self.news()


class Hearer(Protocol):
    def hear(self, events: Sequence[tuple[UUID, Message]]) -> None: ...


@dataclass
class Race:
    """Somebody who reads the registry slowly, while it changes: `told` hears every event, `asked` hears some of them later."""

    changing: Changing
    told: Hearer
    asked: Hearer
    change: Callable[[], None]
    held: list[tuple[UUID, Message]] = field(default_factory=list)

    def slowly(self, answers: Iterator[T]) -> Iterator[T]:
        """Give answers as a slow reader gets them: all were asked before the first of these changes."""
        for answer in list(answers):
            self.change()
            news = self.changing.news()
            self.told.hear(news)
            late = [event for event in news if self.changing.random.random() < 0.3]
            self.held += late
            self.asked.hear([event for event in news if event not in late])
            yield answer

    def settle(self) -> None:
        """Let the events that were late arrive."""
        self.asked.hear(self.held)


def shuffled(events: Sequence[tuple[UUID, Message]], seed: int) -> list[tuple[UUID, Message]]:
    """Return events out of order, some twice."""
    chosen = random.Random(seed)
    again = [event for event in events if chosen.random() < 0.3]
    return chosen.sample([*events, *again], len(events) + len(again))
