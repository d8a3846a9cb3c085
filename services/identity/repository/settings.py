"""The one row of settings."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.identity.domain.settings import IdentitySettings
from services.identity.repository.tables import identity_settings


@dataclass(frozen=True)
class SqlSettings:
    connection: Connection

    def current(self) -> IdentitySettings:
        row = self.connection.execute(sa.select(identity_settings)).one()
        return IdentitySettings(
            self_service_reset=row.self_service_reset,
            magic_link_lifetime_days=row.magic_link_lifetime_days,
            administrators_need_second_factor=row.administrators_need_second_factor,
            contacts_may_use_second_factor=row.contacts_may_use_second_factor,
            version=row.version,
        )
