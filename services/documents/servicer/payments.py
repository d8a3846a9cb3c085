"""Payments and statements over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from grpc import ServicerContext
from recapito.documents.v1 import payments_pb2 as pb
from recapito.documents.v1.payments_pb2_grpc import PaymentsServicer

from libs.listing import listing
from libs.rpc import context as rpc
from libs.unit_of_work import Clock
from services.documents import service, wire
from services.documents.service import payments as use_cases

FIELDS = {"customer": UUID, "invoice": UUID, "method": pb.Payment.Method, "state": pb.Payment.State, "receive_date": date}


@dataclass(frozen=True)
class Payments(PaymentsServicer):
    new_reader: Callable[[], service.Reader]
    new_uow: Callable[[], service.UnitOfWork]
    contacts: service.Contacts
    clock: Clock
    zone: ZoneInfo

    def ListPayments(self, request: pb.ListPaymentsRequest, context: ServicerContext) -> pb.ListPaymentsResponse:
        wanted = listing(request, fields=FIELDS, orders=("receive_date",), default_order="receive_date desc")
        found, token = use_cases.list_payments(wanted, caller=rpc.caller(), reader=self.new_reader())
        return pb.ListPaymentsResponse(payments=[wire.payment(payment) for payment in found], next_page_token=token)

    def GetPayment(self, request: pb.GetPaymentRequest, context: ServicerContext) -> pb.Payment:
        return wire.payment(use_cases.get_payment(wire.id_of(request.name), caller=rpc.caller(), reader=self.new_reader()))

    def CreatePayment(self, request: pb.CreatePaymentRequest, context: ServicerContext) -> pb.Payment:
        payment = use_cases.create_payment(
            wire.payment_of(request.payment, self.clock()),
            caller=rpc.caller(),
            request=rpc.request_of(request),
            uow=self.new_uow(),
            clock=self.clock,
            zone=self.zone,
        )
        return wire.payment(payment)

    def GetStatement(self, request: pb.GetStatementRequest, context: ServicerContext) -> pb.Statement:
        caller = rpc.caller()
        statement = use_cases.get_statement(
            wire.id_of(request.name, caller.customer_id),
            start=wire.day(request.start_date, "start_date"),
            end=wire.day(request.end_date, "end_date"),
            caller=caller,
            reader=self.new_reader(),
            contacts=self.contacts,
            clock=self.clock,
            zone=self.zone,
        )
        return wire.statement(statement)
