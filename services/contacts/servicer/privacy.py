"""gRPC in: all about one person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody
from grpc import ServicerContext
from recapito.platform.v1 import privacy_pb2 as pb
from recapito.platform.v1.privacy_pb2_grpc import PrivacyServicer

from libs.personal import lines, subject_of
from libs.rpc import context
from services.contacts.service import Reading, UnitOfWork
from services.contacts.service import privacy as service


@dataclass(frozen=True)
class Privacy(PrivacyServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading

    def ExportPersonalData(self, request: pb.ExportPersonalDataRequest, _context: ServicerContext) -> Iterator[HttpBody]:
        caller = context.caller()
        contact_id = subject_of(request.name, caller)
        with self.reading() as repositories:
            yield from lines(service.export_personal_data(contact_id, caller, repositories=repositories, uow=self.new_uow()))
