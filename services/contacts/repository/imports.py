"""Imports in SQL: jobs, files and rows. A job is a queue of chunks: whoever locks its row does the next one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.database import insert_all
from libs.database.listing import select_page
from libs.errors import Aborted
from libs.listing import Listing
from services.contacts.domain import ImportJob, ImportNotFound, ImportRow, Outcome
from services.contacts.domain.customers import Kind
from services.contacts.domain.groups import Sight
from services.contacts.domain.imports import ACTIVE, Column, Counts, Format, Given, Stage
from services.contacts.repository.tables import import_files, import_jobs, import_rows

_WRITTEN_AT_ONCE = 1000
_OF_PROGRESS = ("stage", "total", "outcomes", "loaded", "reason", "start_time", "end_time", "update_time")


@dataclass(frozen=True)
class SqlImports:
    connection: Connection

    # --- jobs --------------------------------------------------------------------------------------------------------------------
    def get(self, job_id: UUID, owner_id: UUID | None, *, lock: bool = False) -> ImportJob:
        query = sa.select(import_jobs).where(import_jobs.c.id == job_id, import_jobs.c.owner_id == owner_id)
        row = self.connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise ImportNotFound(f"import {job_id} does not exist")
        return _job(row)

    def page(self, listing: Listing, owner_id: UUID | None) -> tuple[Sequence[ImportJob], str]:
        query = sa.select(import_jobs).where(import_jobs.c.owner_id == owner_id)
        rows, token = select_page(self.connection, query, listing, {"create_time": import_jobs.c.create_time}, import_jobs.c.id)
        return [_job(row) for row in rows], token

    def add(self, job: ImportJob, content: bytes) -> None:
        self.connection.execute(sa.insert(import_jobs).values(_row(job)))
        self.connection.execute(sa.insert(import_files).values(job_id=job.id, content=content))

    def save(self, job: ImportJob) -> ImportJob:
        saved = replace(job, version=job.version + 1)
        unchanged = (import_jobs.c.id == job.id, import_jobs.c.version == job.version)
        changed = {name: value for name, value in _row(saved).items() if name != "file_name"}  # which an erasure may have emptied since
        if self.connection.execute(sa.update(import_jobs).where(*unchanged).values(changed)).rowcount != 1:
            raise Aborted(f"import {job.id} was changed by someone else")
        return saved

    def save_progress(self, job: ImportJob) -> None:
        """Store how far a locked job is; that is no change of what a reader has seen, so its version stays."""
        row = _row(job)
        changed = {name: row[name] for name in _OF_PROGRESS}
        self.connection.execute(sa.update(import_jobs).where(import_jobs.c.id == job.id).values(changed))

    def delete(self, job_id: UUID) -> None:
        self.connection.execute(sa.delete(import_jobs).where(import_jobs.c.id == job_id))

    def sweep(self, before: datetime) -> None:
        self.connection.execute(sa.delete(import_jobs).where(import_jobs.c.update_time < before))

    def claim(self) -> ImportJob | None:
        """Lock the job whose turn it is, so that nobody else does its next chunk; None when all rest or are in other hands."""
        active = import_jobs.c.stage.in_([stage.name for stage in ACTIVE])
        query = sa.select(import_jobs).where(active).order_by(import_jobs.c.update_time, import_jobs.c.id).limit(1)
        row = self.connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
        return _job(row) if row is not None else None

    # --- rows --------------------------------------------------------------------------------------------------------------------
    def content(self, job_id: UUID) -> bytes:
        return bytes(self.connection.execute(sa.select(import_files.c.content).where(import_files.c.job_id == job_id)).scalar_one())

    def load(self, job_id: UUID, rows: Iterable[Sequence[str]]) -> int:
        """Put the rows of a file in its place, and return how many there are."""
        count, left = 0, iter(rows)
        with self.connection.begin_nested():  # a file that breaks off leaves no rows
            while part := list(islice(left, _WRITTEN_AT_ONCE)):
                numbered = [
                    {"job_id": job_id, "number": count + index, "cells": list(values), "imported": False, "problems": []}
                    for index, values in enumerate(part, 1)
                ]
                insert_all(self.connection, import_rows, numbered)
                count += len(numbered)
        self.connection.execute(sa.delete(import_files).where(import_files.c.job_id == job_id))
        return count

    def forget_report(self, job_id: UUID) -> Counts:
        """Make the rows that are not imported pending again, and return the counts of those that are."""
        pending: dict[str, Any] = {"outcome": None, "contact_id": None, "problems": [], "email_key": None}
        of_job = import_rows.c.job_id == job_id
        looked_at = (of_job, import_rows.c.imported.is_(False), import_rows.c.outcome.is_not(None))
        self.connection.execute(sa.update(import_rows).where(*looked_at).values(pending))
        counted = sa.select(import_rows.c.outcome, sa.func.count().label("rows")).where(of_job).group_by(import_rows.c.outcome)
        found = {row.outcome: row.rows for row in self.connection.execute(counted)}
        outcomes = tuple((Outcome[name], count) for name, count in found.items() if name is not None)
        return Counts(sum(found.values()), outcomes)

    def pending(self, job_id: UUID, limit: int) -> list[ImportRow]:
        query = sa.select(import_rows).where(import_rows.c.job_id == job_id, import_rows.c.outcome.is_(None))
        return [_import_row(row) for row in self.connection.execute(query.order_by(import_rows.c.number).limit(limit))]

    def accepted_keys(self, job_id: UUID, keys: Collection[str]) -> set[str]:
        """Return those addresses that an accepted row of the file has already."""
        query = sa.select(import_rows.c.email_key).where(import_rows.c.job_id == job_id, import_rows.c.email_key.in_(keys))
        return set(self.connection.execute(query).scalars()) if keys else set()

    def record(self, job_id: UUID, rows: Sequence[ImportRow]) -> None:
        """Store what became of rows. Those that are imported give up their values: the registry has them now."""
        written = [
            {
                "job_id": job_id,
                "number": row.number,
                "outcome": row.outcome.name if row.outcome else None,
                "imported": row.imported,
                "contact_id": row.contact_id,
                "problems": list(row.problems),
                "email_key": row.email_key,
                "cells": [] if row.imported else list(row.values),
            }
            for row in rows
        ]
        # In the place of the old ones: an UPDATE is one statement for each row.
        replaced = (import_rows.c.job_id == job_id, import_rows.c.number.in_([row.number for row in rows]))
        self.connection.execute(sa.delete(import_rows).where(*replaced))
        insert_all(self.connection, import_rows, written)

    def rows(self, job_id: UUID, listing: Listing) -> tuple[Sequence[ImportRow], str]:
        query = sa.select(import_rows).where(import_rows.c.job_id == job_id)
        columns = {"number": import_rows.c.number, "outcome": import_rows.c.outcome}
        rows, token = select_page(self.connection, query, listing, columns, import_rows.c.job_id)
        return [_import_row(row) for row in rows], token

    def refused(self, job_id: UUID) -> Iterator[ImportRow]:
        of_job = (import_rows.c.job_id == job_id, import_rows.c.outcome == Outcome.REFUSED.name)
        last = 0
        while True:
            query = sa.select(import_rows).where(*of_job, import_rows.c.number > last).order_by(import_rows.c.number)
            found = self.connection.execute(query.limit(_WRITTEN_AT_ONCE)).all()
            yield from (_import_row(row) for row in found)
            if len(found) < _WRITTEN_AT_ONCE:
                return
            last = found[-1].number


def _row(job: ImportJob) -> dict[str, Any]:
    given = job.given
    return {
        "id": job.id,
        "owner_id": job.owner_id,
        "format": job.format.name,
        "file_name": job.file_name,
        "columns": [[column.header, column.field, list(column.samples)] for column in job.columns],
        "given": {
            "groups": [str(id_) for id_ in sorted(given.groups)],
            "tags": list(given.tags),
            "customer": str(given.customer_id) if given.customer_id else None,
            "new_customers": given.new_customers.name if given.new_customers else None,
            "update_existing": given.update_existing,
        },
        "stage": job.stage.name,
        "dry": job.dry,
        "sees_everything": job.sight.everything,
        "seen_groups": [str(id_) for id_ in sorted(job.sight.groups)],
        "total": job.counts.total,
        "outcomes": {outcome.name: count for outcome, count in job.counts.outcomes},
        "loaded": job.loaded,
        "reason": job.reason,
        "create_time": job.create_time,
        "update_time": job.update_time,
        "start_time": job.start_time,
        "end_time": job.end_time,
        "version": job.version,
    }


def _job(row: Row[Any]) -> ImportJob:
    given = row.given
    return ImportJob(
        id=row.id,
        owner_id=row.owner_id,
        format=Format[row.format],
        file_name=row.file_name,
        columns=tuple(Column(header, field, tuple(samples)) for header, field, samples in row.columns),
        given=Given(
            groups=frozenset(UUID(id_) for id_ in given["groups"]),
            tags=tuple(given["tags"]),
            customer_id=UUID(given["customer"]) if given["customer"] else None,
            new_customers=Kind[given["new_customers"]] if given["new_customers"] else None,
            update_existing=given["update_existing"],
        ),
        stage=Stage[row.stage],
        dry=row.dry,
        sight=Sight(everything=row.sees_everything, groups=frozenset(UUID(id_) for id_ in row.seen_groups)),
        counts=Counts(row.total, tuple((Outcome[name], count) for name, count in row.outcomes.items())),
        loaded=row.loaded,
        reason=row.reason,
        create_time=row.create_time,
        update_time=row.update_time,
        start_time=row.start_time,
        end_time=row.end_time,
        version=row.version,
    )


def _import_row(row: Row[Any]) -> ImportRow:
    return ImportRow(
        number=row.number,
        values=tuple(row.cells),
        outcome=Outcome[row.outcome] if row.outcome else None,
        imported=row.imported,
        contact_id=row.contact_id,
        problems=tuple(row.problems),
        email_key=row.email_key,
    )
