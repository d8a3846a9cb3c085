"""Use cases of imports: a file comes in, its columns are told, it is run dry or for real, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from libs import audit
from libs.access import Caller
from libs.errors import PermissionDenied
from libs.ids import new_id
from libs.unit_of_work import Clock, Request
from services.contacts.domain import Catalogue, Given, ImportJob, Stage
from services.contacts.domain.columns import guess, known
from services.contacts.domain.imports import Column
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.fields import catalogue
from services.contacts.wire import files

SAMPLES = 3
LONGEST_SAMPLE = 100
IMPORTS_CHANNEL = "imports"


def create_import_job(content: bytes, file_name: str, request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock) -> ImportJob:
    """Store a file whose first rows can be read, with a guess of its columns. FileRefused when they cannot."""
    if caller.account_id is None:
        raise PermissionDenied("an import belongs to whoever makes it")
    now, id_ = clock(), new_id()
    sheet = files.read(content)
    with uow:
        if (earlier := uow.requests.claim(request, str(id_))) is not None:
            return uow.imports.get(UUID(earlier), caller.account_id)
        columns = _columns(sheet, catalogue(uow))
        job = ImportJob(id_, caller.account_id, sheet.format, " ".join(file_name.split()), columns, now, now)
        uow.imports.add(job, content)
        audit.note(resource=f"importJobs/{id_}")
        uow.commit()
    return job


def _columns(sheet: files.Sheet, known_fields: Catalogue) -> tuple[Column, ...]:
    rows = [row for row, _ in zip(sheet.rows, range(SAMPLES), strict=False)]

    def samples(index: int) -> tuple[str, ...]:
        return tuple(cell[:LONGEST_SAMPLE] for row in rows if index < len(row) and (cell := row[index].strip()))

    named = zip(sheet.headers, guess(sheet.headers, known_fields), strict=True)
    return tuple(Column(header, field, samples(index)) for index, (header, field) in enumerate(named))


def update_import_job(
    job_id: UUID,
    change: Callable[[ImportJob], tuple[Sequence[str], Given]],
    request: Request,
    caller: Caller,
    *,
    uow: UnitOfWork,
    clock: Clock,
) -> ImportJob:
    """Tell what the columns mean and what every row gets. change: gives both, from the job as it is."""
    with uow:
        if uow.requests.claim(request, str(job_id)) is not None:
            return uow.imports.get(job_id, caller.account_id)
        before = uow.imports.get(job_id, caller.account_id, lock=True)
        fields, given = change(before)
        job = uow.imports.save(before.configured(fields, given, known(catalogue(uow)), clock()))
        uow.commit()
    return job


def run_import_job(
    job_id: UUID, check: Callable[[ImportJob], None], request: Request, caller: Caller, *, dry: bool, uow: UnitOfWork, clock: Clock
) -> ImportJob:
    """Queue the rows that are not imported yet, with what the caller sees at this moment."""
    with uow:
        if uow.requests.claim(request, str(job_id)) is not None:
            return uow.imports.get(job_id, caller.account_id)
        before = uow.imports.get(job_id, caller.account_id, lock=True)
        check(before)
        job = replace(before.queued(sight_of(caller), clock(), dry=dry), counts=uow.imports.forget_report(job_id))
        job = uow.imports.save(job)
        uow.wake(IMPORTS_CHANNEL)
        uow.commit()
    return job


def cancel_import_job(job_id: UUID, request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock) -> ImportJob:
    """Stop before the next chunk: the lock waits for the one in hand."""
    with uow:
        if uow.requests.claim(request, str(job_id)) is not None:
            return uow.imports.get(job_id, caller.account_id)
        job = uow.imports.get(job_id, caller.account_id, lock=True)
        if job.active:
            job = uow.imports.save(job.ended(Stage.CANCELLED, clock()))
        uow.commit()
    return job


def delete_import_job(job_id: UUID, check: Callable[[ImportJob], None], request: Request, caller: Caller, *, uow: UnitOfWork) -> None:
    """Forget a job with its file and its report; the contacts stay."""
    with uow:
        if uow.requests.claim(request, str(job_id)) is not None:
            return
        job = uow.imports.get(job_id, caller.account_id, lock=True)
        check(job)
        job.check_idle()
        uow.imports.delete(job_id)
        uow.commit()
