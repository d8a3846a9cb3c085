"""What notifications keeps of a person, in SQL: the same rows that an erasure empties."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.access import Caller
from services.notifications.repository.erasures import OF_PERSON, refused
from services.notifications.repository.tables import dispatches, messages, opens, suppressions, visible


@dataclass(frozen=True)
class SqlPersonalData:
    connection: Connection

    def messages(self, people: Collection[str], caller: Caller) -> Sequence[UUID]:
        told = messages.c.person.in_(people), visible(messages.c.customer_id, caller)
        return (
            self.connection.execute(sa.select(messages.c.id).where(*told).order_by(messages.c.create_time, messages.c.id)).scalars().all()
        )

    def refused_addresses(self, people: Collection[str], caller: Caller) -> Iterator[dict[str, Any]]:
        told = sa.and_(messages.c.person.in_(people), visible(messages.c.customer_id, caller))
        columns = suppressions.c.address, suppressions.c.failure, suppressions.c.create_time
        for row in self.connection.execute(sa.select(*columns).where(refused(told)).order_by(suppressions.c.address)):
            yield dict(row._mapping)  # noqa: SLF001 - the public name of a row as a mapping

    def opens(self, people: Collection[str], caller: Caller) -> Iterator[dict[str, Any]]:
        told = messages.c.person.in_(people), visible(messages.c.customer_id, caller), opens.c.count > 0
        columns = opens.c.message_id, opens.c.count, opens.c.last_time
        query = sa.select(*columns).join(messages, messages.c.id == opens.c.message_id).where(*told)
        for row in self.connection.execute(query.order_by(messages.c.create_time, messages.c.id)):
            yield {"message": f"messages/{row.message_id}", "count": row.count, "last_time": row.last_time}

    def occasions(self, people: Collection[str], caller: Caller) -> Iterator[dict[str, Any]]:
        query = sa.select(dispatches).where(dispatches.c.subject.in_(people), visible(dispatches.c.customer_id, caller))
        for row in self.connection.execute(query.order_by(dispatches.c.create_time, dispatches.c.id)):
            facts = {name: value for name, value in row.facts.items() if name in OF_PERSON}
            yield {"kind": row.kind, "create_time": row.create_time, **facts}
