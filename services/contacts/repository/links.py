"""What is linked to a contact, counted by type."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.contacts.domain import Links, Sight
from services.contacts.repository.tables import activities, affiliations, contacts, customers, notes, sub_contacts
from services.contacts.repository.visible import contact_visible, customer_visible

_TITLES = 5


def links_of(connection: Connection, contact_id: UUID, sight: Sight) -> list[Links]:
    """Return what the reader may see of it: of hidden customers nothing."""
    written = sa.select(sa.func.count()).select_from(notes).where(notes.c.contact_id == contact_id)
    found = [
        Links("recapito/Note", connection.execute(written).scalar_one()),
        _further_customers(connection, contact_id, sight),
        _linked_people(connection, contact_id, sight),
        Links("recapito/Contact", _people(connection, contacts.c.reports_to_id == contact_id, sight)),
        *_done_with(connection, contact_id),
    ]
    return [one for one in found if one.count]


def _further_customers(connection: Connection, contact_id: UUID, sight: Sight) -> Links:
    names = (
        sa.select(customers.c.display_name)
        .join(affiliations, affiliations.c.customer_id == customers.c.id)
        .join(contacts, contacts.c.id == affiliations.c.contact_id)
        .where(contacts.c.id == contact_id, customers.c.id != contacts.c.customer_id, customer_visible(sight))
        .order_by(customers.c.sort_name)
    )
    others = list(connection.execute(names).scalars())
    return Links("recapito/Customer", len(others), tuple(others[:_TITLES]))


def _linked_people(connection: Connection, contact_id: UUID, sight: Sight) -> Links:
    """Count those linked under it and those under whom it is linked."""
    other = sa.case((sub_contacts.c.principal_id == contact_id, sub_contacts.c.contact_id), else_=sub_contacts.c.principal_id)
    linked = sa.select(other).where(sa.or_(sub_contacts.c.principal_id == contact_id, sub_contacts.c.contact_id == contact_id))
    return Links("recapito/SubContact", _people(connection, contacts.c.id.in_(linked), sight))


def _people(connection: Connection, which: sa.ColumnElement[bool], sight: Sight) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(contacts).where(which, contact_visible(sight))).scalar_one()


def _done_with(connection: Connection, contact_id: UUID) -> list[Links]:
    """Count the resources of the other services by what the timeline says; what contacts itself says is about the contact."""
    of_contact = activities.c.contact_id == contact_id, ~activities.c.kind.startswith("recapito.contacts.")
    counted = sa.select(activities.c.kind, sa.func.count(activities.c.resource.distinct())).where(*of_contact)
    counts: dict[str, int] = {}
    titles: dict[str, tuple[str, ...]] = {}
    for kind, count in connection.execute(counted.group_by(activities.c.kind).order_by(activities.c.kind)):
        type_ = _type(kind)
        counts[type_] = max(counts.get(type_, 0), count)  # viewed and accepted may be one document
        if kind.startswith("recapito.documents."):
            titles[type_] = _newest(connection, contact_id, kind)
    return [Links(type_, count, titles.get(type_, ())) for type_, count in counts.items()]


def _newest(connection: Connection, contact_id: UUID, kind: str) -> tuple[str, ...]:
    of_kind = activities.c.contact_id == contact_id, activities.c.kind == kind, activities.c.title != ""
    last = sa.func.max(activities.c.time)
    newest = sa.select(activities.c.title).where(*of_kind).group_by(activities.c.title).order_by(last.desc(), activities.c.title)
    return tuple(connection.execute(newest.limit(_TITLES)).scalars())


def _type(kind: str) -> str:
    """Return the type of the resources of an event: of recapito.documents.credit_note.viewed.v1 it is recapito/CreditNote."""
    return "recapito/" + "".join(word.title() for word in kind.split(".")[2].split("_"))
