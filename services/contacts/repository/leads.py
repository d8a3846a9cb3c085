"""Leads in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database.listing import select_page
from libs.errors import Aborted
from libs.listing import Listing, Value
from services.contacts.domain import ContactPoint, Lead, LeadNotFound, LeadState, PointKind, PostalAddress, Sight
from services.contacts.repository.customers import groups_of, in_group, set_groups
from services.contacts.repository.search import exact_words, holds
from services.contacts.repository.tables import contacts, lead_groups, leads
from services.contacts.repository.visible import contact_visible, lead_visible


@dataclass(frozen=True)
class SqlLeads:
    connection: Connection

    def get(self, lead_id: UUID, sight: Sight, *, lock: bool = False) -> Lead:
        query = sa.select(leads).where(leads.c.id == lead_id, lead_visible(sight))
        row = self.connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise LeadNotFound(f"lead {lead_id} does not exist")
        return _lead(row, groups_of(self.connection, lead_groups, [lead_id])[lead_id])

    def shown(self, found: Sequence[Lead], sight: Sight) -> list[Lead]:
        """Return the leads as the caller may see them: without a contact that is hidden from it."""
        ids = {one.contact_id for one in found if one.contact_id is not None}
        if sight.everything or not ids:
            return list(found)
        seen = set(self.connection.execute(sa.select(contacts.c.id).where(contacts.c.id.in_(ids), contact_visible(sight))).scalars())
        return [one if one.contact_id in seen else replace(one, contact_id=None) for one in found]

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[Lead], str]:
        query = sa.select(leads).where(lead_visible(sight), *(holds(leads.c.search, word) for word in exact_words(listing.query)))
        rows, token = select_page(self.connection, query, listing, _columns(sight), leads.c.id)
        groups = groups_of(self.connection, lead_groups, [row.id for row in rows])
        return self.shown([_lead(row, groups[row.id]) for row in rows], sight), token

    def add(self, lead: Lead) -> None:
        self.connection.execute(sa.insert(leads).values(_row(lead)))
        set_groups(self.connection, lead_groups, lead.id, lead.groups)

    def save(self, lead: Lead) -> Lead:
        saved = replace(lead, version=lead.version + 1)
        unchanged = (leads.c.id == lead.id, leads.c.version == lead.version)
        if self.connection.execute(sa.update(leads).where(*unchanged).values(_row(saved))).rowcount != 1:
            raise Aborted(f"lead {lead.id} was changed by someone else")
        set_groups(self.connection, lead_groups, lead.id, lead.groups)
        return saved

    def of_contact(self, contact_id: UUID) -> list[Lead]:
        """Return the leads that a contact was, whoever may see them; nobody changes them before the commit."""
        query = sa.select(leads).where(leads.c.contact_id == contact_id).order_by(leads.c.id).with_for_update()
        rows = self.connection.execute(query).all()
        groups = groups_of(self.connection, lead_groups, [row.id for row in rows])
        return [_lead(row, groups[row.id]) for row in rows]

    def delete(self, lead: Lead) -> None:
        self.connection.execute(sa.delete(leads).where(leads.c.id == lead.id))


def _columns(sight: Sight) -> dict[str, Any]:
    def group(compared: str, value: Value) -> ColumnElement[bool]:
        found = in_group(compared, value, lead_groups.c.lead_id == leads.c.id, lead_groups.c.group_id)
        return sa.not_(found) if compared == "!=" else found

    def contact(compared: str, value: Value) -> ColumnElement[bool]:
        wanted = sa.true() if value is None else contacts.c.id == value
        found = sa.exists().where(contacts.c.id == leads.c.contact_id, wanted, contact_visible(sight))
        return found if (compared == "!=") is (value is None) else sa.not_(found)

    return {
        "state": leads.c.state,
        "owner": leads.c.owner_id,
        "origin": leads.c.origin,
        "group": group,
        "contact": contact,
        "create_time": leads.c.create_time,
        "last_name": leads.c.sort_name,
    }


def _row(lead: Lead) -> dict[str, Any]:
    return {
        "id": lead.id,
        "state": lead.state.name,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "sort_name": lead.sort_name,
        "search": lead.search_text,
        "company": lead.company,
        "position": lead.position,
        "email": lead.email,
        "contact_points": [[point.kind.name, point.value, point.label] for point in lead.contact_points],
        "address": {key: value for key, value in asdict(lead.address).items() if value},
        "origin": lead.origin,
        "owner_id": lead.owner_id,
        "language_code": lead.language_code,
        "newsletter": lead.newsletter,
        "contact_id": lead.contact_id,
        "create_time": lead.create_time,
        "version": lead.version,
    }


def _lead(row: Row[Any], groups: frozenset[UUID]) -> Lead:
    return Lead(
        id=row.id,
        last_name=row.last_name,
        create_time=row.create_time,
        state=LeadState[row.state],
        first_name=row.first_name,
        company=row.company,
        position=row.position,
        email=row.email,
        contact_points=tuple(ContactPoint(PointKind[kind], value, label) for kind, value, label in row.contact_points),
        address=PostalAddress(**row.address),
        origin=row.origin,
        owner_id=row.owner_id,
        language_code=row.language_code,
        groups=groups,
        newsletter=row.newsletter,
        contact_id=row.contact_id,
        version=row.version,
    )
