"""Leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.contacts.v1.erasures_pb2 import Erasure
from recapito.contacts.v1.leads_pb2 import CreateLeadRequest, Lead, ListLeadsResponse, UpdateLeadRequest

from libs.errors import AlreadyExists, EtagMismatch, FailedPrecondition, InvalidArgument, NotFound
from libs.ids import new_id
from libs.rpc.validation import check
from services.portal.service import Page
from tests.integration.portal.fakes.common import Requests, found_page, merged, now, taken, touched
from tests.integration.portal.fakes.contacts import FakeContacts


@dataclass
class FakeLeads:
    contacts: FakeContacts
    leads: dict[UUID, Lead] = field(default_factory=dict)
    requests: Requests = field(default_factory=Requests)

    def list_leads(self, page: Page) -> ListLeadsResponse:
        def value(lead: Lead, name: str) -> str:
            if name == "state":
                return Lead.State.Name(lead.state)
            return " ".join(lead.groups) if name == "group" else str(getattr(lead, name))

        shown, following = found_page(
            reversed(self.leads.values()), page, value, lambda lead: f"{lead.first_name} {lead.last_name} {lead.company} {lead.email}"
        )
        return ListLeadsResponse(leads=shown, next_page_token=following)

    def get_lead(self, lead_id: UUID) -> Lead:
        if lead_id not in self.leads:
            raise NotFound(f"leads/{lead_id} does not exist")
        return self.leads[lead_id]

    def create_lead(self, lead: Lead, request_id: str) -> Lead:
        check(CreateLeadRequest(lead=lead))

        def make() -> Lead:
            id_ = new_id()
            stored = Lead()
            stored.CopyFrom(lead)
            stored.name, stored.state = f"leads/{id_}", Lead.OPEN
            stored.create_time.CopyFrom(now())
            self.leads[id_] = touched(stored)
            return stored

        return self.requests.once(request_id, make)

    def update_lead(self, lead: Lead, paths: Sequence[str], request_id: str) -> Lead:
        check(UpdateLeadRequest(lead=lead, update_mask=FieldMask(paths=paths)))
        id_ = UUID(lead.name.split("/")[1])
        self._check_open(self.get_lead(id_))
        self.leads[id_] = merged(self.get_lead(id_), lead, paths)
        return self.leads[id_]

    def delete_lead(self, lead_id: UUID, etag: str, request_id: str) -> None:
        if etag and etag != self.get_lead(lead_id).etag:
            raise EtagMismatch("it was changed by someone else")
        del self.leads[lead_id]

    def anonymize_lead(self, lead_id: UUID, etag: str, request_id: str) -> Erasure:
        self.contacts.require_fresh()
        lead = self.get_lead(lead_id)
        if etag and etag != lead.etag:
            raise EtagMismatch("it was changed by someone else")
        left = Lead(name=lead.name, state=Lead.ANONYMIZED, groups=lead.groups, create_time=lead.create_time)
        self.leads[lead_id] = touched(left)
        return Erasure(name=f"erasures/{lead_id}", subject=lead.name)

    def convert_lead(self, lead_id: UUID, etag: str, request_id: str, *, customer: str, skip_welcome: bool) -> Contact:
        lead = self.get_lead(lead_id)
        self._check_open(lead)
        if not lead.first_name:
            raise InvalidArgument.of("lead.first_name", "is required", "REQUIRED")
        for holder in self.contacts.contacts.values():
            if lead.email and holder.email == lead.email:
                fault = taken("lead.email", "EMAIL_TAKEN")
                raise AlreadyExists("taken", reason="EMAIL_TAKEN", violations=[fault], metadata={"contact": holder.name})
        if not customer:
            new = Customer(kind=Customer.COMPANY, display_name=lead.company or f"{lead.first_name} {lead.last_name}")
            customer = self.contacts.create_customer(new, "").name
        wanted = Contact(first_name=lead.first_name, last_name=lead.last_name, email=lead.email, customer=customer)
        made = self.contacts.create_contact(wanted, skip_welcome=skip_welcome, send_set_password=False, request_id="")
        lead.state, lead.contact = Lead.CONVERTED, made.name
        touched(lead)
        return made

    def _check_open(self, lead: Lead) -> None:
        if lead.state != Lead.OPEN:
            raise FailedPrecondition("it is a contact now", reason="LEAD_CONVERTED")
