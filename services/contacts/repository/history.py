"""What decided, and since when: a row for every state of a contact, an affiliation, a customer and the settings. Rows are added, never
changed, and hold nothing personal. Whoever writes one of those tables appends here, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from libs.database import UtcDateTime
from services.contacts.repository.sets import PermissionsText, PreferencesText
from services.contacts.repository.tables import affiliations, contact_groups, contacts, customers, metadata, settings


def _versions(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """Return a table of states. time: from when on it was so. ended: from then on there was none."""
    return sa.Table(
        name,
        metadata,
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        *columns,
    )


contact_versions = _versions(
    "contact_versions",
    sa.Column("contact_id", sa.Uuid, nullable=False),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("language_code", sa.Text, nullable=False),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("access_enabled", sa.Boolean, nullable=False),
    sa.Column("access_start_date", sa.Date),
    sa.Column("access_end_date", sa.Date),
    sa.Column("block_ticket_email", sa.Boolean, nullable=False),
    sa.Column("do_not_call", sa.Boolean, nullable=False),
    sa.Column("newsletter", sa.Boolean, nullable=False),
    sa.Column("open_tracking", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("groups", sa.Text, nullable=False),  # ids with commas between
    sa.Index("ix_contact_versions_contact_id_seq", "contact_id", "seq"),
)
affiliation_versions = _versions(
    "affiliation_versions",
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("contact_id", sa.Uuid, nullable=False),
    sa.Column("contact_role_id", sa.Uuid),
    sa.Column("permissions", PermissionsText, nullable=False),
    sa.Column("preferences", PreferencesText, nullable=False),
    sa.Column("create_time", UtcDateTime, nullable=False),
    sa.Index("ix_affiliation_versions_customer_id_contact_id_seq", "customer_id", "contact_id", "seq"),
    sa.Index("ix_affiliation_versions_contact_id_customer_id", "contact_id", "customer_id"),
)
customer_versions = _versions(
    "customer_versions",
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("permissions", PermissionsText, nullable=False),
    sa.Column("primary_contact_id", sa.Uuid),
    sa.Index("ix_customer_versions_customer_id_seq", "customer_id", "seq"),
)
settings_versions = _versions("settings_versions", sa.Column("default_permissions", PermissionsText, nullable=False))


@dataclass(frozen=True)
class _History:
    """Where the states of a table are kept. special: columns that are no column of the table under the same name."""

    versions: sa.Table
    source: sa.Table
    special: Mapping[str, ColumnElement[Any]]

    def append(self, connection: Connection, which: ColumnElement[bool], **instead: Any) -> None:
        """Append the rows `which` as they stand. instead: columns that become something else in this transaction."""
        names = [column.name for column in self.versions.c if column.name != "seq"]
        values = {name: self._value(name, instead) for name in names}
        rows = sa.select(*(value.label(name) for name, value in values.items())).select_from(self.source).where(which)
        connection.execute(sa.insert(self.versions).from_select(names, rows))

    def _value(self, name: str, instead: Mapping[str, Any]) -> ColumnElement[Any]:
        if name in instead:
            given = instead[name]
            return given if isinstance(given, ColumnElement) else sa.literal(given, self.versions.c[name].type)
        return self.special[name] if name in self.special else self.source.c[name]


_HELD_GROUPS = (
    sa.select(sa.func.aggregate_strings(sa.cast(contact_groups.c.group_id, sa.Text), ","))
    .where(contact_groups.c.contact_id == contacts.c.id)
    .scalar_subquery()
)
_CONTACTS = _History(
    contact_versions,
    contacts,
    {
        "time": contacts.c.update_time,
        "ended": sa.false(),
        "contact_id": contacts.c.id,
        "groups": sa.func.coalesce(_HELD_GROUPS, sa.literal("", sa.Text)),
    },
)
_AFFILIATIONS = _History(affiliation_versions, affiliations, {"ended": sa.false()})
_CUSTOMERS = _History(customer_versions, customers, {"time": customers.c.update_time, "ended": sa.false(), "customer_id": customers.c.id})
_SETTINGS = _History(settings_versions, settings, {"ended": sa.false()})


def keep_contact(connection: Connection, contact_id: UUID) -> None:
    """Append a contact as it stands now, with its groups, since its update_time."""
    _CONTACTS.append(connection, contacts.c.id == contact_id)


def keep_contacts(connection: Connection, contact_ids: Collection[UUID]) -> None:
    """Do the same for many."""
    _CONTACTS.append(connection, contacts.c.id.in_(contact_ids))


def keep_affiliations(connection: Connection, time: datetime, which: ColumnElement[bool], **instead: Any) -> None:
    """Append the affiliations `which` as they stand, since `time`. instead: columns that become something else in this transaction."""
    _AFFILIATIONS.append(connection, which, time=time, **instead)


def keep_customer(connection: Connection, customer_id: UUID) -> None:
    """Append a customer as it stands now, since its update_time."""
    _CUSTOMERS.append(connection, customers.c.id == customer_id)


def keep_customers(connection: Connection, customer_ids: Collection[UUID]) -> None:
    """Do the same for many."""
    _CUSTOMERS.append(connection, customers.c.id.in_(customer_ids))


def keep_settings(connection: Connection, time: datetime) -> None:
    _SETTINGS.append(connection, sa.true(), time=time)


def end_affiliations(connection: Connection, time: datetime, which: ColumnElement[bool]) -> None:
    """Say that the affiliations `which` end; before they are deleted."""
    keep_affiliations(connection, time, which, ended=True, version=affiliations.c.version + 1)


def end_contact(connection: Connection, time: datetime, contact_id: UUID) -> None:
    """Say that a contact and its affiliations end; before they are deleted."""
    end_affiliations(connection, time, affiliations.c.contact_id == contact_id)
    _CONTACTS.append(connection, contacts.c.id == contact_id, time=time, ended=True, version=contacts.c.version + 1)
