"""The words of templates that were sent, in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.database import insert
from libs.errors import NotFound
from services.notifications.domain.templates import Source
from services.notifications.repository.tables import template_revisions


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
