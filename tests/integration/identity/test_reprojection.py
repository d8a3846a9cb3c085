"""The accounts of contacts: built anew from contacts, they are what the events made them, also when events come meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from google.protobuf.message import Message
from recapito.contacts.events.v1.events_pb2 import ContactCreated, ContactDeleted, ContactUpdated
from recapito.contacts.v1 import contacts_pb2
from sqlalchemy.engine import Engine

from libs import database
from libs.messaging.consumer import Delivery
from services.identity import consumer, repository
from services.identity.clients.contacts import GrpcContacts
from services.identity.domain.contacts import Area, Contact
from services.identity.repository.tables import account_groups, accounts
from services.identity.repository.vault import Vault
from services.identity.service.contacts import reproject
from tests.integration.contacts.conftest import running
from tests.integration.contacts.copies import Changing, Race

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
FOLLOWED = ("id", "kind", "display_name", "email", "login", "language_code", "customer_id", "access_enabled", "contact_version")


@dataclass
class Slow:
    """Contacts asked by somebody slow; race None: quick."""

    contacts: GrpcContacts
    race: Race | None = None

    def every(self) -> Iterator[Contact]:
        race, self.race = self.race, None  # the second list is asked when all is quiet
        return race.slowly(self.contacts.every()) if race else self.contacts.every()

    def find(self, contact_id: UUID) -> Contact | None:
        return self.contacts.find(contact_id)

    def customers_seen(self, contact_id: UUID, passport: str) -> frozenset[UUID]:
        return self.contacts.customers_seen(contact_id, passport)

    def area(self, now: datetime) -> Area:
        return self.contacts.area(now)


@dataclass
class Copy:
    """Identity's database as far as it follows contacts."""

    engine: Engine
    contacts: GrpcContacts
    new_uow: Any = field(init=False)

    def __post_init__(self) -> None:
        database.migrate(self.engine, "services.identity")
        self.new_uow = partial(repository.SqlUnitOfWork, self.engine, Vault("v" * 32), clock=lambda: NOON)

    def hear(self, events: Sequence[tuple[UUID, Message]]) -> None:
        handlers = consumer.handlers(self.new_uow, self.contacts, lambda: NOON)
        for event_id, message in events:
            if isinstance(message, ContactCreated | ContactUpdated | ContactDeleted):
                handlers[type(message)]([Delivery(message, event_id, NOON)])

    @property
    def state(self) -> tuple[set[Any], set[Any]]:
        there = accounts.c.delete_time.is_(None)
        with self.engine.connect() as connection:
            followed = {tuple(row) for row in connection.execute(sa.select(*(accounts.c[name] for name in FOLLOWED)).where(there))}
            of_them = sa.select(account_groups).join(accounts, accounts.c.id == account_groups.c.account_id).where(there)
            return followed, {tuple(row) for row in connection.execute(of_them)}


@pytest.fixture
def changing(tmp_path: Any) -> Iterator[Changing]:
    with running(f"sqlite:///{tmp_path}/contacts.db") as api:
        yield Changing(api, seed=9, customers=3, contacts=14)


@pytest.fixture
def contacts(changing: Changing) -> GrpcContacts:
    return GrpcContacts(changing.api.channel)


def disposable(changing: Changing) -> list[contacts_pb2.Contact]:
    """Return those who are primary for nobody, so that they may be deleted."""
    with changing.api.operator():
        known = [changing.api.contact_of(one.name) for one in changing.contacts]
    return [one for one in known if not any(each.primary for each in one.affiliations)]


def test_accounts_that_are_lost_come_back_and_those_of_nobody_go(
    changing: Changing, contacts: GrpcContacts, tmp_path: Any, database_url: str
) -> None:
    told, asked = Copy(database.connect(f"sqlite:///{tmp_path}/told.db"), contacts), Copy(database.connect(database_url), contacts)
    asked.hear(changing.news()[:20])  # and nothing of what follows
    gone = disposable(changing)[0]
    changing.delete_contact(gone)
    changing.contacts = [one for one in changing.contacts if one.name != gone.name]
    for contact in changing.contacts:
        changing.change_contact(contact)
    told.hear(changing.from_the_beginning())
    assert reproject(new_uow=asked.new_uow, contacts=contacts, clock=lambda: NOON) == len(changing.contacts)
    assert asked.state == told.state
    assert len(asked.state[0]) == len(changing.contacts)


def test_no_event_is_lost_that_comes_while_the_accounts_are_built(
    changing: Changing, contacts: GrpcContacts, tmp_path: Any, database_url: str
) -> None:
    told, asked = Copy(database.connect(f"sqlite:///{tmp_path}/told.db"), contacts), Copy(database.connect(database_url), contacts)
    told.hear(changing.news())
    to_delete = disposable(changing)[:3]

    def change() -> None:
        gone = {one.name for one in to_delete}
        changing.change_contact(changing.random.choice([one for one in changing.contacts if one.name not in gone]))
        if to_delete and changing.random.random() < 0.5:
            one = to_delete.pop()
            changing.contacts = [each for each in changing.contacts if each.name != one.name]
            changing.delete_contact(one)

    race = Race(changing, told, asked, change)
    reproject(new_uow=asked.new_uow, contacts=Slow(contacts, race), clock=lambda: NOON)
    race.settle()
    assert to_delete == []
    assert asked.state == told.state
    assert len(asked.state[0]) == len(changing.contacts)
