"""Contact roles in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.database import insert
from libs.database.listing import select_page
from libs.errors import Aborted, NotFound
from libs.listing import Listing
from libs.unit_of_work import Clock
from services.contacts.domain import ContactRole, ContactRoleInUse, ContactRoleTaken, Sight
from services.contacts.repository.history import keep_affiliations
from services.contacts.repository.tables import affiliations, contact_roles, contacts, customers
from services.contacts.repository.visible import contact_visible, customer_visible


@dataclass(frozen=True)
class SqlContactRoles:
    connection: Connection
    clock: Clock

    def get(self, role_id: UUID, sight: Sight) -> ContactRole:
        row = self.connection.execute(_roles(sight).where(contact_roles.c.id == role_id)).one_or_none()
        if row is None:
            raise NotFound(f"contact role {role_id} does not exist")
        return _role(row)

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[ContactRole], str]:
        rows, token = select_page(self.connection, _roles(sight), listing, {"order": contact_roles.c.sort_key}, contact_roles.c.id)
        return [_role(row) for row in rows], token

    def add(self, role: ContactRole) -> None:
        new = insert(self.connection, contact_roles).values(_row(role)).on_conflict_do_nothing()
        if self.connection.execute(new.returning(contact_roles.c.id)).first() is None:
            raise self._taken(role)

    def save(self, role: ContactRole) -> ContactRole:
        saved = replace(role, version=role.version + 1)
        unchanged = (contact_roles.c.id == role.id, contact_roles.c.version == role.version)
        try:
            changed = self.connection.execute(sa.update(contact_roles).where(*unchanged).values(_row(saved))).rowcount
        except sa.exc.IntegrityError as error:
            raise ContactRoleTaken("label_it" if "key_it" in str(error.orig) else "label_en") from error
        if changed != 1:
            raise Aborted(f"contact role {role.id} was changed by someone else")
        return saved

    def delete(self, role: ContactRole) -> None:
        try:
            self.connection.execute(sa.delete(contact_roles).where(contact_roles.c.id == role.id))
        except sa.exc.IntegrityError as error:  # somebody got it since we looked
            raise ContactRoleInUse(f"contact role {role.id} is held: give a replacement or clear it") from error

    def unknown(self, role_ids: Collection[UUID]) -> set[UUID]:
        """Return those that do not exist; the others are not deleted before the commit."""
        if not role_ids:
            return set()
        known = sa.select(contact_roles.c.id).where(contact_roles.c.id.in_(role_ids)).order_by(contact_roles.c.id)
        return set(role_ids) - set(self.connection.execute(known.with_for_update(read=True, key_share=True)).scalars())

    def named(self, keys: Collection[str]) -> dict[str, UUID]:
        """Return the roles of these labels, in either language, by folded label."""
        if not keys:
            return {}
        query = sa.select(contact_roles.c.id, contact_roles.c.key_it, contact_roles.c.key_en)
        rows = self.connection.execute(query.where(sa.or_(contact_roles.c.key_it.in_(keys), contact_roles.c.key_en.in_(keys)))).all()
        return {row.key_en: row.id for row in rows} | {row.key_it: row.id for row in rows}

    def hand_over(self, role_id: UUID, replacement_id: UUID | None) -> None:
        """Give all who hold a role another one, or none. Nobody gets the old one from now until the commit."""
        held = affiliations.c.contact_role_id == role_id
        # Customers first, as everybody else who changes what belongs to them.
        concerned = sa.select(customers.c.id).where(customers.c.id.in_(sa.select(affiliations.c.customer_id).where(held)))
        self.connection.execute(concerned.order_by(customers.c.id).with_for_update())
        self.connection.execute(sa.select(contact_roles.c.id).where(contact_roles.c.id == role_id).with_for_update())
        changed = {"contact_role_id": replacement_id, "version": affiliations.c.version + 1}
        keep_affiliations(self.connection, self.clock(), held, **changed)
        self.connection.execute(sa.update(affiliations).where(held).values(changed))

    def _taken(self, role: ContactRole) -> ContactRoleTaken:
        same = sa.select(contact_roles.c.id).where(contact_roles.c.key_it == role.key_it)
        return ContactRoleTaken("label_it" if self.connection.execute(same).first() is not None else "label_en")


def _roles(sight: Sight) -> sa.Select[Any]:
    """The roles, each with how many affiliations hold it of those that the reader may see."""
    held = sa.select(sa.func.count()).select_from(affiliations).where(affiliations.c.contact_role_id == contact_roles.c.id)
    if not sight.everything:
        held = held.where(sa.exists().where(contacts.c.id == affiliations.c.contact_id, contact_visible(sight)))
        held = held.where(sa.exists().where(customers.c.id == affiliations.c.customer_id, customer_visible(sight)))
    return sa.select(*contact_roles.c, held.scalar_subquery().label("holder_count"))


def _row(role: ContactRole) -> dict[str, Any]:
    return {
        "id": role.id,
        "label_it": role.label_it,
        "label_en": role.label_en,
        "key_it": role.key_it,
        "key_en": role.key_en,
        "position": role.position,
        "sort_key": role.sort_key,
        "version": role.version,
    }


def _role(row: Row[Any]) -> ContactRole:
    return ContactRole(row.id, row.label_it, row.label_en, row.position, row.holder_count, row.version)
