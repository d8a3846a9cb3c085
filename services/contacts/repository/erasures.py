"""Erasures in SQL: the ledger, and what is emptied or removed when a person is erased."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection as Some
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.database import insert
from libs.database.listing import Columns, select_page
from libs.errors import Aborted
from libs.listing import Listing, Value
from services.contacts.domain import Collection, ErasedPerson, Erasure, ErasureNotFound, Receipt, Sight, State, folded
from services.contacts.repository.tables import (
    affiliations,
    contacts,
    deleted_contacts,
    erasure_receipts,
    erasures,
    import_jobs,
    import_rows,
    merges,
    notes,
    sub_contacts,
    views,
)
from services.contacts.repository.visible import erasure_visible

_NEUTRAL = "import"
_APART = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class SqlErasures:
    connection: Connection

    # --- the ledger ------------------------------------------------------------------------------------------------------------------
    def get(self, person_id: UUID, sight: Sight) -> Erasure:
        row = self.connection.execute(sa.select(erasures).where(erasures.c.person_id == person_id, erasure_visible(sight))).one_or_none()
        if row is None:
            raise ErasureNotFound(f"erasure {person_id} does not exist")
        return _erasure(row, self._receipts([person_id])[person_id])

    def find(self, person_id: UUID) -> Erasure | None:
        row = self.connection.execute(sa.select(erasures).where(erasures.c.person_id == person_id).with_for_update()).one_or_none()
        return None if row is None else _erasure(row, self._receipts([person_id])[person_id])

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[Erasure], str]:
        columns: Columns = {"complete": _complete, "create_time": erasures.c.create_time}
        query = sa.select(erasures).where(erasure_visible(sight))
        rows, token = select_page(self.connection, query, listing, columns, erasures.c.person_id)
        receipts = self._receipts([row.person_id for row in rows])
        return [_erasure(row, receipts[row.person_id]) for row in rows], token

    def all(self) -> Iterator[Erasure]:
        for row in self.connection.execute(sa.select(erasures).order_by(erasures.c.create_time, erasures.c.person_id)).all():
            yield _erasure(row, ())

    def waiting(self) -> tuple[int, datetime | None]:
        of_all = sa.select(sa.func.count(), sa.func.min(erasures.c.create_time)).where(erasures.c.complete_time.is_(None))
        count, oldest = self.connection.execute(of_all).one()
        return int(count), oldest

    def add(self, erasure: Erasure) -> None:
        new = insert(self.connection, erasures).values(_row(erasure)).on_conflict_do_nothing()
        if self.connection.execute(new.returning(erasures.c.person_id)).first() is None:
            raise Aborted(f"{erasure.person.name} is being erased by someone else")
        self._add_receipts(erasure)

    def save(self, erasure: Erasure) -> None:
        of_person = erasures.c.person_id == erasure.person.id
        self.connection.execute(sa.update(erasures).where(of_person).values(_row(erasure)))
        self.connection.execute(sa.delete(erasure_receipts).where(erasure_receipts.c.person_id == erasure.person.id))
        self._add_receipts(erasure)

    def _add_receipts(self, erasure: Erasure) -> None:
        if erasure.receipts:
            self.connection.execute(sa.insert(erasure_receipts), [_receipt_row(erasure.person.id, one) for one in erasure.receipts])

    def _receipts(self, ids: Some[UUID]) -> dict[UUID, list[Receipt]]:
        found: dict[UUID, list[Receipt]] = defaultdict(list)
        of_them = sa.select(erasure_receipts).where(erasure_receipts.c.person_id.in_(ids)).order_by(erasure_receipts.c.service)
        for row in self.connection.execute(of_them) if ids else ():
            held = tuple(row.held.split())
            found[row.person_id].append(Receipt(row.service, row.version, row.erased_count, row.erase_time, held, row.held_until))
        return found

    # --- what goes -------------------------------------------------------------------------------------------------------------------
    def erased(self, person_id: UUID) -> bool:
        return self.connection.execute(sa.select(erasures.c.person_id).where(erasures.c.person_id == person_id)).first() is not None

    def was_contact(self, contact_id: UUID) -> bool:
        gone = sa.select(deleted_contacts.c.id).where(deleted_contacts.c.id == contact_id)
        return self.connection.execute(gone).first() is not None

    def colleague(self, customer_id: UUID, contact_id: UUID) -> UUID | None:
        others = (
            sa.select(affiliations.c.contact_id)
            .join(contacts, contacts.c.id == affiliations.c.contact_id)
            .where(affiliations.c.customer_id == customer_id, contacts.c.id != contact_id, contacts.c.state == State.ACTIVE.name)
            .order_by(affiliations.c.create_time, affiliations.c.contact_id)
            .limit(1)
        )
        found: UUID | None = self.connection.execute(others).scalar_one_or_none()
        return found

    def forget(self, contact_id: UUID, email_key: str | None, customer_ids: Some[UUID]) -> int:
        """Imported rows stay as numbers of their report; what stood in them goes."""
        emptied = (
            sa.update(import_rows)
            .where(row_of(contact_id, email_key))
            .values(cells=[], problems=[], email_key=None)
            .returning(import_rows.c.number)
        )
        about = sa.or_(notes.c.contact_id == contact_id, notes.c.customer_id.in_(customer_ids))
        linked = sa.or_(sub_contacts.c.principal_id == contact_id, sub_contacts.c.contact_id == contact_id)
        gone: tuple[sa.UpdateBase, ...] = (
            emptied,
            sa.delete(notes).where(about).returning(notes.c.id),
            sa.delete(sub_contacts).where(linked).returning(sub_contacts.c.contact_id),
        )
        self.connection.execute(sa.update(merges).where(_of_merge(contact_id)).values(snapshot=None))
        return sum(len(self.connection.execute(statement).all()) for statement in gone)

    def forget_mentions(self, first_name: str, last_name: str, email: str) -> int:
        """Saved views that look for the person go, and the names of imported files that hold its name or address become neutral."""
        mentions = _Mentions(first_name, last_name, email)
        looked = self.connection.execute(sa.select(views.c.id, views.c.display_name, views.c.query, views.c.filter)).all()
        of_person = [row.id for row in looked if mentions.within(row.display_name, row.query, row.filter)]
        files = self.connection.execute(sa.select(import_jobs.c.id, import_jobs.c.file_name)).all()
        named = [row.id for row in files if mentions.within(row.file_name)]
        self.connection.execute(sa.delete(views).where(views.c.id.in_(of_person)))
        self.connection.execute(sa.update(import_jobs).where(import_jobs.c.id.in_(named)).values(file_name=_NEUTRAL))
        return len(of_person) + len(named)


class _Mentions:
    """The ways in which a text of an operator names a person: both names, in either order, or the address."""

    def __init__(self, first_name: str, last_name: str, email: str) -> None:
        names = (f"{first_name} {last_name}", f"{last_name} {first_name}") if first_name and last_name else ()
        self._words = [_words(text) for text in (*names, email) if text]

    def within(self, *texts: str) -> bool:
        return any(words in text for text in map(_words, texts) for words in self._words)


def _words(text: str) -> str:
    """Return the words of a text as they are compared, each with a space before and after."""
    return f" {_APART.sub(' ', folded(text))} "


def row_of(contact_id: UUID, email_key: str | None) -> ColumnElement[bool]:
    """Return the rows of imported files about a contact: those that it came from, and those with its address."""
    return sa.or_(import_rows.c.contact_id == contact_id, import_rows.c.email_key == email_key if email_key else sa.false())


def _of_merge(contact_id: UUID) -> ColumnElement[bool]:
    return sa.or_(merges.c.survivor_id == contact_id, merges.c.duplicate_id == contact_id)


def _complete(compared: str, value: Value) -> ColumnElement[bool]:
    return erasures.c.complete_time.is_not(None) if (compared == "!=") is not value else erasures.c.complete_time.is_(None)


def _row(erasure: Erasure) -> dict[str, Any]:
    return {
        "person_id": erasure.person.id,
        "collection": erasure.person.collection.value,
        "customers": sorted(str(id_) for id_ in erasure.customers),
        "erased_customers": sorted(str(id_) for id_ in erasure.erased_customers),
        "create_time": erasure.create_time,
        "complete_time": erasure.complete_time,
        "version": erasure.version,
    }


def _receipt_row(person_id: UUID, receipt: Receipt) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "service": receipt.service,
        "version": receipt.version,
        "erased_count": receipt.erased_count,
        "held": " ".join(receipt.held),
        "held_until": receipt.held_until,
        "erase_time": receipt.erase_time,
    }


def _erasure(row: Row[Any], receipts: Sequence[Receipt]) -> Erasure:
    return Erasure(
        person=ErasedPerson(Collection(row.collection), row.person_id),
        create_time=row.create_time,
        customers=frozenset(UUID(id_) for id_ in row.customers),
        erased_customers=frozenset(UUID(id_) for id_ in row.erased_customers),
        receipts=tuple(receipts),
        complete_time=row.complete_time,
        version=row.version,
    )
