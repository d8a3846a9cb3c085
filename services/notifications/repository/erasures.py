"""What is emptied when a person is erased, in SQL: addresses, names, bodies, opens, what mail servers said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from services.notifications.repository.tables import attempts, dispatches, gate, messages, opens, suppressions

# What a dispatch knows of a person; every other fact is of the document, or of the organisation.
OF_PERSON = ("device", "landing")
_OF_CUSTOMER = ("company_name",)


def refused(told: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the addresses that take no mail among those of the messages `told`."""
    ids = sa.select(messages.c.id).where(told)
    addresses = sa.select(messages.c.folded_address).where(told, messages.c.folded_address != "")
    return sa.or_(suppressions.c.message_id.in_(ids), suppressions.c.address.in_(addresses))


@dataclass(frozen=True)
class SqlErasures:
    connection: Connection

    def close_gate(self) -> None:
        self.connection.execute(sa.select(gate.c.id).with_for_update())

    def erase(self, people: Collection[str], customer_ids: Collection[UUID]) -> int:
        told = messages.c.person.in_(people)
        ids = sa.select(messages.c.id).where(told)
        count = self._rowcount(sa.delete(suppressions).where(refused(told)))
        self._rowcount(sa.delete(opens).where(opens.c.message_id.in_(ids)))
        self._rowcount(sa.update(attempts).where(attempts.c.message_id.in_(ids)).values(reply=""))
        count += self._empty_messages(told)
        return count + self._without_facts(dispatches.c.subject.in_(people), OF_PERSON) + self._of_customers(customer_ids)

    def _empty_messages(self, told: ColumnElement[bool]) -> int:
        """A message without a revision has no body; whoever transmits one at this moment has lost it."""
        transmitting = messages.c.state == "TRANSMITTING"
        empty = {"to_address": "", "folded_address": "", "first_name": "", "last_name": "", "words": "", "revision": ""}
        self._rowcount(sa.update(messages).where(told, transmitting).values(attempt=messages.c.attempt + 1))
        return self._rowcount(sa.update(messages).where(told).values(version=messages.c.version + 1, open_time=None, **empty))

    def _of_customers(self, customer_ids: Collection[UUID]) -> int:
        return self._without_facts(dispatches.c.customer_id.in_(customer_ids), _OF_CUSTOMER) if customer_ids else 0

    def _without_facts(self, which: ColumnElement[bool], names: Collection[str]) -> int:
        count = 0
        for row in self.connection.execute(sa.select(dispatches.c.id, dispatches.c.facts).where(which)).all():
            left = {name: value for name, value in row.facts.items() if name not in names}
            if left != row.facts:
                count += self._rowcount(sa.update(dispatches).where(dispatches.c.id == row.id).values(facts=left))
        return count

    def _rowcount(self, statement: sa.Update | sa.Delete) -> int:
        return self.connection.execute(statement).rowcount
