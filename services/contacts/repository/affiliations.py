"""Affiliations in SQL, and the candidates of notifications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database import insert, insert_all
from libs.database.listing import select_page
from libs.errors import Aborted, NotFound
from libs.listing import Listing
from libs.unit_of_work import Clock
from services.contacts.domain import (
    NO_PERMISSIONS,
    Affiliation,
    AffiliationView,
    AlreadyAffiliated,
    Candidate,
    Candidates,
    Direction,
    Party,
    Permissions,
    Query,
    Sight,
    State,
    effective,
)
from services.contacts.repository.history import end_affiliations, keep_affiliations
from services.contacts.repository.search import refresh_contacts
from services.contacts.repository.settings import SqlSettings, default_permissions
from services.contacts.repository.tables import affiliations, contacts, customers, deleted_contacts
from services.contacts.repository.visible import affiliation_visible

# One statement gives the affiliations of a customer with their primary flag, so that no reader sees none or two.
PRIMARY = (affiliations.c.primary_contact_id == affiliations.c.contact_id).label("primary")
_RANK = sa.case((PRIMARY, 0), else_=1)


@dataclass(frozen=True)
class SqlAffiliations:
    connection: Connection
    clock: Clock

    def get(self, customer_id: UUID, contact_id: UUID) -> Affiliation:
        row = self.connection.execute(sa.select(affiliations).where(_of_pair(customer_id, contact_id))).one_or_none()
        if row is None:
            raise _missing(customer_id, contact_id)
        return affiliation_of(row)

    def view(self, customer_id: UUID, contact_id: UUID, sight: Sight) -> AffiliationView:
        found = affiliations.c.customer_id == customer_id, affiliations.c.contact_id == contact_id
        row = self.connection.execute(_views(sight).where(*found)).one_or_none()
        if row is None:
            raise _missing(customer_id, contact_id)
        return _view(row, default_permissions(self.connection))

    def page(self, customer_id: UUID | None, listing: Listing, sight: Sight) -> tuple[Sequence[AffiliationView], str]:
        query = _views(sight)
        if customer_id is not None:
            query = query.where(affiliations.c.customer_id == customer_id)
        order = _RANK if customer_id is not None else customers.c.sort_name
        id_column = affiliations.c.contact_id if customer_id is not None else affiliations.c.customer_id
        columns = {"contact": affiliations.c.contact_id, "contact_role": affiliations.c.contact_role_id, "order": order}
        rows, token = select_page(self.connection, query, listing, columns, id_column)
        default = default_permissions(self.connection)
        return [_view(row, default) for row in rows], token

    def of_contact(self, contact_id: UUID) -> list[Affiliation]:
        query = sa.select(affiliations).where(affiliations.c.contact_id == contact_id).order_by(affiliations.c.customer_id)
        return [affiliation_of(row) for row in self.connection.execute(query)]

    def is_only_one(self, customer_id: UUID, contact_id: UUID) -> bool:
        others = sa.select(affiliations.c.contact_id).where(
            affiliations.c.customer_id == customer_id, affiliations.c.contact_id != contact_id
        )
        return self.connection.execute(others.limit(1)).first() is None

    def primary_of(self, contact_id: UUID) -> list[UUID]:
        held = affiliations.c.contact_id == contact_id, affiliations.c.primary_contact_id == contact_id
        return list(self.connection.execute(sa.select(affiliations.c.customer_id).where(*held)).scalars())

    def add(self, affiliation: Affiliation) -> None:
        self.restore(affiliation, affiliation.create_time)

    def restore(self, affiliation: Affiliation, now: datetime) -> None:
        primary = sa.select(customers.c.primary_contact_id).where(customers.c.id == affiliation.customer_id).scalar_subquery()
        row = {**_row(affiliation), "primary_contact_id": sa.func.coalesce(primary, affiliation.contact_id)}
        new = insert(self.connection, affiliations).values(row).on_conflict_do_nothing()
        if self.connection.execute(new.returning(affiliations.c.contact_id)).first() is None:
            text = f"contact {affiliation.contact_id} acts for customer {affiliation.customer_id} already"
            raise AlreadyAffiliated(text)
        key = _of_pair(affiliation.customer_id, affiliation.contact_id)
        keep_affiliations(self.connection, now, key)
        refresh_contacts(self.connection, [affiliation.contact_id])

    def add_all(self, new: Sequence[tuple[Affiliation, UUID]]) -> None:
        """Do as `add` for many contacts that were just added, with the primary contact of each customer."""
        rows = [{**_row(affiliation), "primary_contact_id": primary_id} for affiliation, primary_id in new]
        insert_all(self.connection, affiliations, rows)
        ids = {affiliation.contact_id for affiliation, _ in new}
        keep_affiliations(self.connection, new[0][0].create_time, affiliations.c.contact_id.in_(ids))

    def of_contacts(self, contact_ids: Collection[UUID]) -> list[Affiliation]:
        query = sa.select(affiliations).where(affiliations.c.contact_id.in_(contact_ids))
        return [affiliation_of(row) for row in self.connection.execute(query)] if contact_ids else []

    def save(self, affiliation: Affiliation) -> Affiliation:
        saved = replace(affiliation, version=affiliation.version + 1)
        key = _of_pair(affiliation.customer_id, affiliation.contact_id)
        unchanged = sa.update(affiliations).where(key, affiliations.c.version == affiliation.version)
        if self.connection.execute(unchanged.values(_row(saved))).rowcount != 1:
            raise Aborted(f"what contact {affiliation.contact_id} is for customer {affiliation.customer_id} was changed by someone else")
        keep_affiliations(self.connection, self.clock(), key)
        return saved

    def delete(self, affiliation: Affiliation) -> None:
        key = _of_pair(affiliation.customer_id, affiliation.contact_id)
        end_affiliations(self.connection, self.clock(), key)
        self.connection.execute(sa.delete(affiliations).where(key))
        refresh_contacts(self.connection, [affiliation.contact_id])

    def candidates(self, queries: Sequence[Query]) -> Candidates:
        """Two statements, and two more when contacts are named by hand."""
        settings = SqlSettings(self.connection, self.clock).get()
        wanted = {query.customer_id for query in queries}
        rows: dict[UUID, list[Row[Any]]] = defaultdict(list)
        for row in self.connection.execute(_CANDIDATES, {"ids": sorted(wanted)}):
            rows[row.customer_id].append(row)
        named = {id_ for query in queries for id_ in query.contact_ids}
        others = self._named(named) if named else {}
        default = settings.default_permissions
        parties = [_party(query, rows.get(query.customer_id, []), default, others) for query in queries]
        return Candidates(parties, settings.organization_name, settings.time_zone, settings.modules.reserved_area)

    def _named(self, ids: set[UUID]) -> dict[UUID, Candidate]:
        """Return contacts as strangers, who hold no permission, and the marks of deleted ones."""
        gone = self.connection.execute(sa.select(deleted_contacts.c.id).where(deleted_contacts.c.id.in_(ids))).scalars()
        found = {id_: Candidate(id_, deleted=True) for id_ in gone}
        for row in self.connection.execute(_NAMED, {"ids": sorted(ids)}):
            found[row.contact_id] = replace(_candidate(row, effective(NO_PERMISSIONS)), contact_role_id=None)
        return found


def _of_pair(customer_id: UUID, contact_id: UUID) -> ColumnElement[bool]:
    return sa.and_(affiliations.c.customer_id == customer_id, affiliations.c.contact_id == contact_id)


def _missing(customer_id: UUID, contact_id: UUID) -> NotFound:
    return NotFound(f"contact {contact_id} does not act for customer {customer_id}")


def _row(affiliation: Affiliation) -> dict[str, Any]:
    return {
        "customer_id": affiliation.customer_id,
        "contact_id": affiliation.contact_id,
        "position": affiliation.position,
        "contact_role_id": affiliation.contact_role_id,
        "permissions": affiliation.permissions,
        "preferences": affiliation.preferences,
        "create_time": affiliation.create_time,
        "version": affiliation.version,
    }


def affiliation_of(row: Row[Any]) -> Affiliation:
    return Affiliation(
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        create_time=row.create_time,
        position=row.position,
        contact_role_id=row.contact_role_id,
        permissions=row.permissions,
        preferences=row.preferences,
        version=row.version,
    )


# --- what a reader sees --------------------------------------------------------------------------------------------------------------
def _views(sight: Sight) -> sa.Select[Any]:
    """Affiliations whose customer and contact the reader may both see; a contact sees its own, for all its customers."""
    columns = (contacts.c.first_name, contacts.c.last_name, contacts.c.email, customers.c.permissions.label("customer_permissions"))
    joined = affiliations.join(contacts, contacts.c.id == affiliations.c.contact_id).join(
        customers, customers.c.id == affiliations.c.customer_id
    )
    return sa.select(*affiliations.c, PRIMARY, *columns).select_from(joined).where(affiliation_visible(sight))


def _view(row: Row[Any], default: Permissions) -> AffiliationView:
    affiliation = affiliation_of(row)
    counting = effective(affiliation.permissions, row.customer_permissions, default)
    return AffiliationView(affiliation, row.primary, counting, f"{row.first_name} {row.last_name}".strip(), row.email)


def views_of_contacts(connection: Connection, homes: Mapping[UUID, UUID], sight: Sight) -> dict[UUID, tuple[AffiliationView, ...]]:
    """Return what the reader may see of the affiliations of each contact, its home customer (`homes`) first."""
    if not homes:
        return {}
    query = _views(sight).where(affiliations.c.contact_id.in_(homes)).order_by(affiliations.c.create_time, affiliations.c.customer_id)
    default = default_permissions(connection)
    found: dict[UUID, list[AffiliationView]] = {id_: [] for id_ in homes}
    for row in connection.execute(query):
        found[row.contact_id].append(_view(row, default))
    for id_, views in found.items():
        views.sort(key=lambda view: view.affiliation.customer_id != homes[id_])
    return {id_: tuple(views) for id_, views in found.items()}


# --- candidates ----------------------------------------------------------------------------------------------------------------------
_OF_CONTACT = (
    contacts.c.state,
    contacts.c.email,
    contacts.c.first_name,
    contacts.c.last_name,
    contacts.c.language_code,
    contacts.c.direction,
    contacts.c.block_ticket_email,
    contacts.c.newsletter,
    contacts.c.open_tracking,
    contacts.c.version.label("contact_version"),
)
_OF_AFFILIATION = (
    affiliations.c.contact_role_id,
    affiliations.c.permissions,
    affiliations.c.preferences,
    affiliations.c.version.label("affiliation_version"),
)
_CANDIDATES: sa.Select[Any] = (
    sa.select(
        customers.c.id.label("customer_id"),
        customers.c.display_name,
        customers.c.language_code.label("customer_language"),
        customers.c.email.label("mailbox"),
        customers.c.permissions.label("customer_permissions"),
        PRIMARY,
        affiliations.c.contact_id,
        *_OF_AFFILIATION,
        *_OF_CONTACT,
    )
    .select_from(
        customers.outerjoin(affiliations, affiliations.c.customer_id == customers.c.id).outerjoin(
            contacts, contacts.c.id == affiliations.c.contact_id
        )
    )
    .where(customers.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(customers.c.id, _RANK, contacts.c.sort_name)
)
# A stranger is told as its home customer is; for the customer in question it holds no permission.
_NAMED: sa.Select[Any] = (
    sa.select(contacts.c.id.label("contact_id"), sa.false().label("primary"), *_OF_AFFILIATION, *_OF_CONTACT)
    .select_from(
        contacts.join(affiliations, (affiliations.c.contact_id == contacts.c.id) & (affiliations.c.customer_id == contacts.c.customer_id))
    )
    .where(contacts.c.id.in_(sa.bindparam("ids", expanding=True)))
)


def _party(query: Query, rows: Sequence[Row[Any]], default: Permissions, others: Mapping[UUID, Candidate]) -> Party:
    strangers = [others[id_] for id_ in dict.fromkeys(query.contact_ids) if id_ in others]
    if not rows:
        return Party(query.customer_id, missing=True, candidates=tuple(strangers))
    first = rows[0]
    if first.contact_id is None:
        found = [Candidate(None, email=first.mailbox, language_code=first.customer_language)] if first.mailbox else []
    else:
        inherited = effective(first.customer_permissions, default)
        found = [_candidate(row, effective(row.permissions, inherited)) for row in rows]
    if strangers:
        here = {one.contact_id for one in found}
        found += [one for one in strangers if one.contact_id not in here]
    return Party(query.customer_id, False, first.display_name, first.customer_language, tuple(found))


def _candidate(row: Row[Any], counting: Permissions) -> Candidate:
    return Candidate(
        contact_id=row.contact_id,
        state=State[row.state],
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        language_code=row.language_code,
        direction=Direction[row.direction],
        primary=row.primary,
        contact_role_id=row.contact_role_id,
        preferences=row.preferences,
        effective=counting,
        block_ticket_email=row.block_ticket_email,
        newsletter=row.newsletter,
        open_tracking=row.open_tracking,
        contact_version=row.contact_version,
        affiliation_version=row.affiliation_version,
    )
