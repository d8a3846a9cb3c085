"""The settings in SQL: one row, made by the migration."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.errors import Aborted
from libs.unit_of_work import Clock
from services.contacts.domain import Block, ContactsSettings, Modules, Permissions, Profile
from services.contacts.repository.history import keep_settings
from services.contacts.repository.sets import preferences_of, preferences_row
from services.contacts.repository.tables import settings


@dataclass(frozen=True)
class SqlSettings:
    connection: Connection
    clock: Clock

    def get(self, *, lock: bool = False) -> ContactsSettings:
        query = sa.select(settings)
        row = self.connection.execute(query.with_for_update() if lock else query).one()
        return ContactsSettings(
            organization_name=row.organization_name,
            time_zone=row.time_zone,
            language_code=row.language_code,
            modules=Modules(row.membership, row.reserved_area, row.custom_fields),
            hidden_blocks=frozenset(Block[name] for name in (row.hidden_blocks or "").split()),
            default_permissions=row.default_permissions,
            default_preferences=row.default_preferences,
            profiles=tuple(Profile(id_, it, en, preferences_of(chosen)) for id_, it, en, chosen in row.profiles),
            version=row.version,
        )

    def save(self, changed: ContactsSettings) -> ContactsSettings:
        saved = replace(changed, version=changed.version + 1)
        unchanged = sa.update(settings).where(settings.c.version == changed.version)
        if self.connection.execute(unchanged.values(_row(saved))).rowcount != 1:
            raise Aborted("the settings were changed by someone else")
        keep_settings(self.connection, self.clock())
        return saved


def default_permissions(connection: Connection) -> Permissions:
    found: Permissions = connection.execute(sa.select(settings.c.default_permissions)).scalar_one()
    return found


def _row(domain: ContactsSettings) -> dict[str, Any]:
    return {
        "organization_name": domain.organization_name,
        "time_zone": domain.time_zone,
        "language_code": domain.language_code,
        **asdict(domain.modules),
        "hidden_blocks": " ".join(sorted(block.name for block in domain.hidden_blocks)),
        "default_permissions": domain.default_permissions,
        "default_preferences": domain.default_preferences,
        "profiles": [[one.id, one.label_it, one.label_en, preferences_row(one.preferences)] for one in domain.profiles],
        "version": domain.version,
    }
