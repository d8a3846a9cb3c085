"""How sets of permissions and preferences stand in a column."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from services.contacts.domain import Mode, Notification, Permissions, Preferences, Section, TicketScope

_SECTIONS = {section.value: section for section in Section}
_NOTIFICATIONS = {type_.value: type_ for type_ in Notification}


class PermissionsText(sa.TypeDecorator[Permissions]):
    """A set of permissions as JSON text; the same text is read once, because most contacts hold one of a few sets."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Permissions | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(permissions_row(value), sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Permissions | None:
        return None if value is None else _permissions(value)


class PreferencesText(sa.TypeDecorator[Preferences]):
    """Preferences as JSON text, read in the same way."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Preferences | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(preferences_row(value), sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Preferences | None:
        return None if value is None else _preferences(value)


def permissions_row(permissions: Permissions) -> dict[str, str]:
    row = {section.value: mode.name for section, mode in permissions.modes.items()}
    return {**row, "ticket_scope": permissions.ticket_scope.name} if permissions.ticket_scope else row


def preferences_row(preferences: Preferences) -> dict[str, Any]:
    return {"switches": {type_.value: on for type_, on in preferences.switches.items()}, "kinds": dict(preferences.kinds)}


def preferences_of(row: dict[str, Any]) -> Preferences:
    return Preferences({_NOTIFICATIONS[key]: on for key, on in row["switches"].items()}, row["kinds"])


@lru_cache(4096)
def _permissions(text: str) -> Permissions:
    row = json.loads(text)
    scope = row.pop("ticket_scope", None)
    return Permissions({_SECTIONS[key]: Mode[value] for key, value in row.items()}, TicketScope[scope] if scope else None)


@lru_cache(4096)
def _preferences(text: str) -> Preferences:
    return preferences_of(json.loads(text))
