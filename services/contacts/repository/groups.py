"""Groups in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database import insert
from libs.database.listing import select_page
from libs.errors import Aborted, NotFound
from libs.listing import Listing
from services.contacts.domain import Group, GroupNotEmpty, NameTaken, Sight
from services.contacts.repository.tables import contact_groups, customer_groups, groups, lead_groups


def _count(table: sa.Table) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(table.c.group_id == groups.c.id).scalar_subquery()


_MEMBERS = _count(customer_groups) + _count(contact_groups) + _count(lead_groups)
_GROUPS: sa.Select[Any] = sa.select(*groups.c, _MEMBERS.label("member_count"))


@dataclass(frozen=True)
class SqlGroups:
    connection: Connection

    def get(self, group_id: UUID, sight: Sight) -> Group:
        row = self.connection.execute(_GROUPS.where(groups.c.id == group_id, _visible(sight))).one_or_none()
        if row is None:
            raise NotFound(f"group {group_id} does not exist")
        return _group(row)

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[Group], str]:
        columns = {"parent_group": groups.c.parent_id, "display_name": groups.c.name_key}
        rows, token = select_page(self.connection, _GROUPS.where(_visible(sight)), listing, columns, groups.c.id)
        return [_group(row) for row in rows], token

    def add(self, group: Group) -> None:
        new = insert(self.connection, groups).values(_row(group)).on_conflict_do_nothing(index_elements=[groups.c.name_key])
        if self.connection.execute(new.returning(groups.c.id)).first() is None:
            raise NameTaken

    def save(self, group: Group) -> Group:
        saved = replace(group, version=group.version + 1)
        unchanged = (groups.c.id == group.id, groups.c.version == group.version)
        try:
            changed = self.connection.execute(sa.update(groups).where(*unchanged).values(_row(saved))).rowcount
        except sa.exc.IntegrityError as error:
            if "name_key" in str(error.orig):
                raise NameTaken from error
            raise
        if changed != 1:
            raise Aborted(f"group {group.id} was changed by someone else")
        return saved

    def delete(self, group: Group) -> None:
        try:
            self.connection.execute(sa.delete(groups).where(groups.c.id == group.id))
        except sa.exc.IntegrityError as error:  # somebody moved in since we looked
            raise GroupNotEmpty(f"group {group.id} still holds members or sub-groups: move them first") from error

    def ancestors(self, group_id: UUID) -> list[UUID]:
        start = sa.select(groups.c.id, groups.c.parent_id).where(groups.c.id == group_id).cte("line", recursive=True)
        line = start.union(sa.select(groups.c.id, groups.c.parent_id).join(start, groups.c.id == start.c.parent_id))
        return list(self.connection.execute(sa.select(line.c.id)).scalars())

    def unknown(self, group_ids: Collection[UUID]) -> set[UUID]:
        """Return those that do not exist; the others are not deleted before the commit."""
        if not group_ids:
            return set()
        query = sa.select(groups.c.id).where(groups.c.id.in_(group_ids)).order_by(groups.c.id).with_for_update(read=True, key_share=True)
        return set(group_ids) - set(self.connection.execute(query).scalars())

    def named(self, name_keys: Collection[str], sight: Sight) -> dict[str, UUID]:
        """Return the groups of these names that the caller may see, by name key."""
        query = sa.select(groups.c.name_key, groups.c.id).where(groups.c.name_key.in_(name_keys), _visible(sight))
        return {row.name_key: row.id for row in self.connection.execute(query)} if name_keys else {}

    def has_children(self, group_id: UUID) -> bool:
        query = sa.select(groups.c.id).where(groups.c.parent_id == group_id).limit(1)
        return self.connection.execute(query).first() is not None


def _visible(sight: Sight) -> ColumnElement[bool]:
    return sa.true() if sight.everything else groups.c.id.in_(sorted(sight.groups))


def _row(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "display_name": group.display_name,
        "name_key": group.name_key,
        "parent_id": group.parent_id,
        "version": group.version,
    }


def _group(row: Row[Any]) -> Group:
    return Group(row.id, row.display_name, row.parent_id, row.member_count, row.version)
