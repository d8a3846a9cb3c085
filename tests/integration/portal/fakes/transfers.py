"""Imports and exports, over files that are lists of names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1.transfers_pb2 import (
    ExportContactsRequest,
    ImportJob,
    ImportRow,
    ListImportJobsResponse,
    ListImportRowsResponse,
    UpdateImportJobRequest,
)
from recapito.type.v1.type_pb2 import Progress

from libs.errors import FailedPrecondition, InvalidArgument, NotFound
from libs.ids import new_id
from libs.rpc.validation import check
from services.portal.service import Page
from tests.integration.portal.fakes.common import Requests, merged, now, touched
from tests.integration.portal.fakes.contacts import FakeContacts


@dataclass
class FakeTransfers:
    """jobs: by id; a run stays QUEUED until `work` does it. rows: of each job, the accepted ones first. exported: what was asked for."""

    contacts: FakeContacts
    jobs: dict[UUID, ImportJob] = field(default_factory=dict)
    rows: dict[UUID, list[ImportRow]] = field(default_factory=dict)
    exported: list[ExportContactsRequest] = field(default_factory=list)
    requests: Requests = field(default_factory=Requests)

    def create_import(self, content: bytes, file_name: str, request_id: str) -> ImportJob:
        if content.startswith(b"%PDF"):
            raise InvalidArgument.of("content", "is no such file", "IMPORT_FORMAT_UNKNOWN")
        headers, *lines = content.decode().splitlines()

        def make() -> ImportJob:
            known = {"Nome": "first_name", "Cognome": "last_name", "Cliente": "customer.display_name"}
            id_, samples = new_id(), lines[0].split(";")
            columns = [
                ImportJob.Column(header=header, field=known.get(header, ""), samples=[samples[index]])
                for index, header in enumerate(headers.split(";"))
            ]
            job = ImportJob(name=f"importJobs/{id_}", file_name=file_name, columns=columns, format=ImportJob.CSV)
            job.create_time.CopyFrom(now())
            self.jobs[id_] = touched(job)
            self.rows[id_] = [ImportRow(name=f"{job.name}/rows/{number}", values=line.split(";")) for number, line in enumerate(lines, 1)]
            return job

        return self.requests.once(request_id, make)

    def update_import(self, job: ImportJob, paths: Sequence[str], request_id: str) -> ImportJob:
        check(UpdateImportJobRequest(import_job=job, update_mask=FieldMask(paths=paths)))
        id_ = UUID(job.name.split("/")[1])
        before = self._idle(id_)
        for column, wanted in zip(before.columns, job.columns, strict=True):
            wanted.header = column.header
            wanted.samples.extend(column.samples)
        self.jobs[id_] = merged(before, job, paths)
        self.jobs[id_].ClearField("progress")
        return self.jobs[id_]

    def run_import(self, job_id: UUID, request_id: str, *, dry_run: bool) -> ImportJob:
        job = self._idle(job_id)
        if "last_name" not in {column.field for column in job.columns}:
            raise InvalidArgument.of("import_job.columns", "must say last_name", "IMPORT_COLUMN_NEEDED")
        job.dry_run, job.progress.state = dry_run, Progress.QUEUED
        return job

    def work(self) -> None:
        """Do what is queued: a row whose last name is missing is refused."""
        for id_, job in self.jobs.items():
            if job.progress.state == Progress.QUEUED:
                for row in self.rows[id_]:
                    missing = not row.values[1]
                    row.outcome = ImportRow.REFUSED if missing else ImportRow.CREATED
                    row.problems[:] = ["last_name: REQUIRED"] if missing else []
                refused = sum(row.outcome == ImportRow.REFUSED for row in self.rows[id_])
                total = len(self.rows[id_])
                job.created_count = total - refused
                job.progress.CopyFrom(Progress(state=Progress.SUCCEEDED, done_count=total, total_count=total, failed_count=refused))

    def some_imports(self) -> None:
        """Make one in each state: just uploaded, running, and checked with a row to correct."""
        for name in ("nuovo.csv", "in corso.csv", "controllato.csv"):
            self.create_import(b"Nome;Cognome;Cliente;Boh\nAnna;Neri;ABC S.r.l.;x\nLuca;;ABC S.r.l.;y\n", name, "")
        _new, running, checked = self.jobs
        self.run_import(checked, "", dry_run=True)
        self.work()
        progress = Progress(state=Progress.RUNNING, done_count=500, total_count=2000)
        self.jobs[running].progress.CopyFrom(progress)

    def cancel_import(self, job_id: UUID, request_id: str) -> ImportJob:
        job = self.get_import(job_id)
        job.progress.state = Progress.CANCELLED
        return job

    def get_import(self, job_id: UUID) -> ImportJob:
        if job_id not in self.jobs:
            raise NotFound(f"importJobs/{job_id} does not exist")
        return self.jobs[job_id]

    def list_imports(self, page: Page) -> ListImportJobsResponse:
        return ListImportJobsResponse(import_jobs=reversed(self.jobs.values()))

    def list_import_rows(self, job_id: UUID, page: Page) -> ListImportRowsResponse:
        assert page.filter == 'outcome = "REFUSED"'
        return ListImportRowsResponse(import_rows=[row for row in self.rows[job_id] if row.outcome == ImportRow.REFUSED])

    def download_refused_rows(self, job_id: UUID) -> Iterator[HttpBody]:
        self.get_import(job_id)
        yield HttpBody(content_type="text/csv; charset=utf-8", data=b"Nome;Cognome\r\n")

    def delete_import(self, job_id: UUID, request_id: str) -> None:
        self._idle(job_id)
        del self.jobs[job_id]

    def export_contacts(self, wanted: ExportContactsRequest) -> Iterator[HttpBody]:
        self.contacts.require_fresh()
        if wanted.format == ExportContactsRequest.XLSX:
            raise InvalidArgument.of("format", "holds too few", "EXPORT_TOO_LARGE")
        self.exported.append(wanted)
        yield HttpBody(content_type="text/csv; charset=utf-8", data=b"Nome\r\nMario\r\n")

    def _idle(self, job_id: UUID) -> ImportJob:
        job = self.get_import(job_id)
        if job.progress.state in {Progress.QUEUED, Progress.RUNNING}:
            raise FailedPrecondition("it is running", reason="IMPORT_RUNNING")
        return job
