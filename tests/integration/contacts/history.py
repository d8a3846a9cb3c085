"""The history against the present: what the tests of everything that writes may ask."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from services.contacts.repository import history
from services.contacts.repository.tables import affiliations, contact_groups, contacts, customers, settings

OWN = {"seq", "time", "ended"}


def assert_history_ends_in_the_present(engine: Engine) -> None:
    """Check that the last state of everything is what its table holds, and that what is gone has ended."""
    with engine.connect() as connection:
        for versions, table, keys in (
            (history.contact_versions, contacts, {"contact_id": "id"}),
            (history.affiliation_versions, affiliations, {"customer_id": "customer_id", "contact_id": "contact_id"}),
            (history.customer_versions, customers, {"customer_id": "id"}),
            (history.settings_versions, settings, {}),
        ):
            assert _last(connection, versions, list(keys)) == _present(connection, versions, table, keys), versions.name


def _last(connection: Connection, versions: sa.Table, keys: list[str]) -> set[Any]:
    last: dict[Any, Any] = {}
    for row in connection.execute(sa.select(versions).order_by(versions.c.seq)).mappings():
        state = frozenset((name, _plain(name, value)) for name, value in row.items() if name not in OWN)
        last[tuple(row[name] for name in keys)] = None if row["ended"] else state
    return set(last.values()) - {None}


def _present(connection: Connection, versions: sa.Table, table: sa.Table, keys: dict[str, str]) -> set[Any]:
    names = [column.name for column in versions.c if column.name not in OWN | {"groups"}]
    of_contact = [(row.contact_id, row.group_id) for row in connection.execute(sa.select(contact_groups))]
    found = set()
    for row in connection.execute(sa.select(*(table.c[keys.get(name, name)].label(name) for name in names))).mappings():
        state = dict(row)
        if "groups" in versions.c:
            state["groups"] = frozenset(group for contact, group in of_contact if contact == row["contact_id"])
        found.add(frozenset(state.items()))
    return found


def _plain(name: str, value: Any) -> Any:
    return frozenset(UUID(text) for text in value.split(",") if text) if name == "groups" else value
