"""gRPC in: settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grpc import ServicerContext
from recapito.contacts.v1 import settings_pb2 as pb
from recapito.contacts.v1.settings_pb2_grpc import SettingsServicer

from libs.rpc import context
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork
from services.contacts.service import settings as service


@dataclass(frozen=True)
class Settings(SettingsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading

    def GetContactsSettings(self, _request: pb.GetContactsSettingsRequest, _context: ServicerContext) -> pb.ContactsSettings:
        with self.reading() as repositories:
            return wire.settings(repositories.settings.get())

    def UpdateContactsSettings(self, request: pb.UpdateContactsSettingsRequest, _context: ServicerContext) -> pb.ContactsSettings:
        change = wire.changed_settings(request.contacts_settings, request.update_mask)
        return wire.settings(service.update_settings(change, context.request_of(request), uow=self.new_uow()))
