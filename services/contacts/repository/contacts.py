"""Contacts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database import insert, insert_all
from libs.errors import Aborted
from libs.listing import Listing, Value
from services.contacts.domain import (
    Contact,
    ContactNotFound,
    ContactPoint,
    ContactsPage,
    ContactView,
    Direction,
    EmailTaken,
    Links,
    PointKind,
    PortalAccess,
    Sight,
    State,
    folded,
)
from services.contacts.repository.affiliations import views_of_contacts
from services.contacts.repository.customers import add_groups, groups_of, in_group, set_groups
from services.contacts.repository.fields import ProfileColumns
from services.contacts.repository.history import end_contact, keep_contact, keep_contacts
from services.contacts.repository.links import links_of
from services.contacts.repository.search import (
    Searched,
    contacts_found,
    counted,
    exact_page,
    found_by,
    holds,
    remember_words,
    search_page,
    texts_of,
)
from services.contacts.repository.tables import affiliations, contact_groups, contacts, customers, deleted_contacts
from services.contacts.repository.tags import add_tags, set_tags, tagged, tags_of
from services.contacts.repository.visible import contact_visible, customer_visible


@dataclass(frozen=True)
class SqlContacts:
    connection: Connection

    def get(self, contact_id: UUID, sight: Sight, *, lock: bool = False) -> Contact:
        query = sa.select(contacts).where(contacts.c.id == contact_id, contact_visible(sight))
        row = self.connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise ContactNotFound(f"contact {contact_id} does not exist")
        groups, tags = groups_of(self.connection, contact_groups, [contact_id]), tags_of(self.connection, [contact_id])
        return _contact(row, groups[contact_id], tags[contact_id])

    def view(self, contact_id: UUID, sight: Sight) -> ContactView:
        (contact,) = self._as_seen([self.get(contact_id, sight)], sight)
        return ContactView(contact, views_of_contacts(self.connection, {contact_id: contact.customer_id}, sight)[contact_id])

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[ContactView], str]:
        rows, token = exact_page(self.connection, *self._asked(listing, sight))
        return self._shown(rows, sight), token

    def search(self, listing: Listing, sight: Sight) -> ContactsPage:
        found = search_page(self.connection, *self._asked(listing, sight))
        return ContactsPage(self._shown(found.rows, sight), found.token, found.similar)

    def count(self, listing: Listing, sight: Sight) -> int:
        return counted(self.connection, *self._asked(listing, sight))

    def _asked(self, listing: Listing, sight: Sight) -> tuple[sa.Select[Any], Listing, Searched]:
        if listing.order.field == "last_access_time":
            listing = replace(listing, order=replace(listing.order, field="last_access_key"))
        searched = Searched(contact_columns(self.connection, sight), contacts.c.id, partial(contacts_found, sight=sight))
        return sa.select(contacts).where(contact_visible(sight)), listing, searched

    def _shown(self, rows: Sequence[Row[Any]], sight: Sight) -> list[ContactView]:
        groups = groups_of(self.connection, contact_groups, [row.id for row in rows])
        tags = tags_of(self.connection, [row.id for row in rows])
        views = views_of_contacts(self.connection, {row.id: row.customer_id for row in rows}, sight)
        found = self._as_seen([_contact(row, groups[row.id], tags[row.id]) for row in rows], sight)
        return [ContactView(contact, views[contact.id]) for contact in found]

    def _as_seen(self, found: Sequence[Contact], sight: Sight) -> list[Contact]:
        """Return the contacts without a superior whom the caller may not see."""
        superiors = {one.reports_to_id for one in found if one.reports_to_id is not None}
        seen = self.seen(superiors, sight) if superiors else set()
        return [one if one.reports_to_id in seen else replace(one, reports_to_id=None) for one in found]

    def seen(self, contact_ids: Collection[UUID], sight: Sight) -> set[UUID]:
        query = sa.select(contacts.c.id).where(contacts.c.id.in_(contact_ids), contact_visible(sight))
        return set(self.connection.execute(query).scalars())

    def stays(self, contact_id: UUID, sight: Sight) -> bool:
        query = sa.select(contacts.c.id).where(contacts.c.id == contact_id, contacts.c.state == State.ACTIVE.name, contact_visible(sight))
        return self.connection.execute(query.with_for_update(read=True, key_share=True)).first() is not None

    def superiors(self, contact_id: UUID) -> list[UUID]:
        start = sa.select(contacts.c.id, contacts.c.reports_to_id).where(contacts.c.id == contact_id).cte("line", recursive=True)
        line = start.union(sa.select(contacts.c.id, contacts.c.reports_to_id).join(start, contacts.c.id == start.c.reports_to_id))
        return list(self.connection.execute(sa.select(line.c.id)).scalars())

    def subordinates(self, contact_id: UUID) -> list[UUID]:
        query = sa.select(contacts.c.id).where(contacts.c.reports_to_id == contact_id).order_by(contacts.c.id).with_for_update()
        return list(self.connection.execute(query).scalars())

    def add(self, contact: Contact) -> None:
        # ON CONFLICT, because a failed statement would end the transaction on PostgreSQL before we can say why.
        row = {**_row(contact), "found_by": contact.search_text}
        new = insert(self.connection, contacts).values(row).on_conflict_do_nothing(index_elements=[contacts.c.email_key])
        if self.connection.execute(new.returning(contacts.c.id)).first() is None:
            raise EmailTaken
        set_groups(self.connection, contact_groups, contact.id, contact.groups)
        set_tags(self.connection, contact.id, contact.tags)
        keep_contact(self.connection, contact.id)
        remember_words(self.connection, "", contact.search_text)

    def add_all(self, new: Sequence[Contact], of_customers: Mapping[UUID, str]) -> None:
        """Do as `add` for many at once. An address that is taken is an IntegrityError: look first, and begin again.

        of_customers: the search texts of the customers that each is about to act for.
        """
        ids = [one.id for one in new]
        rows = [{**(row := _row(one)), "found_by": row["search"] + of_customers[one.id]} for one in new]
        insert_all(self.connection, contacts, rows)
        add_groups(self.connection, contact_groups, {one.id: one.groups for one in new})
        add_tags(self.connection, {one.id: one.tags for one in new})
        keep_contacts(self.connection, ids)
        remember_words(self.connection, "", " ".join(row["search"] for row in rows))

    def save(self, contact: Contact) -> Contact:
        saved = replace(contact, version=contact.version + 1)
        before = texts_of(self.connection, contacts, contact.id)
        unchanged = (contacts.c.id == contact.id, contacts.c.version == contact.version)
        row = _row(saved)
        if before != saved.search_text:
            # Locked, so that the subquery sees what others have committed. One UPDATE: after a second one PostgreSQL looks at the
            # customer again and waits for it, while whoever holds the customer waits for this contact.
            self.connection.execute(sa.select(contacts.c.id).where(contacts.c.id == contact.id).with_for_update())
            row |= {"found_by": found_by(sa.literal(saved.search_text))}
        try:
            changed = self.connection.execute(sa.update(contacts).where(*unchanged).values(row)).rowcount
        except sa.exc.IntegrityError as error:
            if "email_key" in str(error.orig):
                raise EmailTaken from error
            raise
        if changed != 1:
            raise Aborted(f"contact {contact.id} was changed by someone else")
        set_groups(self.connection, contact_groups, contact.id, contact.groups)
        set_tags(self.connection, contact.id, contact.tags)
        if before != saved.search_text:
            remember_words(self.connection, before, saved.search_text)
        keep_contact(self.connection, contact.id)
        return saved

    def delete(self, contact_id: UUID, now: datetime) -> None:
        before = texts_of(self.connection, contacts, contact_id)
        end_contact(self.connection, now, contact_id)
        self.connection.execute(sa.delete(affiliations).where(affiliations.c.contact_id == contact_id))
        self.connection.execute(sa.delete(contacts).where(contacts.c.id == contact_id))
        self.connection.execute(sa.insert(deleted_contacts).values(id=contact_id, delete_time=now))
        remember_words(self.connection, before, "")

    def restore(self, contact: Contact) -> None:
        self.add(contact)
        if contact.last_access_time is not None:
            self.entered(contact.id, contact.last_access_time)
        self.connection.execute(sa.delete(deleted_contacts).where(deleted_contacts.c.id == contact.id))

    def entered(self, contact_id: UUID, time: datetime) -> None:
        key = _access_key(time)
        later = sa.update(contacts).where(contacts.c.id == contact_id, contacts.c.last_access_key < key)
        self.connection.execute(later.values(last_access_time=time, last_access_key=key))

    def links(self, contact_id: UUID, sight: Sight) -> list[Links]:
        return links_of(self.connection, contact_id, sight)

    def known(self, contact_ids: Collection[UUID]) -> set[UUID]:
        return set(self.connection.execute(sa.select(contacts.c.id).where(contacts.c.id.in_(contact_ids))).scalars())

    def holders_of(self, email_keys: Collection[str]) -> dict[str, UUID]:
        """Return whose each address is, whoever may see them."""
        query = sa.select(contacts.c.email_key, contacts.c.id).where(contacts.c.email_key.in_(email_keys))
        return {row.email_key: row.id for row in self.connection.execute(query)} if email_keys else {}

    def locked(self, contact_ids: Collection[UUID], sight: Sight) -> list[Contact]:
        """Return those that the caller may see, in one order for all callers."""
        if not contact_ids:
            return []
        query = sa.select(contacts).where(contacts.c.id.in_(contact_ids), contact_visible(sight)).order_by(contacts.c.id)
        rows = self.connection.execute(query.with_for_update()).all()
        ids = [row.id for row in rows]
        groups, tags = groups_of(self.connection, contact_groups, ids), tags_of(self.connection, ids)
        return [_contact(row, groups[row.id], tags[row.id]) for row in rows]

    def holder_of(self, email_key: str, sight: Sight) -> UUID | None:
        """Return whose address it is; None as well when the caller may not see that contact."""
        query = sa.select(contacts.c.id).where(contacts.c.email_key == email_key, contact_visible(sight))
        return self.connection.execute(query).scalar_one_or_none()


def _row(contact: Contact) -> dict[str, Any]:
    """Return the columns that a change writes; the last access is written by itself."""
    return {
        "id": contact.id,
        "customer_id": contact.customer_id,
        "state": contact.state.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "sort_name": contact.sort_name,
        "search": contact.search_text,
        "email": contact.email,
        "email_key": contact.email_key,
        "contact_points": [[point.kind.name, point.value, point.label] for point in contact.contact_points],
        "language_code": contact.language_code,
        "direction": contact.direction.name,
        "access_enabled": contact.access.enabled,
        "access_start_date": contact.access.start_date,
        "access_end_date": contact.access.end_date,
        "block_ticket_email": contact.block_ticket_email,
        "do_not_call": contact.do_not_call,
        "newsletter": contact.newsletter,
        "open_tracking": contact.open_tracking,
        "reports_to_id": contact.reports_to_id,
        "profile": dict(contact.profile),
        **({"last_access_time": None, "last_access_key": ""} if contact.state is State.ANONYMIZED else {}),
        "create_time": contact.create_time,
        "update_time": contact.update_time,
        "version": contact.version,
    }


def _contact(row: Row[Any], groups: frozenset[UUID], tags: tuple[str, ...]) -> Contact:
    return Contact(
        id=row.id,
        customer_id=row.customer_id,
        first_name=row.first_name,
        last_name=row.last_name,
        create_time=row.create_time,
        update_time=row.update_time,
        state=State[row.state],
        email=row.email,
        contact_points=tuple(ContactPoint(PointKind[kind], value, label) for kind, value, label in row.contact_points),
        language_code=row.language_code,
        direction=Direction[row.direction],
        access=PortalAccess(row.access_enabled, row.access_start_date, row.access_end_date),
        block_ticket_email=row.block_ticket_email,
        do_not_call=row.do_not_call,
        newsletter=row.newsletter,
        open_tracking=row.open_tracking,
        reports_to_id=row.reports_to_id,
        groups=groups,
        tags=tags,
        profile=row.profile,
        last_access_time=row.last_access_time,
        version=row.version,
    )


def _access_key(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"


def _acting(sight: Sight) -> sa.Select[Any]:
    """Return who acts for customers that the caller may see."""
    acts = sa.select(affiliations.c.contact_id)
    if sight.everything:
        return acts  # the customers need not be read
    return acts.join(customers, customers.c.id == affiliations.c.customer_id).where(customer_visible(sight))


def contact_columns(connection: Connection, sight: Sight) -> Mapping[str, Any]:
    def customer(compared: str, value: Value) -> ColumnElement[bool]:
        wanted = sa.true() if value is None else affiliations.c.customer_id == value
        found = contacts.c.id.in_(_acting(sight).where(wanted))
        return found if (compared == "!=") is (value is None) else sa.not_(found)

    def contact_role(compared: str, value: Value) -> ColumnElement[bool]:
        wanted = affiliations.c.contact_role_id.is_not(None) if value is None else affiliations.c.contact_role_id == value
        found = contacts.c.id.in_(_acting(sight).where(wanted))
        return found if (compared == "!=") is (value is None) else sa.not_(found)

    def customer_words(compared: str, value: Value) -> ColumnElement[bool]:
        """Say whether a customer that the caller may see holds these words; whatever the operator, they are parts of its text."""
        acts = sa.select(affiliations.c.contact_id).join(customers, customers.c.id == affiliations.c.customer_id)
        parts = [holds(customers.c.search, [word]) for word in folded(str(value or "")).split()]
        found = contacts.c.id.in_(acts.where(sa.and_(sa.true(), *parts), customer_visible(sight)))
        return sa.not_(found) if compared == "!=" else found

    def has_email(compared: str, value: Value) -> ColumnElement[bool]:
        return contacts.c.email_key.is_not(None) if value is (compared != "!=") else contacts.c.email_key.is_(None)

    def group(compared: str, value: Value) -> ColumnElement[bool]:
        found = in_group(compared, value, contact_groups.c.contact_id == contacts.c.id, contact_groups.c.group_id)
        return sa.not_(found) if compared == "!=" else found

    def tag(compared: str, value: Value) -> ColumnElement[bool]:
        found = tagged(value)
        return sa.not_(found) if compared == "!=" else found

    def never_entered(compared: str, value: Value) -> ColumnElement[bool]:
        return contacts.c.last_access_key == "" if value is (compared != "!=") else contacts.c.last_access_key != ""

    columns = {
        "customer": customer,
        "customer.display_name": customer_words,
        "contact_role": contact_role,
        "group": group,
        "tag": tag,
        "state": contacts.c.state,
        "language_code": contacts.c.language_code,
        "access.enabled": contacts.c.access_enabled,
        "newsletter": contacts.c.newsletter,
        "access.start_date": contacts.c.access_start_date,
        "access.end_date": contacts.c.access_end_date,
        "never_entered": never_entered,
        "has_email": has_email,
        "last_access_time": contacts.c.last_access_time,
        "last_access_key": contacts.c.last_access_key,
        "last_name": contacts.c.sort_name,
        "create_time": contacts.c.create_time,
    }
    return ProfileColumns(columns, connection)
