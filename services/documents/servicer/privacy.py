"""All about one person, over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody
from grpc import ServicerContext
from recapito.platform.v1 import privacy_pb2 as pb
from recapito.platform.v1.privacy_pb2_grpc import PrivacyServicer

from libs.personal import lines, subject_of
from libs.rpc import context as rpc
from services.documents import service
from services.documents.service.privacy import export_personal_data


@dataclass(frozen=True)
class Privacy(PrivacyServicer):
    new_reader: Callable[[], service.Reader]

    def ExportPersonalData(self, request: pb.ExportPersonalDataRequest, context: ServicerContext) -> Iterator[HttpBody]:
        caller = rpc.caller()
        yield from lines(export_personal_data(subject_of(request.name, caller), caller, reader=self.new_reader()))
