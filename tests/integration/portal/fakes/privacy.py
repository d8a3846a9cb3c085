"""Archives of people's data, kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody

from libs.errors import Unavailable
from libs.personal import archive
from tests.integration.portal.fakes.contacts import FakeContacts


@dataclass
class FakePrivacy:
    """exported: whose data was given. away: services that do not answer."""

    contacts: FakeContacts
    require_fresh: Callable[[], None]
    exported: list[UUID] = field(default_factory=list)
    away: set[str] = field(default_factory=set)

    def export_personal_data(self, contact_id: UUID) -> bytes:
        self.require_fresh()
        contact = self.contacts.get_contact(contact_id)

        def download(service: str) -> list[HttpBody]:
            if service in self.away:
                raise Unavailable(f"{service} does not answer")
            return [HttpBody(data=f"{service} knows {contact.email}\n".encode())]

        content = archive(download, datetime.now(UTC))
        self.exported.append(contact_id)
        return content
