"""Sub-contacts in SQL: a link is seen by who sees both people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.database import insert
from libs.database.listing import select_page
from libs.errors import Aborted
from libs.listing import Listing
from services.contacts.domain import AlreadyLinked, Sight, SubContact, SubContactNotFound, SubContactView
from services.contacts.repository.tables import contacts, sub_contacts
from services.contacts.repository.visible import contact_visible

_PRINCIPAL, _LINKED = contacts.alias("principal"), contacts.alias("linked")


@dataclass(frozen=True)
class SqlSubContacts:
    connection: Connection

    def view(self, principal_id: UUID, contact_id: UUID, sight: Sight, *, lock: bool = False) -> SubContactView:
        query = _views(sight).where(sub_contacts.c.principal_id == principal_id, sub_contacts.c.contact_id == contact_id)
        row = self.connection.execute(query.with_for_update(of=sub_contacts) if lock else query).one_or_none()
        if row is None:
            raise SubContactNotFound(f"contact {contact_id} is not linked under contact {principal_id}")
        return _view(row)

    def page(self, principal_id: UUID | None, listing: Listing, sight: Sight) -> tuple[Sequence[SubContactView], str]:
        """Return who is linked under a contact; without one, under whom the contact of the filter is."""
        query = _views(sight)
        if principal_id is not None:
            query = query.where(sub_contacts.c.principal_id == principal_id)
        other, id_column = (_LINKED, sub_contacts.c.contact_id) if principal_id is not None else (_PRINCIPAL, sub_contacts.c.principal_id)
        columns = {"contact": sub_contacts.c.contact_id, "order": other.c.sort_name}
        rows, token = select_page(self.connection, query, listing, columns, id_column)
        return [_view(row) for row in rows], token

    def add(self, link: SubContact) -> None:
        new = insert(self.connection, sub_contacts).values(asdict(link)).on_conflict_do_nothing()
        if self.connection.execute(new.returning(sub_contacts.c.contact_id)).first() is None:
            raise AlreadyLinked(f"contact {link.contact_id} is linked under contact {link.principal_id} already")

    def save(self, link: SubContact) -> SubContact:
        saved = replace(link, version=link.version + 1)
        unchanged = sa.update(sub_contacts).where(*_key(link), sub_contacts.c.version == link.version)
        if self.connection.execute(unchanged.values(asdict(saved))).rowcount != 1:
            raise Aborted(f"the link of contact {link.contact_id} was changed by someone else")
        return saved

    def delete(self, link: SubContact) -> None:
        self.connection.execute(sa.delete(sub_contacts).where(*_key(link)))


def _key(link: SubContact) -> tuple[sa.ColumnElement[bool], ...]:
    return sub_contacts.c.principal_id == link.principal_id, sub_contacts.c.contact_id == link.contact_id


def _views(sight: Sight) -> sa.Select[Any]:
    joined = sub_contacts.join(_PRINCIPAL, _PRINCIPAL.c.id == sub_contacts.c.principal_id).join(
        _LINKED, _LINKED.c.id == sub_contacts.c.contact_id
    )
    names = (
        _LINKED.c.first_name,
        _LINKED.c.last_name,
        _LINKED.c.email,
        _PRINCIPAL.c.first_name.label("principal_first_name"),
        _PRINCIPAL.c.last_name.label("principal_last_name"),
    )
    return sa.select(*sub_contacts.c, *names).select_from(joined).where(contact_visible(sight, _PRINCIPAL), contact_visible(sight, _LINKED))


def _view(row: Row[Any]) -> SubContactView:
    link = SubContact(row.principal_id, row.contact_id, row.create_time, row.relation, row.version)
    principal_name = f"{row.principal_first_name} {row.principal_last_name}"
    return SubContactView(link, f"{row.first_name} {row.last_name}", row.email, principal_name)
