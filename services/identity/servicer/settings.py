"""Settings by gRPC."""

from __future__ import annotations

from dataclasses import dataclass, replace

from google.protobuf.field_mask_pb2 import FieldMask
from grpc import ServicerContext
from recapito.identity.v1 import settings_pb2 as pb
from recapito.identity.v1.settings_pb2_grpc import SettingsServicer

from libs.rpc import context
from services.identity import wire
from services.identity.domain.settings import IdentitySettings
from services.identity.service import NewUnitOfWork, Providers, settings


@dataclass(frozen=True)
class Settings(SettingsServicer):
    new_uow: NewUnitOfWork
    new_reads: NewUnitOfWork
    providers: Providers

    def GetIdentitySettings(self, _request: pb.GetIdentitySettingsRequest, _context: ServicerContext) -> pb.IdentitySettings:
        return wire.settings(settings.get_settings(uow=self.new_reads()), self.providers.all())

    def UpdateIdentitySettings(self, request: pb.UpdateIdentitySettingsRequest, _context: ServicerContext) -> pb.IdentitySettings:
        wanted = request.identity_settings

        def change(before: IdentitySettings) -> IdentitySettings:
            return _merged(before, wanted, request.update_mask)

        changed = settings.update_settings(change, wanted.etag, request=context.request_of(request), uow=self.new_uow())
        return wire.settings(changed, self.providers.all())


def _merged(before: IdentitySettings, new: pb.IdentitySettings, mask: FieldMask) -> IdentitySettings:
    merged = wire.settings(before)
    mask.MergeMessage(new, merged)
    return replace(
        before,
        self_service_reset=merged.self_service_reset,
        magic_link_lifetime_days=merged.magic_link_lifetime_days,
        administrators_need_second_factor=merged.administrators_need_second_factor,
        contacts_may_use_second_factor=merged.contacts_may_use_second_factor,
    )
