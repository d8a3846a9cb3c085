"""gRPC in: leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import contacts_pb2
from recapito.contacts.v1 import leads_pb2 as pb
from recapito.contacts.v1.leads_pb2_grpc import LeadsServicer

from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import leads as service

FIELDS = {"state": pb.Lead.State, "owner": UUID, "origin": str, "group": UUID, "contact": UUID, "create_time": datetime}


@dataclass(frozen=True)
class Leads(LeadsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def ListLeads(self, request: pb.ListLeadsRequest, _context: ServicerContext) -> pb.ListLeadsResponse:
        wanted = listing(request, fields=FIELDS, orders=("create_time", "last_name"), default_order="create_time desc")
        with self.reading() as repositories:
            page, token = repositories.leads.page(wanted, sight_of(context.caller()))
        return pb.ListLeadsResponse(leads=[wire.lead(one) for one in page], next_page_token=token)

    def GetLead(self, request: pb.GetLeadRequest, _context: ServicerContext) -> pb.Lead:
        with self.reading() as repositories:
            found = repositories.leads.get(wire.id_of(request.name), sight := sight_of(context.caller()))
            return wire.lead(repositories.leads.shown([found], sight)[0])

    def CreateLead(self, request: pb.CreateLeadRequest, _context: ServicerContext) -> pb.Lead:
        make = wire.new_lead(request.lead, self.clock())
        newsletter = request.lead.newsletter if request.lead.HasField("newsletter") else None
        return wire.lead(service.create_lead(make, newsletter, context.request_of(request), context.caller(), uow=self.new_uow()))

    def UpdateLead(self, request: pb.UpdateLeadRequest, _context: ServicerContext) -> pb.Lead:
        id_, change = wire.id_of(request.lead.name), wire.changed_lead(request.lead, request.update_mask)
        return wire.lead(service.update_lead(id_, change, context.request_of(request), context.caller(), uow=self.new_uow()))

    def DeleteLead(self, request: pb.DeleteLeadRequest, _context: ServicerContext) -> Empty:
        id_, check = wire.id_of(request.name), wire.check_lead(request.etag)
        service.delete_lead(id_, check, context.request_of(request), context.caller(), uow=self.new_uow())
        return Empty()

    def ConvertLead(self, request: pb.ConvertLeadRequest, _context: ServicerContext) -> contacts_pb2.Contact:
        customer_id = wire.reference_of(request.customer, "customer") if request.customer else None
        wanted = service.Conversion(wire.id_of(request.name), customer_id, request.skip_welcome, request.send_set_password)
        check, asked = wire.check_lead(request.etag), context.request_of(request)
        made = service.convert_lead(wanted, check, asked, context.caller(), uow=self.new_uow(), clock=self.clock)
        return wire.contact(made)
