"""What notifications keeps of contacts, in SQL: the groups of customers, and who is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.access import Caller
from libs.database import insert
from services.notifications.repository.tables import customer_groups, customers, deleted_contacts, gate, visible


@dataclass(frozen=True)
class SqlCustomers:
    connection: Connection

    def apply(self, customer_id: UUID, version: int, groups: Sequence[UUID]) -> None:
        new = insert(self.connection, customers).values(id=customer_id, version=version)
        taken = new.on_conflict_do_update(
            index_elements=[customers.c.id], set_={"version": version}, where=customers.c.version <= version
        ).returning(customers.c.id)
        if self.connection.execute(taken).first() is None:
            return
        self.connection.execute(sa.delete(customer_groups).where(customer_groups.c.customer_id == customer_id))
        if groups:
            rows = [{"customer_id": customer_id, "group_id": group} for group in sorted(set(groups))]
            self.connection.execute(sa.insert(customer_groups), rows)

    def visible(self, customer_id: UUID, caller: Caller) -> bool:
        return bool(self.connection.execute(sa.select(visible(sa.literal(customer_id, sa.Uuid), caller))).scalar())


@dataclass(frozen=True)
class SqlDeletedContacts:
    connection: Connection

    def add(self, contact_id: UUID, now: datetime, *, erased: bool = False) -> None:
        new = insert(self.connection, deleted_contacts).values(contact_id=contact_id, delete_time=now, erased=erased)
        known = deleted_contacts.c.contact_id
        self.connection.execute(
            new.on_conflict_do_update(index_elements=[known], set_={"erased": True}) if erased else new.on_conflict_do_nothing()
        )

    def remove(self, contact_id: UUID) -> None:
        not_erased = deleted_contacts.c.contact_id == contact_id, deleted_contacts.c.erased.is_(False)
        self.connection.execute(sa.delete(deleted_contacts).where(*not_erased))

    def among(self, contact_ids: Collection[UUID]) -> frozenset[UUID]:
        self.connection.execute(sa.select(gate.c.id).with_for_update(read=True))
        query = sa.select(deleted_contacts.c.contact_id).where(deleted_contacts.c.contact_id.in_(contact_ids))
        return frozenset(self.connection.execute(query).scalars())
