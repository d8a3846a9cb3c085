"""gRPC in: affiliations, and the candidates of notifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.contacts.v1 import affiliations_pb2 as pb
from recapito.contacts.v1 import contacts_pb2
from recapito.contacts.v1.affiliations_pb2_grpc import AffiliationsServicer

from libs.access import Caller, Kind
from libs.errors import InvalidArgument
from libs.listing import Comparison, Listing, listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, bulk, colleague_sight_of, sight_of
from services.contacts.service import affiliations as service
from services.contacts.service.colleagues import update_colleague
from services.contacts.service.fields import catalogue
from services.contacts.servicer.contacts import contacts_listing

EVERY_CUSTOMER = "customers/-"


@dataclass(frozen=True)
class Affiliations(AffiliationsServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def ListAffiliations(self, request: pb.ListAffiliationsRequest, _context: ServicerContext) -> pb.ListAffiliationsResponse:
        caller = context.caller()
        sight, time = sight_of(caller), wire.read_time(request, self.clock())
        if time is None and request.parent != EVERY_CUSTOMER:
            sight = colleague_sight_of(caller)
        wanted = listing(request, fields={"contact": UUID, "contact_role": UUID}, orders=("order",), default_order="order")
        customer_id = None if request.parent == EVERY_CUSTOMER else wire.id_of(request.parent)
        if customer_id is None:
            _check_one_contact(wanted, caller)
        with self.reading() as repositories:
            if customer_id is not None:
                repositories.customers.get(customer_id, sight)
            if time is not None:
                page, token = repositories.past.affiliations(customer_id, time, wanted, sight)
            else:
                page, token = repositories.affiliations.page(customer_id, wanted, sight)
        return pb.ListAffiliationsResponse(affiliations=[wire.affiliation(one) for one in page], next_page_token=token)

    def GetAffiliation(self, request: pb.GetAffiliationRequest, _context: ServicerContext) -> contacts_pb2.Affiliation:
        caller = context.caller()
        key, time = wire.affiliation_ids(request.name, caller.account_id), wire.read_time(request, self.clock())
        sight = sight_of(caller) if time else colleague_sight_of(caller)
        with self.reading() as repositories:
            view = repositories.past.affiliation(*key, time, sight) if time else repositories.affiliations.view(*key, sight)
            return wire.affiliation(view)

    def CreateAffiliation(self, request: pb.CreateAffiliationRequest, _context: ServicerContext) -> contacts_pb2.Affiliation:
        new = wire.new_affiliation(request.parent, request.affiliation, self.clock())
        return wire.affiliation(service.create_affiliation(new, context.request_of(request), context.caller(), uow=self.new_uow()))

    def UpdateAffiliation(self, request: pb.UpdateAffiliationRequest, _context: ServicerContext) -> contacts_pb2.Affiliation:
        key = wire.affiliation_ids(request.affiliation.name)
        change = wire.changed_affiliation(request.affiliation, request.update_mask)
        caller, asked = context.caller(), context.request_of(request)
        update = update_colleague if caller.kind is Kind.CONTACT else service.update_affiliation
        return wire.affiliation(update(*key, change, asked, caller, uow=self.new_uow()))

    def MakePrimary(self, request: pb.MakePrimaryRequest, _context: ServicerContext) -> contacts_pb2.Affiliation:
        key, check = wire.affiliation_ids(request.name), wire.check_affiliation(request.etag)
        made = service.make_primary(*key, check, context.request_of(request), context.caller(), uow=self.new_uow(), clock=self.clock)
        return wire.affiliation(made)

    def DeleteAffiliation(self, request: pb.DeleteAffiliationRequest, _context: ServicerContext) -> Empty:
        key, check = wire.affiliation_ids(request.name), wire.check_affiliation(request.etag)
        service.delete_affiliation(*key, check, context.request_of(request), context.caller(), uow=self.new_uow())
        return Empty()

    def BulkUpdateAffiliations(
        self, request: pb.BulkUpdateAffiliationsRequest, _context: ServicerContext
    ) -> pb.BulkUpdateAffiliationsResponse:
        caller, (change, role_id) = context.caller(), wire.bulk_change(request)
        with self.reading() as repositories:
            wanted = contacts_listing(request, catalogue(repositories))
            if request.validate_only:
                return wire.bulk_result(bulk.count(wanted, caller, repositories=repositories))
        update = bulk.BulkUpdate(wanted, change, role_id, request.expected_count)
        return wire.bulk_result(bulk.bulk_update(update, context.request_of(request), caller, uow=self.new_uow()))

    def BatchGetCandidates(self, request: pb.BatchGetCandidatesRequest, _context: ServicerContext) -> pb.BatchGetCandidatesResponse:
        queries = [wire.query(one, index) for index, one in enumerate(request.queries)]
        with self.reading() as repositories:
            return wire.candidates(repositories.affiliations.candidates(queries))


def _check_one_contact(wanted: Listing, caller: Caller) -> None:
    """Across customers only the affiliations of one contact are listed: its own, or the one that the filter names."""
    one = isinstance(wanted.filter, Comparison) and wanted.filter.operator == "=" and wanted.filter.value is not None
    if not one and caller.kind is not Kind.CONTACT:
        raise InvalidArgument.of("filter", 'must be contact = "contacts/…" when the parent is customers/-', "FILTER_INVALID")
