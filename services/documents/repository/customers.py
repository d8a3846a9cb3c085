"""The projection of customers in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from libs.access import Caller, Kind
from libs.database import insert
from services.documents.domain.customers import Customer
from services.documents.repository.tables import customer_groups, customers, folded, seen_by


@dataclass(frozen=True)
class SqlCustomers:
    connection: Connection

    def visible(self, customer_id: UUID, caller: Caller) -> bool:
        if caller.kind is Kind.CONTACT:
            return caller.customer_id == customer_id
        seen = sa.select(customers.c.id).where(customers.c.id == customer_id, seen_by(caller, customers.c.id))
        return self.connection.execute(seen).first() is not None

    def add(self, customer: Customer, now: datetime) -> None:
        self._write(customer, now, sa.false())

    def apply(self, customer: Customer, now: datetime) -> None:
        # The same version says the same: written again, it mends a row that went wrong.
        self._write(customer, now, customers.c.version <= customer.version)

    def _write(self, customer: Customer, now: datetime, condition: ColumnElement[bool]) -> None:
        """Insert, or overwrite where the condition holds; its groups too."""
        name = {"display_name": customer.display_name, "search": folded(customer.display_name)[:400]}
        row = {**name, "update_time": now, "version": customer.version}
        new = insert(self.connection, customers).values(id=customer.id, **row)
        written = new.on_conflict_do_update(index_elements=[customers.c.id], set_=row, where=condition)
        if self.connection.execute(written.returning(customers.c.id)).first() is None:
            return
        self.connection.execute(sa.delete(customer_groups).where(customer_groups.c.customer_id == customer.id))
        if customer.groups:
            rows = [{"customer_id": customer.id, "group_id": group} for group in sorted(customer.groups)]
            self.connection.execute(sa.insert(customer_groups), rows)
