"""How people hang together: linked people, moves, likely duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact, FindDuplicatesRequest, FindDuplicatesResponse
from recapito.contacts.v1.sub_contacts_pb2 import CreateSubContactRequest, ListSubContactsResponse, SubContact, UpdateSubContactRequest

from libs.errors import AlreadyExists, EtagMismatch, FailedPrecondition, FieldViolation, InvalidArgument, NotFound
from libs.rpc.validation import check
from services.portal.service import Page
from tests.integration.portal.fakes.common import Requests, found_page, merged, touched
from tests.integration.portal.fakes.contacts import FakeContacts

Duplicate = FindDuplicatesResponse.Duplicate


@dataclass
class FakeRelations:
    contacts: FakeContacts
    links: dict[str, SubContact] = field(default_factory=dict)
    requests: Requests = field(default_factory=Requests)

    def _shown(self, link: SubContact) -> SubContact:
        _contacts, principal, _links, linked = link.name.split("/")
        one, other = self.contacts.get_contact(UUID(linked)), self.contacts.get_contact(UUID(principal))
        link.display_name, link.email = f"{one.first_name} {one.last_name}", one.email
        link.principal_name = f"{other.first_name} {other.last_name}"
        return link

    def list_sub_contacts(self, contact_id: UUID, page: Page) -> ListSubContactsResponse:
        self.contacts.get_contact(contact_id)
        own = [self._shown(link) for name, link in self.links.items() if name.startswith(f"contacts/{contact_id}/")]
        shown, following = found_page(sorted(own, key=lambda link: link.display_name), page, lambda link, name: "")
        return ListSubContactsResponse(sub_contacts=shown, next_page_token=following)

    def list_principals(self, contact_id: UUID) -> Sequence[SubContact]:
        return [self._shown(link) for link in self.links.values() if link.contact == f"contacts/{contact_id}"]

    def get_sub_contact(self, contact_id: UUID, linked_id: UUID) -> SubContact:
        name = f"contacts/{contact_id}/subContacts/{linked_id}"
        if name not in self.links:
            raise NotFound("no such link")
        return self._shown(self.links[name])

    def create_sub_contact(self, contact_id: UUID, link: SubContact, request_id: str) -> SubContact:
        check(CreateSubContactRequest(parent=f"contacts/{contact_id}", sub_contact=link))
        linked_id = UUID(link.contact.split("/")[1])
        if linked_id == contact_id:
            raise InvalidArgument.of("sub_contact.contact", "is the principal itself", "SAME_CONTACT")
        if linked_id not in self.contacts.contacts:
            raise InvalidArgument.of("sub_contact.contact", "does not exist", "CONTACT_UNKNOWN")

        def make() -> SubContact:
            name = f"contacts/{contact_id}/subContacts/{linked_id}"
            if name in self.links:
                raise AlreadyExists("linked already", reason="ALREADY_LINKED")
            self.links[name] = touched(SubContact(name=name, contact=link.contact, relation=link.relation))
            return self._shown(self.links[name])

        return self.requests.once(request_id, make)

    def update_sub_contact(self, link: SubContact, paths: Sequence[str], request_id: str) -> SubContact:
        check(UpdateSubContactRequest(sub_contact=link, update_mask=FieldMask(paths=paths)))
        self.links[link.name] = merged(self.links[link.name], link, paths)
        return self.links[link.name]

    def delete_sub_contact(self, name: str, etag: str, request_id: str) -> None:
        if etag != self.links[name].etag:
            raise EtagMismatch("it was changed by someone else")
        del self.links[name]

    def move_contact(self, contact_id: UUID, customer: str, etag: str, request_id: str, *, keep_affiliation: bool) -> Contact:
        contact = self.contacts.get_contact(contact_id)
        if any(each.primary and each.name.startswith(contact.customer) for each in contact.affiliations):
            raise FailedPrecondition("it is the primary contact", reason="CONTACT_IS_PRIMARY")
        kept = [each for each in contact.affiliations if keep_affiliation or not each.name.startswith(contact.customer)]
        contact.customer = customer
        del contact.affiliations[:]
        contact.affiliations.append(touched(Affiliation(name=f"{customer}/affiliations/{contact_id}", contact=contact.name)))
        contact.affiliations.extend(kept)
        return touched(contact)

    def find_duplicates(self, contact: Contact) -> FindDuplicatesResponse:
        check(FindDuplicatesRequest(contact=contact))
        missing = [name for name in ("first_name", "last_name") if not getattr(contact, name)]
        if missing:
            faults = [FieldViolation(f"contact.{name}", "is required", "REQUIRED") for name in missing]
            raise InvalidArgument("required", reason="REQUIRED", violations=faults)
        found = []
        for other in self.contacts.contacts.values():
            like = (other.first_name, other.last_name, other.customer) == (contact.first_name, contact.last_name, contact.customer)
            if like:
                reasons = [Duplicate.SIMILAR_NAME]
                found.append(Duplicate(contact=other.name, reasons=reasons, display_name=_name(other), email=other.email))
        return FindDuplicatesResponse(duplicates=found)


def _name(contact: Contact) -> str:
    return f"{contact.first_name} {contact.last_name}"
