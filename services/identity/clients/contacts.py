"""Contacts by gRPC."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import grpc
from recapito.contacts.v1 import contacts_pb2, contacts_pb2_grpc, settings_pb2, settings_pb2_grpc

from libs import telemetry
from libs.errors import DeadlineExceeded, Internal, NotFound, PermissionDenied, ServiceError, Unavailable
from libs.rpc import context
from services.identity import wire
from services.identity.domain.contacts import Area, Contact

_TIMEOUT_SECONDS = 2.0
_PAGE_SIZE = 500
_SETTINGS_SECONDS = 60.0
_RETRY_SECONDS = 5.0

log = telemetry.logger(__name__)


class GrpcContacts:
    """Asks for itself, but where a passport is given."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._contacts = contacts_pb2_grpc.ContactsStub(channel)
        self._settings = settings_pb2_grpc.SettingsStub(channel)
        self._zone, self._area_open = ZoneInfo("Europe/Rome"), True
        self._known_until = float("-inf")

    def find(self, contact_id: UUID) -> Contact | None:
        try:
            with context.as_person(""):
                found = self._contacts.GetContact(contacts_pb2.GetContactRequest(name=f"contacts/{contact_id}"), timeout=_TIMEOUT_SECONDS)
        except NotFound:
            return None
        except ServiceError as error:
            raise _unavailable(error) from error
        return wire.contact(found)

    def customers_seen(self, contact_id: UUID, passport: str) -> frozenset[UUID]:
        try:
            with context.as_person(passport):
                found = self._contacts.GetContact(contacts_pb2.GetContactRequest(name=f"contacts/{contact_id}"), timeout=_TIMEOUT_SECONDS)
        except (NotFound, PermissionDenied):
            return frozenset()
        except ServiceError as error:
            raise _unavailable(error) from error
        return frozenset(wire.contact(found).permissions)

    def every(self) -> Iterator[Contact]:
        token = ""
        while True:
            with context.as_person(""):
                page = self._contacts.ListContacts(contacts_pb2.ListContactsRequest(page_size=_PAGE_SIZE, page_token=token))
            yield from map(wire.contact, page.contacts)
            if not (token := page.next_page_token):
                return

    def area(self, now: datetime) -> Area:
        """Whether the area is open, and the day there; asked at most once a minute.

        The last answer counts while contacts is away, when nobody of theirs enters.
        """
        if time.monotonic() >= self._known_until:
            self._known_until = time.monotonic() + _RETRY_SECONDS
            try:
                self._ask()
                self._known_until = time.monotonic() + _SETTINGS_SECONDS
            except (ServiceError, OSError, ValueError) as error:
                log.warning("the organisation's settings are not known afresh", error=type(error).__name__)
        return Area(now.astimezone(self._zone).date(), self._area_open)

    def _ask(self) -> None:
        with context.as_person(""):
            found = self._settings.GetContactsSettings(
                settings_pb2.GetContactsSettingsRequest(name="settings/contacts"), timeout=_TIMEOUT_SECONDS
            )
        # One that knows nothing of modules yet, because it is being replaced, has the area open.
        self._area_open = found.modules.reserved_area or not found.HasField("modules")
        self._zone = ZoneInfo(found.time_zone)


def _unavailable(error: ServiceError) -> ServiceError:
    """Whatever is wrong with contacts, nobody enters until it answers."""
    if isinstance(error, DeadlineExceeded | Internal | Unavailable):
        return Unavailable("contacts cannot be asked now", retry_after_seconds=1)
    return Internal("contacts refuses identity's question")
