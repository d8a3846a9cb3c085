"""Settings and numbers in SQL."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.database import insert
from libs.errors import Aborted
from services.documents.domain.settings import Kind, Settings
from services.documents.repository.invoices import tax_identity
from services.documents.repository.tables import numbers, settings

_ROW = settings.c.id == 1  # the migration made it


@dataclass(frozen=True)
class SqlSettings:
    connection: Connection

    def get(self) -> Settings:
        return self._one(sa.select(settings).where(_ROW))

    def hold(self) -> Settings:
        return self._one(sa.select(settings).where(_ROW).with_for_update())

    def _one(self, query: sa.Select[tuple[object, ...]]) -> Settings:
        row = self.connection.execute(query).one()
        return Settings(
            issuer=tax_identity(row.issuer),
            iban=row.iban,
            currency_code=row.currency_code,
            series={Kind(kind): form for kind, form in row.series.items()},
            payment_term_days=row.payment_term_days,
            version=row.version,
        )

    def save(self, changed: Settings) -> Settings:
        saved = replace(changed, version=changed.version + 1)
        values = asdict(saved) | {"series": {kind.value: form for kind, form in saved.series.items()}}
        if self.connection.execute(sa.update(settings).where(_ROW, settings.c.version == changed.version).values(values)).rowcount != 1:
            raise Aborted("the settings were changed by someone else")
        return saved


@dataclass(frozen=True)
class SqlNumbers:
    connection: Connection

    def next(self, series: Kind, year: int) -> int:
        """Take the next number of the series; its row stays locked until the commit, so a rollback leaves no gap."""
        first = insert(self.connection, numbers).values(kind=series.value, year=year, last=1)
        taken = first.on_conflict_do_update(index_elements=[numbers.c.kind, numbers.c.year], set_={"last": numbers.c.last + 1})
        return int(self.connection.execute(taken.returning(numbers.c.last)).scalar_one())
