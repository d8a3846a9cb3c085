"""gRPC in: the people linked under a contact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import sub_contacts_pb2 as pb
from recapito.contacts.v1.sub_contacts_pb2_grpc import SubContactsServicer

from libs.errors import InvalidArgument
from libs.listing import Comparison, Listing, listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import sub_contacts as service

EVERY_CONTACT = "contacts/-"


@dataclass(frozen=True)
class SubContacts(SubContactsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def ListSubContacts(self, request: pb.ListSubContactsRequest, _context: ServicerContext) -> pb.ListSubContactsResponse:
        wanted = listing(request, fields={"contact": UUID}, orders=("order",), default_order="order")
        sight = sight_of(context.caller())
        principal_id = None if request.parent == EVERY_CONTACT else wire.id_of(request.parent)
        if principal_id is None:
            _check_one_contact(wanted)
        with self.reading() as repositories:
            if principal_id is not None:
                repositories.contacts.get(principal_id, sight)
            page, token = repositories.sub_contacts.page(principal_id, wanted, sight)
        return pb.ListSubContactsResponse(sub_contacts=[wire.sub_contact(one) for one in page], next_page_token=token)

    def GetSubContact(self, request: pb.GetSubContactRequest, _context: ServicerContext) -> pb.SubContact:
        key = wire.sub_contact_ids(request.name)
        with self.reading() as repositories:
            return wire.sub_contact(repositories.sub_contacts.view(*key, sight_of(context.caller())))

    def CreateSubContact(self, request: pb.CreateSubContactRequest, _context: ServicerContext) -> pb.SubContact:
        new = wire.new_sub_contact(request.parent, request.sub_contact, self.clock())
        return wire.sub_contact(service.create_sub_contact(new, context.request_of(request), context.caller(), uow=self.new_uow()))

    def UpdateSubContact(self, request: pb.UpdateSubContactRequest, _context: ServicerContext) -> pb.SubContact:
        key = wire.sub_contact_ids(request.sub_contact.name)
        change = wire.changed_sub_contact(request.sub_contact, request.update_mask)
        return wire.sub_contact(service.update_sub_contact(*key, change, context.request_of(request), context.caller(), uow=self.new_uow()))

    def DeleteSubContact(self, request: pb.DeleteSubContactRequest, _context: ServicerContext) -> Empty:
        key, check = wire.sub_contact_ids(request.name), wire.check_sub_contact(request.etag)
        service.delete_sub_contact(*key, check, context.request_of(request), context.caller(), uow=self.new_uow())
        return Empty()


def _check_one_contact(wanted: Listing) -> None:
    one = isinstance(wanted.filter, Comparison) and wanted.filter.operator == "=" and wanted.filter.value is not None
    if not one:
        raise InvalidArgument.of("filter", 'must be contact = "contacts/…" when the parent is contacts/-', "FILTER_INVALID")
