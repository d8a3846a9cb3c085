"""The settings in SQL: one row, made by the migration."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.errors import Aborted
from services.identity.domain.settings import IdentitySettings
from services.identity.repository.tables import identity_settings

_COLUMNS = [column for column in identity_settings.c if column.name != "id"]


@dataclass(frozen=True)
class SqlSettings:
    connection: Connection

    def current(self) -> IdentitySettings:
        row = self.connection.execute(sa.select(*_COLUMNS)).one()
        return IdentitySettings(**row._mapping)  # noqa: SLF001 - the public name of a row as a mapping

    def save(self, settings: IdentitySettings) -> IdentitySettings:
        saved = replace(settings, version=settings.version + 1)
        unchanged = sa.update(identity_settings).where(identity_settings.c.version == settings.version)
        if self.connection.execute(unchanged.values(asdict(saved))).rowcount != 1:
            raise Aborted("the settings were changed by someone else")
        return saved
