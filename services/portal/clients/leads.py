"""Leads over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contacts_pb2, erasures_pb2, erasures_pb2_grpc, leads_pb2, leads_pb2_grpc

from services.portal.service import Page


class GrpcLeads:
    def __init__(self, channel: grpc.Channel) -> None:
        self._leads = leads_pb2_grpc.LeadsStub(channel)
        self._erasures = erasures_pb2_grpc.ErasuresStub(channel)

    def list_leads(self, page: Page) -> leads_pb2.ListLeadsResponse:
        return self._leads.ListLeads(
            leads_pb2.ListLeadsRequest(
                page_size=page.size, page_token=page.token, filter=page.filter, order_by=page.order_by, query=page.query
            )
        )

    def get_lead(self, lead_id: UUID) -> leads_pb2.Lead:
        return self._leads.GetLead(leads_pb2.GetLeadRequest(name=f"leads/{lead_id}"))

    def create_lead(self, lead: leads_pb2.Lead, request_id: str) -> leads_pb2.Lead:
        return self._leads.CreateLead(leads_pb2.CreateLeadRequest(lead=lead, request_id=request_id))

    def update_lead(self, lead: leads_pb2.Lead, paths: Sequence[str], request_id: str) -> leads_pb2.Lead:
        mask = FieldMask(paths=paths)
        return self._leads.UpdateLead(leads_pb2.UpdateLeadRequest(lead=lead, update_mask=mask, request_id=request_id))

    def delete_lead(self, lead_id: UUID, etag: str, request_id: str) -> None:
        self._leads.DeleteLead(leads_pb2.DeleteLeadRequest(name=f"leads/{lead_id}", etag=etag, request_id=request_id))

    def anonymize_lead(self, lead_id: UUID, etag: str, request_id: str) -> erasures_pb2.Erasure:
        return self._erasures.AnonymizeLead(erasures_pb2.AnonymizeLeadRequest(name=f"leads/{lead_id}", etag=etag, request_id=request_id))

    def convert_lead(self, lead_id: UUID, etag: str, request_id: str, *, customer: str, skip_welcome: bool) -> contacts_pb2.Contact:
        request = leads_pb2.ConvertLeadRequest(
            name=f"leads/{lead_id}", etag=etag, request_id=request_id, customer=customer, skip_welcome=skip_welcome
        )
        return self._leads.ConvertLead(request)
