"""All about one person by gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody
from grpc import ServicerContext
from recapito.platform.v1 import privacy_pb2 as pb
from recapito.platform.v1.privacy_pb2_grpc import PrivacyServicer

from libs.personal import lines, subject_of
from libs.rpc import context
from services.identity.service import NewUnitOfWork
from services.identity.service.privacy import export_personal_data


@dataclass(frozen=True)
class Privacy(PrivacyServicer):
    new_reads: NewUnitOfWork

    def ExportPersonalData(self, request: pb.ExportPersonalDataRequest, _context: ServicerContext) -> Iterator[HttpBody]:
        caller = context.caller()
        yield from lines(export_personal_data(subject_of(request.name, caller), caller, uow=self.new_reads()))
