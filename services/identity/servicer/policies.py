"""Policies by gRPC."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import ServicerContext
from recapito.identity.v1 import policies_pb2 as pb
from recapito.identity.v1.policies_pb2_grpc import PoliciesServicer

from libs.listing import listing
from libs.rpc import context
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.domain.policies import Policy
from services.identity.service import NewUnitOfWork, policies
from services.identity.servicer.names import account_of, last_of


@dataclass(frozen=True)
class Policies(PoliciesServicer):
    new_uow: NewUnitOfWork
    new_reads: NewUnitOfWork
    clock: Clock

    def ListPolicies(self, request: pb.ListPoliciesRequest, _context: ServicerContext) -> pb.ListPoliciesResponse:
        wanted = listing(request, fields={"state": pb.Policy.State}, orders=("create_time",), default_order="create_time desc")
        found, following = policies.list_policies(wanted, uow=self.new_reads())
        return pb.ListPoliciesResponse(policies=[wire.policy(policy) for policy in found], next_page_token=following)

    def GetPolicy(self, request: pb.GetPolicyRequest, _context: ServicerContext) -> pb.Policy:
        return wire.policy(policies.get_policy(last_of(request.name, "current"), uow=self.new_reads(), caller=context.caller()))

    def CreatePolicy(self, request: pb.CreatePolicyRequest, _context: ServicerContext) -> pb.Policy:
        asked = request.policy
        return wire.policy(
            policies.create_policy(asked.version, asked.text.it, asked.text.en, request=context.request_of(request), uow=self.new_uow())
        )

    def UpdatePolicy(self, request: pb.UpdatePolicyRequest, _context: ServicerContext) -> pb.Policy:
        def change(policy: Policy) -> Policy:
            return _merged(policy, request.policy, request.update_mask)

        return wire.policy(
            policies.update_policy(
                wire.id_of(request.policy.name), change, request.policy.etag, request=context.request_of(request), uow=self.new_uow()
            )
        )

    def DeletePolicy(self, request: pb.DeletePolicyRequest, _context: ServicerContext) -> Empty:
        policies.delete_policy(wire.id_of(request.name), request.etag, request=context.request_of(request), uow=self.new_uow())
        return Empty()

    def PublishPolicy(self, request: pb.PublishPolicyRequest, _context: ServicerContext) -> pb.Policy:
        return wire.policy(
            policies.publish_policy(wire.id_of(request.name), request.etag, request=context.request_of(request), uow=self.new_uow())
        )

    def AcceptPolicy(self, request: pb.AcceptPolicyRequest, _context: ServicerContext) -> pb.Acceptance:
        policy_id = last_of(request.name, "current")
        return wire.acceptance(
            policies.accept_policy(policy_id, request.language_code, uow=self.new_uow(), caller=context.caller(), clock=self.clock)
        )

    def ListAcceptances(self, request: pb.ListAcceptancesRequest, _context: ServicerContext) -> pb.ListAcceptancesResponse:
        caller = context.caller()
        wanted = listing(request, fields={}, orders=("accept_time",), default_order="accept_time desc")
        found, following = policies.list_acceptances(account_of(request.parent, caller), wanted, uow=self.new_reads(), caller=caller)
        return pb.ListAcceptancesResponse(acceptances=[wire.acceptance(one) for one in found], next_page_token=following)


def _merged(policy: Policy, new: pb.Policy, mask: FieldMask) -> Policy:
    merged = wire.policy(policy)
    mask.MergeMessage(new, merged, replace_message_field=True, replace_repeated_field=True)
    return policy.changed(label=merged.version, text_it=merged.text.it, text_en=merged.text.en)
