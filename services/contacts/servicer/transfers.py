"""gRPC in: imports and exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import transfers_pb2 as pb
from recapito.contacts.v1.transfers_pb2_grpc import TransfersServicer

from libs.errors import InvalidArgument
from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, exports
from services.contacts.service import imports as service
from services.contacts.service.fields import catalogue
from services.contacts.servicer.contacts import contacts_listing


@dataclass(frozen=True)
class Transfers(TransfersServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    # --- imports -----------------------------------------------------------------------------------------------------------------
    def CreateImportJob(self, request: pb.CreateImportJobRequest, _context: ServicerContext) -> pb.ImportJob:
        made = service.create_import_job(
            request.content.data, request.file_name, context.request_of(request), context.caller(), uow=self.new_uow(), clock=self.clock
        )
        return wire.import_job(made)

    def UpdateImportJob(self, request: pb.UpdateImportJobRequest, _context: ServicerContext) -> pb.ImportJob:
        id_, change = wire.id_of(request.import_job.name), wire.changed_import_job(request.import_job, request.update_mask)
        changed = service.update_import_job(
            id_, change, context.request_of(request), context.caller(), uow=self.new_uow(), clock=self.clock
        )
        return wire.import_job(changed)

    def RunImportJob(self, request: pb.RunImportJobRequest, _context: ServicerContext) -> pb.ImportJob:
        id_, check = wire.id_of(request.name), wire.check_import_job(request.etag)
        who = context.request_of(request), context.caller()
        return wire.import_job(service.run_import_job(id_, check, *who, dry=request.dry_run, uow=self.new_uow(), clock=self.clock))

    def CancelImportJob(self, request: pb.CancelImportJobRequest, _context: ServicerContext) -> pb.ImportJob:
        who = context.request_of(request), context.caller()
        return wire.import_job(service.cancel_import_job(wire.id_of(request.name), *who, uow=self.new_uow(), clock=self.clock))

    def GetImportJob(self, request: pb.GetImportJobRequest, _context: ServicerContext) -> pb.ImportJob:
        with self.reading() as repositories:
            return wire.import_job(repositories.imports.get(wire.id_of(request.name), context.caller().account_id))

    def ListImportJobs(self, request: pb.ListImportJobsRequest, _context: ServicerContext) -> pb.ListImportJobsResponse:
        wanted = listing(request, fields={}, orders=("create_time",), default_order="create_time desc")
        with self.reading() as repositories:
            page, token = repositories.imports.page(wanted, context.caller().account_id)
        return pb.ListImportJobsResponse(import_jobs=[wire.import_job(one) for one in page], next_page_token=token)

    def ListImportRows(self, request: pb.ListImportRowsRequest, _context: ServicerContext) -> pb.ListImportRowsResponse:
        wanted = listing(request, fields={"outcome": pb.ImportRow.Outcome}, orders=("number",), default_order="number")
        with self.reading() as repositories:
            job = repositories.imports.get(wire.id_of(request.parent), context.caller().account_id)
            page, token = repositories.imports.rows(job.id, wanted)
        return pb.ListImportRowsResponse(import_rows=[wire.import_row(one, job.id) for one in page], next_page_token=token)

    def DownloadRefusedRows(self, request: pb.DownloadRefusedRowsRequest, call: ServicerContext) -> Iterator[HttpBody]:
        with self.reading() as repositories:
            job = repositories.imports.get(wire.id_of(request.name), context.caller().account_id)
            call.send_initial_metadata((("content-disposition", 'attachment; filename="refused-rows.csv"'),))
            for part in wire.refused_rows(job, repositories.imports.refused(job.id)):
                yield HttpBody(content_type="text/csv; charset=utf-8", data=part)

    def DeleteImportJob(self, request: pb.DeleteImportJobRequest, _context: ServicerContext) -> Empty:
        id_, check = wire.id_of(request.name), wire.check_import_job(request.etag)
        service.delete_import_job(id_, check, context.request_of(request), context.caller(), uow=self.new_uow())
        return Empty()

    # --- exports -----------------------------------------------------------------------------------------------------------------
    def ExportContacts(self, request: pb.ExportContactsRequest, call: ServicerContext) -> Iterator[HttpBody]:
        if request.format not in wire.EXPORT_TYPES:
            raise InvalidArgument.of("format", "is required", "REQUIRED")
        caller = context.caller()
        content_type, ending = wire.EXPORT_TYPES[request.format]
        with self.reading() as repositories:
            known = catalogue(repositories)
            people = exports.exported(contacts_listing(request, known), caller, repositories=repositories)
            parts = wire.exported_file(request, people, known, context.language())
            first = next(parts)  # what is wrong with the request is said before anything is recorded or sent
            exports.record_export(context.request_of(request), uow=self.new_uow())
            call.send_initial_metadata((("content-disposition", f'attachment; filename="contacts.{ending}"'),))
            yield HttpBody(content_type=content_type, data=first)
            for part in parts:
                yield HttpBody(data=part)
