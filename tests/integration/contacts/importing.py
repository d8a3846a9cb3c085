"""Imports as tests make them: a file goes in, the worker's chunks are done by hand, and the report is read."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import customers_pb2, transfers_pb2_grpc
from recapito.contacts.v1 import transfers_pb2 as pb

from libs.rpc import validation
from services.contacts.repository import staging
from services.contacts.service import import_rows
from tests.integration.contacts.conftest import OPERATOR, Api

IMPORTER = OPERATOR | {"contacts.import", "contacts.export"}
COMPANY = customers_pb2.Customer.COMPANY


def now() -> datetime:
    return datetime.now(UTC)


def stub(api: Api) -> transfers_pb2_grpc.TransfersStub:
    channel: grpc.Channel = api.channel
    return transfers_pb2_grpc.TransfersStub(channel)


def uploaded(api: Api, content: bytes | str, **given: Any) -> pb.ImportJob:
    """Upload a file as whoever calls now, and say what every row gets."""
    data = content.encode() if isinstance(content, str) else content
    job = stub(api).CreateImportJob(pb.CreateImportJobRequest(file_name="persone.csv", content=HttpBody(data=data)))
    return changed(api, job, **given) if given else job


def changed(api: Api, job: pb.ImportJob, **given: Any) -> pb.ImportJob:
    wanted = pb.ImportJob(name=job.name, **given)
    return stub(api).UpdateImportJob(pb.UpdateImportJobRequest(import_job=wanted, update_mask=FieldMask(paths=list(given))))


def chunk(api: Api) -> bool:
    batch = partial(staging.SqlBatch, api.engine, "contacts", now)
    return import_rows.next_chunk(uow=batch(), limits=validation.check, clock=now)


def run(api: Api, job: pb.ImportJob, *, dry: bool = False) -> pb.ImportJob:
    """Run an import to its end, as the worker does."""
    stub(api).RunImportJob(pb.RunImportJobRequest(name=job.name, dry_run=dry))
    while chunk(api):
        pass
    return got(api, job)


def got(api: Api, job: pb.ImportJob) -> pb.ImportJob:
    return stub(api).GetImportJob(pb.GetImportJobRequest(name=job.name))


def rows(api: Api, job: pb.ImportJob, filter: str = "") -> list[pb.ImportRow]:  # noqa: A002 - the contract's word
    return list(stub(api).ListImportRows(pb.ListImportRowsRequest(parent=job.name, filter=filter, page_size=1000)).import_rows)


def outcomes(api: Api, job: pb.ImportJob) -> list[str]:
    """What became of each row, and why."""
    return [", ".join([pb.ImportRow.Outcome.Name(row.outcome), *row.problems]) for row in rows(api, job)]


def exported(api: Api, **wanted: Any) -> bytes:
    return b"".join(part.data for part in stub(api).ExportContacts(pb.ExportContactsRequest(**wanted)))
