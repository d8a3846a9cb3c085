"""The customers of documents: built anew from contacts, they are what the events made them, also when events come meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from google.protobuf.message import Message
from recapito.contacts.events.v1.events_pb2 import CustomerCreated, CustomerUpdated
from sqlalchemy.engine import Engine

from libs import database
from libs.messaging.consumer import Delivery
from services.documents import clients, consumer, repository
from services.documents.domain.customers import Customer
from services.documents.repository.tables import customer_groups, customers
from services.documents.service.customers import reproject_customers
from tests.integration.contacts.conftest import running
from tests.integration.contacts.copies import Changing, Race, shuffled

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@dataclass
class Copy:
    """Documents' database as far as it copies customers."""

    engine: Engine

    def __post_init__(self) -> None:
        database.migrate(self.engine, "services.documents")
        self.new_uow = partial(repository.SqlUnitOfWork, self.engine, "documents", lambda: NOON)

    def hear(self, events: Sequence[tuple[UUID, Message]]) -> None:
        handlers = consumer.handlers(self.new_uow, lambda: NOON)
        for event_id, message in events:
            if isinstance(message, CustomerCreated | CustomerUpdated):
                handlers[type(message)]([Delivery(message, event_id, NOON)])

    @property
    def state(self) -> tuple[set[Any], set[Any]]:
        told = (customers.c.id, customers.c.display_name, customers.c.search, customers.c.version)
        with self.engine.connect() as connection:
            return {tuple(row) for row in connection.execute(sa.select(*told))}, {
                tuple(row) for row in connection.execute(sa.select(customer_groups))
            }


@pytest.fixture
def changing(tmp_path: Any) -> Iterator[Changing]:
    with running(f"sqlite:///{tmp_path}/contacts.db") as api:
        yield Changing(api, seed=7)


@pytest.fixture
def told(tmp_path: Any) -> Copy:
    """The copy that only events made."""
    return Copy(database.connect(f"sqlite:///{tmp_path}/told.db"))


@dataclass
class Slow:
    """Contacts asked by somebody slow."""

    race: Race

    def customers(self) -> Iterator[Customer]:
        return self.race.slowly(clients.GrpcContacts(self.race.changing.api.channel).customers())

    def customer(self, customer_id: UUID) -> Customer:
        raise NotImplementedError  # nobody asks for one


def test_an_empty_copy_built_anew_is_what_the_events_made(changing: Changing, told: Copy, database_url: str) -> None:
    asked = Copy(database.connect(database_url))
    for customer in changing.customers:
        changing.change_customer(customer)
    told.hear(shuffled(changing.news(), seed=1))
    contacts = clients.GrpcContacts(changing.api.channel)
    assert reproject_customers(contacts=contacts, new_uow=asked.new_uow, clock=lambda: NOON) == len(changing.customers)
    assert asked.state == told.state
    assert len(asked.state[0]) == len(changing.customers)


def test_no_event_is_lost_that_comes_while_the_copy_is_built(changing: Changing, told: Copy, database_url: str) -> None:
    asked = Copy(database.connect(database_url))
    told.hear(changing.news())

    def change() -> None:
        for customer in changing.random.sample(changing.customers, 3):
            changing.change_customer(customer)

    race = Race(changing, told, asked, change)
    reproject_customers(contacts=Slow(race), new_uow=asked.new_uow, clock=lambda: NOON)
    race.settle()
    assert asked.state == told.state


def test_what_went_wrong_in_a_copy_is_mended(changing: Changing, told: Copy) -> None:
    told.hear(changing.news())
    right = told.state
    with told.engine.begin() as connection:
        connection.execute(sa.update(customers).values(display_name="", search=""))
        connection.execute(sa.delete(customer_groups))
    contacts = clients.GrpcContacts(changing.api.channel)
    reproject_customers(contacts=contacts, new_uow=told.new_uow, clock=lambda: NOON)
    assert told.state == right
