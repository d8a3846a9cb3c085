"""The organisation's own roles."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs import database
from libs.errors import Aborted, NotFound
from services.identity.domain.roles import NameTaken, Role, RoleInUse, fold, id_of
from services.identity.repository.tables import roles


def name_of(role_id: UUID) -> str:
    return f"roles/{role_id}"


def _role(row: Row[Any]) -> Role:
    return Role(name_of(row.id), row.display_name, frozenset(row.capabilities.split()), version=row.version)


def _values(role: Role) -> dict[str, Any]:
    return {
        "id": id_of(role.name),
        "display_name": role.display_name,
        "folded_name": fold(role.display_name),
        "capabilities": " ".join(sorted(role.capabilities)),
        "version": role.version,
    }


@dataclass(frozen=True)
class SqlRoles:
    connection: Connection

    def all(self) -> list[Role]:
        return [_role(row) for row in self.connection.execute(sa.select(roles).order_by(roles.c.folded_name))]

    def find(self, names: Collection[str]) -> list[Role]:
        ids = [role_id for name in names if (role_id := id_of(name))]
        return [_role(row) for row in self.connection.execute(sa.select(roles).where(roles.c.id.in_(ids)))] if ids else []

    def get(self, name: str) -> Role:
        for role in self.find([name]):
            return role
        raise NotFound(f"{name} does not exist")

    def add(self, role: Role) -> Role:
        new = database.insert(self.connection, roles).values(_values(role)).on_conflict_do_nothing(index_elements=[roles.c.folded_name])
        if self.connection.execute(new.returning(roles.c.id)).first() is None:
            raise NameTaken
        return role

    def save(self, role: Role) -> Role:
        saved = replace(role, version=role.version + 1)
        unchanged = (roles.c.id == id_of(role.name), roles.c.version == role.version)
        try:
            done = self.connection.execute(sa.update(roles).where(*unchanged).values(_values(saved)))
        except sa.exc.IntegrityError as error:
            raise NameTaken from error
        if done.rowcount != 1:
            raise Aborted(f"{role.name} was changed by someone else")
        return saved

    def delete(self, role: Role) -> None:
        try:
            self.connection.execute(sa.delete(roles).where(roles.c.id == id_of(role.name)))
        except sa.exc.IntegrityError as error:
            raise RoleInUse("somebody still has this role: give them another first") from error
