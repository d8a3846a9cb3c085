"""Suppressed addresses, template revisions, and what notifications keeps of contacts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.access import Caller
from libs.database import insert
from libs.errors import NotFound
from services.notifications.domain.selection import fold
from services.notifications.domain.templates import Source
from services.notifications.repository.tables import customer_groups, customers, deleted_contacts, suppressions, template_revisions, visible


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


@dataclass(frozen=True)
class SqlCustomers:
    connection: Connection

    def apply(self, customer_id: UUID, version: int, groups: Sequence[UUID]) -> None:
        new = insert(self.connection, customers).values(id=customer_id, version=version)
        taken = new.on_conflict_do_update(
            index_elements=[customers.c.id], set_={"version": version}, where=customers.c.version < version
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

    def add(self, contact_id: UUID, now: datetime) -> None:
        new = insert(self.connection, deleted_contacts).values(contact_id=contact_id, delete_time=now)
        self.connection.execute(new.on_conflict_do_nothing())


@dataclass(frozen=True)
class SqlRevisions:
    connection: Connection

    def keep(self, sources: Iterable[Source], now: datetime) -> None:
        known = set(self.connection.execute(sa.select(template_revisions.c.revision)).scalars())
        table = template_revisions.c
        for source in sources:
            if source.revision in known:
                continue
            same = (table.kind == source.kind, table.language == source.language, table.reason == source.reason)
            latest = self.connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.number), 0)).where(*same)).scalar_one()
            words = {name: getattr(source, name) for name in ("kind", "language", "reason", "subject", "preheader", "text", "html")}
            row = {"revision": source.revision, "number": latest + 1, "create_time": now, **words}
            self.connection.execute(insert(self.connection, template_revisions).values(row).on_conflict_do_nothing())

    def _row(self, revision: str) -> sa.Row[tuple[object, ...]]:
        row = self.connection.execute(sa.select(template_revisions).where(template_revisions.c.revision == revision)).one_or_none()
        if row is None:
            raise NotFound(f"template revision {revision} does not exist")
        return row

    def get(self, revision: str) -> Source:
        row = self._row(revision)
        return Source(row.kind, row.language, row.reason, row.subject, row.preheader, row.text, row.html)

    def number(self, revision: str) -> int:
        return int(self._row(revision).number)
