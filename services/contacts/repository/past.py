"""Contacts and affiliations as they were at an instant, from the history; who may see them is asked of today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.database.listing import select_page
from libs.errors import NotFound
from libs.listing import Listing
from services.contacts.domain import (
    Affiliation,
    AffiliationView,
    Contact,
    ContactNotFound,
    ContactView,
    Direction,
    PortalAccess,
    Sight,
    State,
    effective,
)
from services.contacts.repository.history import affiliation_versions, contact_versions, customer_versions, settings_versions
from services.contacts.repository.tables import contacts, customers
from services.contacts.repository.visible import contact_visible, customer_visible


@dataclass(frozen=True)
class SqlPast:
    connection: Connection

    def contact(self, contact_id: UUID, time: datetime, sight: Sight) -> ContactView:
        then = _at(contact_versions, time, "contact_id")
        today = (contacts.c.first_name, contacts.c.last_name, contacts.c.create_time)
        query = sa.select(then, *today).join(contacts, contacts.c.id == then.c.contact_id)
        row = self.connection.execute(query.where(contacts.c.id == contact_id, contact_visible(sight))).one_or_none()
        if row is None:
            raise ContactNotFound(f"contact {contact_id} did not exist then")
        acted = self.connection.execute(_views(time, sight).where(contacts.c.id == contact_id))
        views = sorted((_view(one) for one in acted), key=lambda view: view.affiliation.customer_id != row.customer_id)
        return ContactView(_contact(row), tuple(views))

    def affiliation(self, customer_id: UUID, contact_id: UUID, time: datetime, sight: Sight) -> AffiliationView:
        query = _views(time, sight).where(customers.c.id == customer_id, contacts.c.id == contact_id)
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"contact {contact_id} did not act for customer {customer_id} then")
        return _view(row)

    def affiliations(
        self, customer_id: UUID | None, time: datetime, listing: Listing, sight: Sight
    ) -> tuple[Sequence[AffiliationView], str]:
        query = _views(time, sight)
        if customer_id is not None:
            query = query.where(customers.c.id == customer_id)
        then = query.selected_columns
        order = sa.case((then.primary, 0), else_=1) if customer_id is not None else customers.c.sort_name
        id_column = contacts.c.id if customer_id is not None else customers.c.id
        columns = {"contact": contacts.c.id, "contact_role": then.contact_role_id, "order": order}
        rows, token = select_page(self.connection, query, listing, columns, id_column)
        return [_view(row) for row in rows], token


def _at(versions: sa.Table, time: datetime, *key: str) -> sa.Subquery:
    """Return the rows that held at `time`. key: what the states of one thing have in common."""
    earlier = versions.alias()
    same = (earlier.c[name] == versions.c[name] for name in key)
    newest = sa.select(sa.func.max(earlier.c.seq)).where(*same, earlier.c.time <= time).scalar_subquery()
    return sa.select(versions).where(versions.c.seq == newest, sa.not_(versions.c.ended)).subquery()


def _views(time: datetime, sight: Sight) -> sa.Select[Any]:
    """Return who acted for whom at `time`, of those whom the reader may see today."""
    pair, owner = _at(affiliation_versions, time, "customer_id", "contact_id"), _at(customer_versions, time, "customer_id")
    default = _at(settings_versions, time)
    joined = (
        pair.join(contacts, contacts.c.id == pair.c.contact_id)
        .join(customers, customers.c.id == pair.c.customer_id)
        .join(owner, owner.c.customer_id == pair.c.customer_id)
        .join(default, sa.true())
    )
    held = (pair.c.customer_id, pair.c.contact_id, pair.c.contact_role_id, pair.c.permissions, pair.c.preferences, pair.c.version)
    primary = (owner.c.primary_contact_id == pair.c.contact_id).label("primary")
    inherited = (owner.c.permissions.label("customer_permissions"), default.c.default_permissions)
    names = (pair.c.create_time, contacts.c.first_name, contacts.c.last_name)
    return sa.select(*held, primary, *inherited, *names).select_from(joined).where(contact_visible(sight), customer_visible(sight))


def _view(row: Row[Any]) -> AffiliationView:
    affiliation = Affiliation(
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        create_time=row.create_time,
        contact_role_id=row.contact_role_id,
        permissions=row.permissions,
        preferences=row.preferences,
        version=row.version,
    )
    counting = effective(row.permissions, row.customer_permissions, row.default_permissions)
    return AffiliationView(affiliation, row.primary, counting, f"{row.first_name} {row.last_name}".strip(), "", past=True)


def _contact(row: Row[Any]) -> Contact:
    return Contact(
        id=row.contact_id,
        customer_id=row.customer_id,
        first_name=row.first_name,
        last_name=row.last_name,
        create_time=row.create_time,
        update_time=row.time,
        state=State[row.state],
        language_code=row.language_code,
        direction=Direction[row.direction],
        access=PortalAccess(row.access_enabled, row.access_start_date, row.access_end_date),
        block_ticket_email=row.block_ticket_email,
        do_not_call=row.do_not_call,
        newsletter=row.newsletter,
        open_tracking=row.open_tracking,
        groups=frozenset(UUID(text) for text in row.groups.split(",") if text),
        version=row.version,
    )
