"""Many affiliations at once in SQL: found by the filter of a list of contacts, changed set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from libs.database.listing import count_up_to, where
from libs.listing import Listing, Value
from libs.unit_of_work import Clock
from services.contacts.domain import Affiliation, Permissions, Preferences, Reachable, Sight, State, folded
from services.contacts.repository.affiliations import affiliation_of
from services.contacts.repository.contacts import contact_columns
from services.contacts.repository.history import keep_affiliations
from services.contacts.repository.search import contacts_found, exact_words, holds
from services.contacts.repository.tables import affiliations, contacts, customers
from services.contacts.repository.visible import contact_visible, customer_visible

_PAIRS_AT_ONCE = 1000
_Set = tuple[UUID | None, Permissions, Preferences]


@dataclass(frozen=True)
class SqlBulk:
    connection: Connection
    clock: Clock

    def count(self, listing: Listing, sight: Sight, most: int) -> int:
        return count_up_to(self.connection, _matching(self.connection, listing, sight, affiliations.c.contact_id), most)

    def lock(self, listing: Listing, sight: Sight, most: int) -> list[Reachable]:
        """Return what matches, at most `most`; customers, contacts and affiliations stay as they are until the commit."""
        for table, named in ((customers, affiliations.c.customer_id), (contacts, affiliations.c.contact_id)):
            concerned = sa.select(table.c.id).where(table.c.id.in_(_matching(self.connection, listing, sight, named))).order_by(table.c.id)
            self.connection.execute(concerned.with_for_update())
        order = (affiliations.c.customer_id, affiliations.c.contact_id)
        query = _matching(self.connection, listing, sight, *affiliations.c, contacts.c.email_key).order_by(*order).limit(most)
        rows = self.connection.execute(query.with_for_update(of=affiliations))
        return [Reachable(affiliation_of(row), row.email_key is not None) for row in rows]

    def save(self, changed: Sequence[Affiliation]) -> None:
        by_set: dict[_Set, list[tuple[UUID, UUID]]] = defaultdict(list)
        for one in changed:
            by_set[one.contact_role_id, one.permissions, one.preferences].append((one.customer_id, one.contact_id))
        for (role_id, permissions, preferences), pairs in by_set.items():
            values = {"contact_role_id": role_id, "permissions": permissions, "preferences": preferences}
            for start in range(0, len(pairs), _PAIRS_AT_ONCE):
                self._save(pairs[start : start + _PAIRS_AT_ONCE], values)

    def _save(self, pairs: Sequence[tuple[UUID, UUID]], values: dict[str, Any]) -> None:
        these = sa.tuple_(affiliations.c.customer_id, affiliations.c.contact_id).in_(pairs)
        self.connection.execute(sa.update(affiliations).where(these).values(**values, version=affiliations.c.version + 1))
        keep_affiliations(self.connection, self.clock(), these)


def _matching(connection: Connection, listing: Listing, sight: Sight, *selected: ColumnElement[Any]) -> sa.Select[Any]:
    joined = affiliations.join(contacts, contacts.c.id == affiliations.c.contact_id).join(
        customers, customers.c.id == affiliations.c.customer_id
    )
    query = sa.select(*selected).select_from(joined)
    query = query.where(contact_visible(sight), customer_visible(sight), contacts.c.state == State.ACTIVE.name)
    if listing.filter is not None:
        query = query.where(where(listing.filter, _columns(connection, sight)))
    words = exact_words(listing.query)
    return query.where(contacts_found(words, sight)) if words else query


def _columns(connection: Connection, sight: Sight) -> dict[str, Any]:
    def customer_words(compared: str, value: Value) -> ColumnElement[bool]:
        found = sa.and_(sa.true(), *(holds(customers.c.search, [word]) for word in folded(str(value or "")).split()))
        return sa.not_(found) if compared == "!=" else found

    own = {
        "customer": affiliations.c.customer_id,
        "customer.display_name": customer_words,
        "contact_role": affiliations.c.contact_role_id,
    }
    return {**contact_columns(connection, sight), **own}
