"""gRPC in: customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from grpc import ServicerContext
from recapito.contacts.v1 import customers_pb2 as pb
from recapito.contacts.v1.customers_pb2_grpc import CustomersServicer

from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.contacts import wire
from services.contacts.service import Reading, UnitOfWork, sight_of
from services.contacts.service import customers as service

FIELDS = {"kind": pb.Customer.Kind, "category": pb.Customer.Category, "group": UUID}


@dataclass(frozen=True)
class Customers(CustomersServicer):
    new_uow: Callable[[], UnitOfWork]
    reading: Reading
    clock: Clock

    def ListCustomers(self, request: pb.ListCustomersRequest, _context: ServicerContext) -> pb.ListCustomersResponse:
        wanted = listing(request, fields=FIELDS, orders=("display_name", "create_time"), default_order="display_name")
        with self.reading() as repositories:
            page, token = repositories.customers.search(wanted, sight := sight_of(context.caller()))
            page = repositories.customers.shown(page, sight)
        return pb.ListCustomersResponse(customers=[wire.customer(one) for one in page], next_page_token=token)

    def GetCustomer(self, request: pb.GetCustomerRequest, _context: ServicerContext) -> pb.Customer:
        with self.reading() as repositories:
            found = repositories.customers.get(wire.id_of(request.name), sight := sight_of(context.caller()))
            return wire.customer(repositories.customers.shown([found], sight)[0])

    def CreateCustomer(self, request: pb.CreateCustomerRequest, _context: ServicerContext) -> pb.Customer:
        make = wire.new_customer(request.customer, self.clock())
        return wire.customer(service.create_customer(make, context.request_of(request), context.caller(), uow=self.new_uow()))

    def UpdateCustomer(self, request: pb.UpdateCustomerRequest, _context: ServicerContext) -> pb.Customer:
        id_, change = wire.id_of(request.customer.name), wire.changed_customer(request.customer, request.update_mask)
        changed = service.update_customer(id_, change, context.request_of(request), context.caller(), uow=self.new_uow(), clock=self.clock)
        return wire.customer(changed)
