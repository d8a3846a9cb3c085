"""Merges in SQL, and what hangs on a contact and passes to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection, Row

from libs.database.listing import select_page
from libs.errors import Aborted
from libs.listing import Listing
from services.contacts.domain import Hanging, Merge, MergeNotFound, Sight, Snapshot, SubContact
from services.contacts.repository.tables import activities, contacts, leads, merges, notes, sub_contacts
from services.contacts.repository.visible import contact_visible, merge_visible

_SNAPSHOT = TypeAdapter(Snapshot)
_HANGING = {"notes": notes, "activities": activities, "leads": leads}


@dataclass(frozen=True)
class SqlMerges:
    connection: Connection

    def get(self, merge_id: UUID, sight: Sight) -> Merge:
        row = self.connection.execute(sa.select(merges).where(merges.c.id == merge_id, merge_visible(sight))).one_or_none()
        if row is None:
            raise MergeNotFound(f"merge {merge_id} does not exist")
        return _merge(row)

    def page(self, contact_id: UUID, listing: Listing, sight: Sight) -> tuple[Sequence[Merge], str]:
        query = sa.select(merges).where(merges.c.survivor_id == contact_id, merge_visible(sight))
        rows, token = select_page(self.connection, query, listing, {"create_time": merges.c.create_time}, merges.c.id)
        return [_merge(row) for row in rows], token

    def survivor_of(self, contact_id: UUID, sight: Sight) -> UUID | None:
        """Return the contact that has taken over a merged one, through further merges; None also when it is hidden."""
        after = sa.select(merges.c.survivor_id).where(merges.c.duplicate_id == contact_id, merges.c.undo_time.is_(None))
        line = after.cte("line", recursive=True)
        further = sa.select(merges.c.survivor_id).join(line, line.c.survivor_id == merges.c.duplicate_id)
        line = line.union(further.where(merges.c.undo_time.is_(None)))
        found = sa.select(contacts.c.id).join(line, line.c.survivor_id == contacts.c.id).where(contact_visible(sight))
        return self.connection.execute(found).scalar_one_or_none()

    def merged_into(self, contact_id: UUID) -> list[UUID]:
        """Return the ids that the person had besides, through further merges; none of them is given back before the commit."""
        line = sa.select(merges.c.id, merges.c.duplicate_id).where(merges.c.survivor_id == contact_id, merges.c.undo_time.is_(None))
        line_ = line.cte("line", recursive=True)
        further = sa.select(merges.c.id, merges.c.duplicate_id).join(line_, line_.c.duplicate_id == merges.c.survivor_id)
        line_ = line_.union(further.where(merges.c.undo_time.is_(None)))
        query = sa.select(merges.c.duplicate_id, merges.c.undo_time).where(merges.c.id.in_(sa.select(line_.c.id)))
        rows = self.connection.execute(query.order_by(merges.c.id).with_for_update()).all()
        return [row.duplicate_id for row in rows if row.undo_time is None]

    def into(self, contact_id: UUID) -> list[Merge]:
        open_ = (merges.c.undo_time.is_(None), merges.c.snapshot.is_not(None))
        query = sa.select(merges).where(merges.c.survivor_id == contact_id, *open_).order_by(merges.c.id)
        return [_merge(row) for row in self.connection.execute(query)]

    def lock_of(self, *contact_ids: UUID) -> None:
        either = sa.or_(merges.c.survivor_id.in_(contact_ids), merges.c.duplicate_id.in_(contact_ids))
        self.connection.execute(sa.select(merges.c.id).where(either).order_by(merges.c.id).with_for_update())

    def add(self, merge: Merge) -> None:
        self.connection.execute(sa.insert(merges).values(_row(merge)))

    def save(self, merge: Merge) -> None:
        open_ = sa.update(merges).where(merges.c.id == merge.id, merges.c.undo_time.is_(None))
        if self.connection.execute(open_.values(_row(merge))).rowcount != 1:
            raise Aborted(f"merge {merge.id} was undone by someone else")

    def forget(self, before: datetime) -> None:
        old = sa.update(merges).where(merges.c.create_time < before, merges.c.snapshot.is_not(None))
        self.connection.execute(old.values(snapshot=None))

    # --- what hangs on a contact -----------------------------------------------------------------------------------------------------
    def hanging(self, contact_id: UUID) -> Hanging:
        found = {}
        for name, table in _HANGING.items():
            query = sa.select(table.c.id).where(table.c.contact_id == contact_id).order_by(table.c.id)
            found[name] = tuple(self.connection.execute(query).scalars())
        return Hanging(**found)

    def pass_on(self, hanging: Hanging, giver_id: UUID, taker_id: UUID) -> None:
        """Let what is still the giver's of these become the taker's."""
        for name, table in _HANGING.items():
            for ids in _portions(getattr(hanging, name)):
                held = sa.update(table).where(table.c.id.in_(ids), table.c.contact_id == giver_id)
                self.connection.execute(held.values(contact_id=taker_id))

    def links(self, contact_id: UUID) -> list[SubContact]:
        """Return its links, as principal and as linked person, whoever may see them; nobody changes them before the commit."""
        either = sa.or_(sub_contacts.c.principal_id == contact_id, sub_contacts.c.contact_id == contact_id)
        query = sa.select(sub_contacts).where(either).order_by(sub_contacts.c.principal_id, sub_contacts.c.contact_id)
        rows = self.connection.execute(query.with_for_update())
        return [SubContact(row.principal_id, row.contact_id, row.create_time, row.relation, row.version) for row in rows]


def _portions(ids: Sequence[UUID], size: int = 1000) -> list[Sequence[UUID]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _row(merge: Merge) -> dict[str, Any]:
    return {
        "id": merge.id,
        "survivor_id": merge.survivor_id,
        "duplicate_id": merge.duplicate_id,
        "create_time": merge.create_time,
        "undo_time": merge.undo_time,
        "snapshot": None if merge.snapshot is None else _SNAPSHOT.dump_json(merge.snapshot).decode(),
    }


def _merge(row: Row[Any]) -> Merge:
    snapshot = None if row.snapshot is None else _SNAPSHOT.validate_json(row.snapshot)
    return Merge(row.id, row.survivor_id, row.duplicate_id, row.create_time, snapshot, row.undo_time)
