"""Dispatches in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.access import Caller
from libs.database.listing import Columns, select_page
from libs.errors import NotFound
from libs.listing import Listing
from services.notifications.domain.messages import Dispatch
from services.notifications.repository.tables import dispatches, messages, visible

_NAMES = [column.name for column in dispatches.columns]
_COLUMNS: Columns = {
    "create_time": dispatches.c.create_time,
    "kind": dispatches.c.kind,
    "subject": dispatches.c.subject,
    "customer": dispatches.c.customer_id,
}


@dataclass(frozen=True)
class SqlDispatches:
    connection: Connection

    def add(self, new: Sequence[Dispatch]) -> None:
        if new:
            self.connection.execute(sa.insert(dispatches), [{name: getattr(one, name) for name in _NAMES} for one in new])

    def decided(self, event_ids: Collection[UUID]) -> set[tuple[UUID, str, str]]:
        columns = dispatches.c.event_id, dispatches.c.kind, dispatches.c.subject
        rows = self.connection.execute(sa.select(*columns).where(dispatches.c.event_id.in_(event_ids)))
        return {(row.event_id, row.kind, row.subject) for row in rows}

    def get(self, dispatch_id: UUID, caller: Caller) -> Dispatch:
        query = sa.select(dispatches).where(dispatches.c.id == dispatch_id, visible(dispatches.c.customer_id, caller))
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"dispatches/{dispatch_id} does not exist")
        return dispatch_of(row)

    def page(self, caller: Caller, listing: Listing) -> tuple[Sequence[Dispatch], str]:
        query = sa.select(dispatches).where(visible(dispatches.c.customer_id, caller))
        rows, token = select_page(self.connection, query, listing, _COLUMNS, dispatches.c.id)
        return [dispatch_of(row) for row in rows], token

    def counts(self, dispatch_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, int]]:
        query = (
            sa.select(messages.c.dispatch_id, messages.c.state, sa.func.count())
            .where(messages.c.dispatch_id.in_(dispatch_ids))
            .group_by(messages.c.dispatch_id, messages.c.state)
        )
        found: dict[UUID, dict[str, int]] = defaultdict(dict)
        for dispatch_id, state, count in self.connection.execute(query):
            found[dispatch_id][state] = count
        return found


def dispatch_of(row: Row[tuple[object, ...]]) -> Dispatch:
    return Dispatch(**{name: getattr(row, name) for name in _NAMES})
