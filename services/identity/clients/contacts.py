"""Contacts by gRPC."""

from __future__ import annotations

import time
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import grpc
from recapito.contacts.v1 import contacts_pb2, contacts_pb2_grpc, settings_pb2, settings_pb2_grpc

from libs import telemetry
from libs.errors import DeadlineExceeded, Internal, NotFound, ServiceError, Unavailable
from libs.rpc import context
from services.identity import wire
from services.identity.domain.contacts import Contact

_TIMEOUT_SECONDS = 2.0
_ZONE_SECONDS = 60.0
_RETRY_SECONDS = 5.0

log = telemetry.logger(__name__)


class GrpcContacts:
    """Asks for itself, never for the person whose call is answered."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._contacts = contacts_pb2_grpc.ContactsStub(channel)
        self._settings = settings_pb2_grpc.SettingsStub(channel)
        self._zone = ZoneInfo("Europe/Rome")
        self._zone_until = float("-inf")

    def find(self, contact_id: UUID) -> Contact | None:
        try:
            with context.as_person(""):
                found = self._contacts.GetContact(contacts_pb2.GetContactRequest(name=f"contacts/{contact_id}"), timeout=_TIMEOUT_SECONDS)
        except NotFound:
            return None
        except ServiceError as error:
            raise _unavailable(error) from error
        return wire.contact(found)

    def today(self, now: datetime) -> date:
        return now.astimezone(self._time_zone()).date()

    def _time_zone(self) -> ZoneInfo:
        """The organisation's zone, asked at most once a minute; the last one known while contacts is away, when nobody of theirs enters."""
        if time.monotonic() >= self._zone_until:
            self._zone_until = time.monotonic() + _RETRY_SECONDS
            request = settings_pb2.GetContactsSettingsRequest(name="settings/contacts")
            try:
                with context.as_person(""):
                    self._zone = ZoneInfo(self._settings.GetContactsSettings(request, timeout=_TIMEOUT_SECONDS).time_zone)
                self._zone_until = time.monotonic() + _ZONE_SECONDS
            except (ServiceError, OSError, ValueError) as error:
                log.warning("the time zone is not known afresh", error=type(error).__name__)
        return self._zone


def _unavailable(error: ServiceError) -> ServiceError:
    """Whatever is wrong with contacts, nobody enters until it answers."""
    if isinstance(error, DeadlineExceeded | Internal | Unavailable):
        return Unavailable("contacts cannot be asked now", retry_after_seconds=1)
    return Internal("contacts refuses identity's question")
