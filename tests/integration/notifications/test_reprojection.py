"""The groups of customers that notifications keeps: built anew from contacts, they are what the events made them."""

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
from services.notifications import repository, wire
from services.notifications.clients.contacts import GrpcCustomers
from services.notifications.repository.tables import customer_groups, customers
from services.notifications.service.planning import keep_customer, reproject_customers
from tests.integration.contacts.conftest import running
from tests.integration.contacts.copies import Changing, Race, shuffled

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@dataclass
class Copy:
    engine: Engine

    def __post_init__(self) -> None:
        database.migrate(self.engine, "services.notifications")
        self.new_uow = partial(repository.SqlUnitOfWork, self.engine, "notifications", lambda: NOON)

    def hear(self, events: Sequence[tuple[UUID, Message]]) -> None:
        for event_id, message in events:
            if isinstance(message, CustomerCreated | CustomerUpdated):
                groups = [wire.id_of(group) for group in message.snapshot.groups]
                keep_customer(wire.id_of(message.customer), message.version, groups, event_id, uow=self.new_uow())

    @property
    def state(self) -> list[set[Any]]:
        with self.engine.connect() as connection:
            return [{tuple(row) for row in connection.execute(sa.select(table))} for table in (customers, customer_groups)]


@pytest.fixture
def changing(tmp_path: Any) -> Iterator[Changing]:
    with running(f"sqlite:///{tmp_path}/contacts.db") as api:
        yield Changing(api, seed=8)


def test_a_copy_built_anew_is_what_the_events_made_also_when_some_come_meanwhile(
    changing: Changing, tmp_path: Any, database_url: str
) -> None:
    told, asked = Copy(database.connect(f"sqlite:///{tmp_path}/told.db")), Copy(database.connect(database_url))
    told.hear(shuffled(changing.news(), seed=1))
    race = Race(changing, told, asked, lambda: changing.change_customer(changing.random.choice(changing.customers)))
    known = GrpcCustomers(changing.api.channel)
    assert reproject_customers(race.slowly(known.every()), new_uow=asked.new_uow) == len(changing.customers)
    race.settle()
    assert asked.state == told.state
    assert len(asked.state[0]) == len(changing.customers)
