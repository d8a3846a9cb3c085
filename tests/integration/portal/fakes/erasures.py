"""Deleting and anonymising people, kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import Contact, CountLinkedResourcesResponse
from recapito.contacts.v1.erasures_pb2 import Erasure
from recapito.type.v1.type_pb2 import Progress

from libs.errors import EtagMismatch, FailedPrecondition, NotFound
from tests.integration.portal.fakes.common import now, touched
from tests.integration.portal.fakes.contacts import FakeContacts

Links = CountLinkedResourcesResponse.Links
OTHERS = ("documents", "identity", "notifications")


@dataclass
class FakeErasures:
    """links: what is linked to each contact. asked: how often an erasure was asked for."""

    contacts: FakeContacts
    require_fresh: Callable[[], None]
    links: dict[UUID, list[Links]] = field(default_factory=dict)
    erasures: dict[UUID, Erasure] = field(default_factory=dict)
    asked: int = 0

    def count_links(self, contact_id: UUID) -> CountLinkedResourcesResponse:
        self.contacts.get_contact(contact_id)
        return CountLinkedResourcesResponse(links=self.links.get(contact_id, []))

    def delete_contact(self, contact_id: UUID, etag: str, request_id: str, *, force: bool) -> None:
        self._check(contact_id, etag)
        if self.links.get(contact_id) and not force:
            raise FailedPrecondition("it has links", reason="CONTACT_HAS_LINKS")
        del self.contacts.contacts[contact_id]

    def anonymize_contact(self, contact_id: UUID, etag: str, request_id: str) -> Erasure:
        self.require_fresh()
        self.asked += 1
        if contact_id in self.erasures:
            return self.erasures[contact_id]
        self._check(contact_id, etag)
        before = self.contacts.contacts[contact_id]
        empty = Contact(name=before.name, state=Contact.ANONYMIZED, last_name="Persona anonimizzata", customer=before.customer)
        empty.affiliations.extend(before.affiliations)
        empty.create_time.CopyFrom(before.create_time)
        self.contacts.contacts[contact_id] = touched(empty)
        erasure = Erasure(name=f"erasures/{contact_id}", subject=before.name, missing_services=OTHERS)
        erasure.progress.CopyFrom(Progress(state=Progress.RUNNING, done_count=1, total_count=4, start_time=now()))
        erasure.receipts.add(service="contacts", erased_count=3, erase_time=now())
        self.erasures[contact_id] = erasure
        return erasure

    def answer(self, contact_id: UUID) -> None:
        """Let every service answer."""
        erasure = self.erasures[contact_id]
        held = {"documents": ["invoices"], "identity": ["audit", "acceptances"], "notifications": []}
        for service in erasure.missing_services:
            until = "2036-12-31" if service == "documents" else ""
            erasure.receipts.add(service=service, erased_count=2, erase_time=now(), held=held[service], held_until_date=until)
        del erasure.missing_services[:]
        erasure.progress.state, erasure.progress.done_count = Progress.SUCCEEDED, 4
        erasure.progress.end_time.CopyFrom(now())

    def get_erasure(self, person_id: UUID) -> Erasure:
        if person_id not in self.erasures:
            raise NotFound("there is no such erasure")
        return self.erasures[person_id]

    def _check(self, contact_id: UUID, etag: str) -> None:
        self.require_fresh()
        contact = self.contacts.get_contact(contact_id)
        if etag and etag != contact.etag:
            raise EtagMismatch("it was changed by someone else")
        if any(affiliation.primary for affiliation in contact.affiliations):
            raise FailedPrecondition("it is the primary contact", reason="CONTACT_IS_PRIMARY")
