"""Saved views in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.database import insert
from libs.database.listing import select_page
from libs.errors import Aborted
from libs.listing import Listing
from services.contacts.domain import View, ViewNameTaken, ViewNotFound
from services.contacts.repository.tables import default_views, views


@dataclass(frozen=True)
class SqlViews:
    connection: Connection

    def get(self, view_id: UUID, account_id: UUID, *, lock: bool = False) -> View:
        query = _views(account_id).where(views.c.id == view_id)
        row = self.connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise ViewNotFound(f"view {view_id} does not exist")
        return _view(row)

    def page(self, listing: Listing, account_id: UUID) -> tuple[Sequence[View], str]:
        columns = {"collection": views.c.collection, "display_name": views.c.name_key}
        rows, token = select_page(self.connection, _views(account_id), listing, columns, views.c.id)
        return [_view(row) for row in rows], token

    def count(self, account_id: UUID) -> int:
        return self.connection.execute(sa.select(sa.func.count()).where(views.c.account_id == account_id)).scalar_one()

    def add(self, view: View) -> None:
        new = insert(self.connection, views).values(_row(view)).on_conflict_do_nothing()
        if self.connection.execute(new.returning(views.c.id)).first() is None:
            raise ViewNameTaken

    def save(self, view: View) -> View:
        saved = replace(view, version=view.version + 1)
        unchanged = (views.c.id == view.id, views.c.version == view.version)
        try:
            changed = self.connection.execute(sa.update(views).where(*unchanged).values(_row(saved))).rowcount
        except sa.exc.IntegrityError as error:
            raise ViewNameTaken from error
        if changed != 1:
            raise Aborted(f"view {view.id} was changed by someone else")
        if not saved.shared:  # it is no longer there for those who opened their list with it
            others = (default_views.c.view_id == view.id, default_views.c.account_id != view.account_id)
            self.connection.execute(sa.delete(default_views).where(*others))
        return saved

    def delete(self, view: View) -> None:
        self.connection.execute(sa.delete(views).where(views.c.id == view.id))

    def set_default(self, account_id: UUID, collection: str, view_id: UUID | None) -> None:
        if view_id is None:
            chosen = (default_views.c.account_id == account_id, default_views.c.collection == collection)
            self.connection.execute(sa.delete(default_views).where(*chosen))
            return
        new = insert(self.connection, default_views).values(account_id=account_id, collection=collection, view_id=view_id)
        key = [default_views.c.account_id, default_views.c.collection]
        self.connection.execute(new.on_conflict_do_update(index_elements=key, set_={"view_id": view_id}))


def _views(account_id: UUID) -> sa.Select[Any]:
    """The views that are there for an operator: its own and the shared ones."""
    chosen = sa.exists().where(default_views.c.account_id == account_id, default_views.c.view_id == views.c.id)
    there = sa.or_(views.c.account_id == account_id, views.c.shared)
    return sa.select(*views.c, chosen.label("default")).where(there)


def _row(view: View) -> dict[str, Any]:
    return {
        "id": view.id,
        "account_id": view.account_id,
        "collection": view.collection,
        "display_name": view.display_name,
        "name_key": view.name_key,
        "filter": view.filter,
        "query": view.query,
        "order_by": view.order_by,
        "columns": list(view.columns),
        "shared": view.shared,
        "version": view.version,
    }


def _view(row: Row[Any]) -> View:
    return View(
        id=row.id,
        account_id=row.account_id,
        collection=row.collection,
        display_name=row.display_name,
        filter=row.filter,
        query=row.query,
        order_by=row.order_by,
        columns=tuple(row.columns),
        shared=row.shared,
        default=row.default,
        version=row.version,
    )
