"""Second factors by gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.identity.v1 import factors_pb2 as pb
from recapito.identity.v1.factors_pb2_grpc import FactorsServicer

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.service import NewUnitOfWork, factors
from services.identity.servicer.names import account_of


@dataclass(frozen=True)
class Factors(FactorsServicer):
    new_uow: NewUnitOfWork
    new_reads: NewUnitOfWork
    by: factors.Enrolment
    clock: Clock

    def ListFactors(self, request: pb.ListFactorsRequest, _context: ServicerContext) -> pb.ListFactorsResponse:
        caller = context.caller()
        wanted = listing(request, fields={}, orders=("create_time",), default_order="create_time")
        account_id = account_of(request.parent, caller)
        found, following, left = factors.list_factors(account_id, wanted, uow=self.new_reads(), caller=caller)
        return pb.ListFactorsResponse(factors=[wire.factor(one) for one in found], next_page_token=following, recovery_codes_left=left)

    def CreateFactor(self, request: pb.CreateFactorRequest, _context: ServicerContext) -> pb.CreateFactorResponse:
        caller = context.caller()
        made, enrolment = factors.create_factor(
            account_of(request.parent, caller),
            wire.factor_kind_of(request.factor.kind),
            request.factor.display_name.strip(),
            request=context.request_of(request),
            uow=self.new_uow(),
            by=self.by,
            caller=caller,
            clock=self.clock,
        )
        return pb.CreateFactorResponse(factor=wire.factor(made), enrolment=enrolment)

    def ConfirmFactor(self, request: pb.ConfirmFactorRequest, _context: ServicerContext) -> pb.Factor:
        if request.WhichOneof("proof") is None:
            raise InvalidArgument.of("code", "a code or a passkey is required", "REQUIRED")
        caller = context.caller()
        account_id, factor_id = _of(request.name, caller)
        confirmed = factors.confirm_factor(
            account_id,
            factor_id,
            request.code,
            request.passkey.response,
            request=context.request_of(request),
            new_uow=self.new_uow,
            by=self.by,
            caller=caller,
            clock=self.clock,
        )
        return wire.factor(confirmed)

    def DeleteFactor(self, request: pb.DeleteFactorRequest, _context: ServicerContext) -> Empty:
        caller = context.caller()
        account_id, factor_id = _of(request.name, caller)
        factors.delete_factor(account_id, factor_id, request=context.request_of(request), uow=self.new_uow(), caller=caller)
        return Empty()

    def CreateRecoveryCodes(self, request: pb.CreateRecoveryCodesRequest, _context: ServicerContext) -> pb.CreateRecoveryCodesResponse:
        caller = context.caller()
        codes = factors.create_recovery_codes(
            account_of(request.parent, caller), request=context.request_of(request), uow=self.new_uow(), caller=caller, clock=self.clock
        )
        return pb.CreateRecoveryCodesResponse(codes=codes)


def _of(name: str, caller: Caller) -> tuple[UUID, UUID]:
    return account_of(name, caller), wire.id_of(name)
