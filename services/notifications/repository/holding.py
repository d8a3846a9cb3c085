"""The switch that holds all mail, in SQL."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.notifications.domain.holding import Hold
from services.notifications.repository.tables import holding


@dataclass(frozen=True)
class SqlHolding:
    connection: Connection

    def get(self, *, lock: bool = False, share: bool = False) -> Hold:
        query = sa.select(holding.c.hold_time, holding.c.restore_time)
        row = self.connection.execute(query.with_for_update(read=share) if lock or share else query).one()
        return Hold(row.hold_time, row.restore_time)

    def save(self, hold: Hold) -> None:
        self.connection.execute(sa.update(holding).values(asdict(hold)))
