"""Settings over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grpc import ServicerContext
from recapito.documents.v1 import settings_pb2 as pb
from recapito.documents.v1.settings_pb2_grpc import SettingsServicer

from libs.rpc import context as rpc
from services.documents import service, wire
from services.documents.service import settings as use_cases


@dataclass(frozen=True)
class Settings(SettingsServicer):
    new_reader: Callable[[], service.Reader]
    new_uow: Callable[[], service.UnitOfWork]

    def GetDocumentsSettings(self, request: pb.GetDocumentsSettingsRequest, context: ServicerContext) -> pb.DocumentsSettings:
        return wire.settings(use_cases.get_settings(reader=self.new_reader()))

    def UpdateDocumentsSettings(self, request: pb.UpdateDocumentsSettingsRequest, context: ServicerContext) -> pb.DocumentsSettings:
        changed = use_cases.update_settings(
            lambda current: wire.edited_settings(current, request.documents_settings, request.update_mask),
            wire.version_of(request.documents_settings.etag),
            request=rpc.request_of(request),
            uow=self.new_uow(),
        )
        return wire.settings(changed)
