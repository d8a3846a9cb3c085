"""Leads, as the console needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.erasures_pb2 import Erasure
from recapito.contacts.v1.leads_pb2 import Lead, ListLeadsResponse

from services.portal.service.page import Page


class Leads(Protocol):
    def list_leads(self, page: Page) -> ListLeadsResponse: ...
    def get_lead(self, lead_id: UUID) -> Lead: ...
    def create_lead(self, lead: Lead, request_id: str) -> Lead: ...
    def update_lead(self, lead: Lead, paths: Sequence[str], request_id: str) -> Lead: ...
    def delete_lead(self, lead_id: UUID, etag: str, request_id: str) -> None: ...
    def anonymize_lead(self, lead_id: UUID, etag: str, request_id: str) -> Erasure: ...
    def convert_lead(self, lead_id: UUID, etag: str, request_id: str, *, customer: str, skip_welcome: bool) -> Contact:
        """customer: name of the customer that the contact is of; "": a new one."""
        ...
