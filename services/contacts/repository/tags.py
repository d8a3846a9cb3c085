"""Tags of contacts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from libs.database import insert_all
from libs.listing import Value
from services.contacts.domain.values import key_of
from services.contacts.repository.tables import contact_tags, contacts


def tags_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Return the tags of each contact, in order."""
    found: dict[UUID, list[str]] = {id_: [] for id_ in ids}
    if found:
        rows = sa.select(contact_tags.c.contact_id, contact_tags.c.tag).where(contact_tags.c.contact_id.in_(found))
        for contact_id, tag in connection.execute(rows):
            found[contact_id].append(tag)
    return {id_: tuple(sorted(tags, key=key_of)) for id_, tags in found.items()}


def set_tags(connection: Connection, contact_id: UUID, tags: tuple[str, ...]) -> None:
    before = tags_of(connection, [contact_id])[contact_id]
    if tags == before:
        return
    connection.execute(sa.delete(contact_tags).where(contact_tags.c.contact_id == contact_id))
    if tags:
        connection.execute(sa.insert(contact_tags), [{"contact_id": contact_id, "key": key_of(tag), "tag": tag} for tag in tags])


def add_tags(connection: Connection, tags: Mapping[UUID, tuple[str, ...]]) -> None:
    """Give tags to contacts that have none yet."""
    rows = [{"contact_id": id_, "key": key_of(tag), "tag": tag} for id_, given in tags.items() for tag in given]
    insert_all(connection, contact_tags, rows)


def tagged(value: Value) -> ColumnElement[bool]:
    """Return the predicate on contacts that hold a tag, however it is written; None: any tag."""
    wanted = sa.true() if value is None else contact_tags.c.key == key_of(str(value))
    holds = sa.exists().where(contact_tags.c.contact_id == contacts.c.id, wanted)
    return sa.not_(holds) if value is None else holds
