"""Addresses that take no mail, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.database import insert
from services.notifications.domain.selection import fold
from services.notifications.repository.tables import suppressions


@dataclass(frozen=True)
class SqlSuppressions:
    connection: Connection

    def among(self, addresses: Collection[str]) -> frozenset[str]:
        folded = {fold(address) for address in addresses if address}
        if not folded:
            return frozenset()
        found = self.connection.execute(sa.select(suppressions.c.address).where(suppressions.c.address.in_(folded)))
        return frozenset(found.scalars())

    def add(self, address: str, failure: str, message_id: UUID, now: datetime) -> None:
        row = {"address": fold(address), "failure": failure, "message_id": message_id, "create_time": now}
        self.connection.execute(insert(self.connection, suppressions).values(row).on_conflict_do_nothing())
