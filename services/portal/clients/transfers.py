"""Files in and out over gRPC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import transfers_pb2 as pb
from recapito.contacts.v1.transfers_pb2_grpc import TransfersStub

from libs.rpc.client import STREAM_SECONDS
from services.portal.service import Page

LONG_SECONDS = 60.0  # for a file that is read


class GrpcTransfers:
    def __init__(self, channel: grpc.Channel) -> None:
        self._transfers = TransfersStub(channel)

    def create_import(self, content: bytes, file_name: str, request_id: str) -> pb.ImportJob:
        request = pb.CreateImportJobRequest(file_name=file_name, request_id=request_id, content=HttpBody(data=content))
        return self._transfers.CreateImportJob(request, timeout=LONG_SECONDS)

    def update_import(self, job: pb.ImportJob, paths: Sequence[str], request_id: str) -> pb.ImportJob:
        request = pb.UpdateImportJobRequest(import_job=job, update_mask=FieldMask(paths=paths), request_id=request_id)
        return self._transfers.UpdateImportJob(request)

    def run_import(self, job_id: UUID, request_id: str, *, dry_run: bool) -> pb.ImportJob:
        return self._transfers.RunImportJob(pb.RunImportJobRequest(name=_name(job_id), request_id=request_id, dry_run=dry_run))

    def cancel_import(self, job_id: UUID, request_id: str) -> pb.ImportJob:
        return self._transfers.CancelImportJob(pb.CancelImportJobRequest(name=_name(job_id), request_id=request_id))

    def get_import(self, job_id: UUID) -> pb.ImportJob:
        return self._transfers.GetImportJob(pb.GetImportJobRequest(name=_name(job_id)))

    def list_imports(self, page: Page) -> pb.ListImportJobsResponse:
        return self._transfers.ListImportJobs(pb.ListImportJobsRequest(page_size=page.size, page_token=page.token))

    def list_import_rows(self, job_id: UUID, page: Page) -> pb.ListImportRowsResponse:
        request = pb.ListImportRowsRequest(parent=_name(job_id), page_size=page.size, page_token=page.token, filter=page.filter)
        return self._transfers.ListImportRows(request)

    def download_refused_rows(self, job_id: UUID) -> Iterator[HttpBody]:
        return self._transfers.DownloadRefusedRows(pb.DownloadRefusedRowsRequest(name=_name(job_id)), timeout=STREAM_SECONDS)

    def delete_import(self, job_id: UUID, request_id: str) -> None:
        self._transfers.DeleteImportJob(pb.DeleteImportJobRequest(name=_name(job_id), request_id=request_id))

    def export_contacts(self, wanted: pb.ExportContactsRequest) -> Iterator[HttpBody]:
        return self._transfers.ExportContacts(wanted, timeout=STREAM_SECONDS)


def _name(job_id: UUID) -> str:
    return f"importJobs/{job_id}"
