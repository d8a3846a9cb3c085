"""Activities in SQL: rows are added, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs.database import insert
from libs.database.listing import select_page
from libs.listing import Listing
from services.contacts.domain import Activity, Sight
from services.contacts.repository.tables import activities, contacts, customers, deleted_contacts
from services.contacts.repository.visible import contact_visible, customer_visible


@dataclass(frozen=True)
class SqlActivities:
    connection: Connection

    def add(self, new: Sequence[Activity]) -> None:
        if new:
            rows = [asdict(activity) for activity in new]
            self.connection.execute(insert(self.connection, activities).on_conflict_do_nothing(), rows)

    def page(self, contact_id: UUID | None, customer_id: UUID | None, listing: Listing, sight: Sight) -> tuple[Sequence[Activity], str]:
        """Return what the caller may see of one contact, or of one customer: hidden people are left out, deleted ones are not."""
        query = sa.select(activities).where(_visible(sight))
        if contact_id is not None:
            query = query.where(activities.c.contact_id == contact_id)
        if customer_id is not None:
            query = query.where(activities.c.customer_id == customer_id)
        columns = {"kind": activities.c.kind, "customer": activities.c.customer_id, "create_time": activities.c.time}
        rows, token = select_page(self.connection, query, listing, columns, activities.c.id)
        return [
            Activity(row.id, row.event_id, row.contact_id, row.kind, row.time, row.customer_id, row.resource, row.title) for row in rows
        ], token


def _visible(sight: Sight) -> sa.ColumnElement[bool]:
    """What somebody did for a customer needs both to be seen; of a deleted person, the customer."""
    if sight.everything:
        return sa.true()
    of_contact = sa.exists().where(contacts.c.id == activities.c.contact_id, contact_visible(sight))
    was_contact = sa.exists().where(deleted_contacts.c.id == activities.c.contact_id)
    of_customer = sa.exists().where(customers.c.id == activities.c.customer_id, customer_visible(sight))
    of_none = sa.and_(activities.c.customer_id.is_(None), of_contact)
    return sa.or_(of_none, sa.and_(of_customer, sa.or_(of_contact, was_contact)))
