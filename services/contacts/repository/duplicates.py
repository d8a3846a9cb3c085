"""Likely duplicates in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.contacts.domain import TAX_CODE, ContactPoint, Duplicate, Person, PointKind, Sight, folded, resemblances
from services.contacts.repository.tables import affiliations, contacts, customers
from services.contacts.repository.visible import contact_visible, customer_visible

_HELD_TAX_CODE = contacts.c.profile[TAX_CODE].as_string()
_PERSON = (
    contacts.c.id,
    contacts.c.first_name,
    contacts.c.last_name,
    contacts.c.email,
    contacts.c.contact_points,
    sa.func.coalesce(_HELD_TAX_CODE, "").label("tax_code"),
)
_MOST_REACHED = 200  # that share an address or a number
_MOST_COLLEAGUES = 5000  # whose names are compared one by one
_MOST_NAMED = 20


@dataclass(frozen=True)
class SqlDuplicates:
    connection: Connection

    def of(self, person: Person, customer_id: UUID | None, sight: Sight) -> list[Duplicate]:
        """Return who looks like `person`, the likeliest first, of those whom the caller may see."""
        seen = sa.select(*_PERSON).where(contact_visible(sight), contacts.c.id != person.id)
        colleagues = self._read(seen.where(_acts_for(customer_id, sight)).limit(_MOST_COLLEAGUES)) if customer_id else {}
        reached = self._reached(seen, person)
        found = [
            Duplicate(other, reasons)
            for id_, other in {**colleagues, **reached}.items()
            if (reasons := resemblances(person, other, colleagues=id_ in colleagues))
        ]
        found.sort(key=lambda one: ([reason.value for reason in one.reasons], one.person.name_key))
        return found[:_MOST_NAMED]

    def _reached(self, seen: sa.Select[Any], person: Person) -> dict[UUID, Person]:
        """Return those whose search text holds an address or a number of the person, from the index of searches, or have its tax code."""
        values = [folded(value) for value in (person.email, *(point.value for point in person.contact_points)) if value]
        found: dict[UUID, Person] = {}
        if values:
            holds = sa.or_(*(contacts.c.search.contains(value, autoescape=True) for value in values))
            found |= self._read(seen.where(holds).limit(_MOST_REACHED))
        if person.tax_code:
            found |= self._read(seen.where(person.tax_code == _HELD_TAX_CODE).limit(_MOST_REACHED))
        return found

    def _read(self, query: sa.Select[Any]) -> dict[UUID, Person]:
        return {row.id: _person(row) for row in self.connection.execute(query)}


def _acts_for(customer_id: UUID, sight: Sight) -> sa.ColumnElement[bool]:
    acts = sa.select(affiliations.c.contact_id).join(customers, customers.c.id == affiliations.c.customer_id)
    return contacts.c.id.in_(acts.where(customers.c.id == customer_id, customer_visible(sight)))


def _person(row: Row[Any]) -> Person:
    points = tuple(ContactPoint(PointKind[kind], value, label) for kind, value, label in row.contact_points)
    return Person(row.id, row.first_name, row.last_name, row.email, points, row.tax_code)
