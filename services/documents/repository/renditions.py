"""Where the stored copies are, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.documents.domain.renditions import Rendition
from services.documents.repository.tables import renditions

LEASE = timedelta(minutes=1)


@dataclass(frozen=True)
class SqlRenditions:
    connection: Connection

    def get(self, invoice_id: UUID) -> Rendition:
        row = self.connection.execute(sa.select(renditions).where(renditions.c.invoice_id == invoice_id)).one()
        return Rendition(row.invoice_id, row.key, row.sha256 or b"", row.size)

    def add(self, rendition: Rendition) -> None:
        self.connection.execute(sa.insert(renditions).values(invoice_id=rendition.invoice_id, key=rendition.key, size=0))

    def complete(self, rendition: Rendition, now: datetime) -> None:
        missing = (renditions.c.invoice_id == rendition.invoice_id, renditions.c.sha256.is_(None))
        stored = {"sha256": rendition.sha256, "size": rendition.size, "store_time": now, "lease_until": None}
        self.connection.execute(sa.update(renditions).where(*missing).values(stored))

    def claim(self, limit: int, now: datetime) -> Sequence[UUID]:
        free = sa.or_(renditions.c.lease_until.is_(None), renditions.c.lease_until < now)
        missing = (
            sa.select(renditions.c.invoice_id).where(renditions.c.sha256.is_(None), free).order_by(renditions.c.invoice_id).limit(limit)
        )
        due = self.connection.execute(missing.with_for_update(skip_locked=True)).scalars().all()
        if due:
            self.connection.execute(sa.update(renditions).where(renditions.c.invoice_id.in_(due)).values(lease_until=now + LEASE))
        return due
