"""Who sees what: one predicate for each table, part of every query."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from services.contacts.domain import Sight
from services.contacts.repository.tables import (
    affiliations,
    contact_groups,
    contacts,
    customer_groups,
    customers,
    erasures,
    lead_groups,
    leads,
    merges,
)


def customer_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on customers: part of every query, so that a hidden row and a missing one are the same."""
    if sight.everything:
        return sa.true()
    if sight.contact_id is not None:
        acts = (affiliations.c.customer_id == customers.c.id) & (affiliations.c.contact_id == sight.contact_id)
        return sa.exists().where(acts)
    return _in_groups(customer_groups.c.customer_id, customers.c.id, customer_groups.c.group_id, sight)


def contact_visible(sight: Sight, table: sa.FromClause = contacts) -> ColumnElement[bool]:
    """Return the predicate on contacts: a contact is seen by its own groups, whatever those of its customers.

    table: contacts, or an alias of it.
    """
    if sight.everything:
        return sa.true()
    if sight.contact_id is not None:
        colleague = sa.exists().where(affiliations.c.contact_id == table.c.id, _of_colleague(sight))
        return (table.c.id == sight.contact_id) | colleague if sight.primary_of else table.c.id == sight.contact_id
    return _in_groups(contact_groups.c.contact_id, table.c.id, contact_groups.c.group_id, sight)


def affiliation_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on affiliations joined with their customers and contacts: both ends are seen.

    A contact sees its own, and a primary one those of its colleagues with that customer: not what they are for others.
    """
    if sight.contact_id is None:
        return contact_visible(sight) & customer_visible(sight)
    own = affiliations.c.contact_id == sight.contact_id
    return own | _of_colleague(sight) if sight.primary_of else own


def _of_colleague(sight: Sight) -> ColumnElement[bool]:
    """Every affiliation repeats who is primary, so that a flag that has gone to somebody else counts at once."""
    return (affiliations.c.customer_id == sight.primary_of) & (affiliations.c.primary_contact_id == sight.contact_id)


def merge_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on merges: seen by who sees the survivor and, when it was undone, the other one as well."""
    if sight.everything:
        return sa.true()
    other = contacts.alias("other")
    of_survivor = sa.exists().where(contacts.c.id == merges.c.survivor_id, contact_visible(sight))
    of_other = sa.exists().where(other.c.id == merges.c.duplicate_id, contact_visible(sight, other))
    return of_survivor & (merges.c.undo_time.is_(None) | of_other)


def lead_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on leads: operators of their groups see them, and nobody else."""
    if sight.everything:
        return sa.true()
    if sight.contact_id is not None:
        return sa.false()
    return _in_groups(lead_groups.c.lead_id, leads.c.id, lead_groups.c.group_id, sight)


def erasure_visible(sight: Sight) -> ColumnElement[bool]:
    """Return the predicate on erasures: seen by who sees the person's record; that of a deleted one by who sees all."""
    if sight.everything:
        return sa.true()
    of_contact = sa.exists().where(contacts.c.id == erasures.c.person_id, contact_visible(sight))
    return of_contact | sa.exists().where(leads.c.id == erasures.c.person_id, lead_visible(sight))


def _in_groups(member: sa.Column[UUID], row: ColumnElement[UUID], group: sa.Column[UUID], sight: Sight) -> ColumnElement[bool]:
    if not sight.groups:
        return sa.false()
    return sa.exists().where(member == row, group.in_(sorted(sight.groups)))
