"""The audit by gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from google.api.httpbody_pb2 import HttpBody
from grpc import ServicerContext
from recapito.identity.v1 import audit_pb2 as pb
from recapito.identity.v1.audit_pb2_grpc import AuditServicer
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs.audit import Refusals
from libs.ids import new_id
from libs.listing import listing
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.domain import audit as rules
from services.identity.service import Heads, HeadSigner, NewUnitOfWork, audit
from services.identity.servicer.tokens import KeyRing

_FIELDS = {"service": str, "actor": str, "method": str, "resource": str, "result": str, "create_time": datetime}


@dataclass(frozen=True)
class Audit(AuditServicer):
    new_reads: NewUnitOfWork
    keys: KeyRing
    signer: HeadSigner
    heads: Heads

    def ListAuditEntries(self, request: pb.ListAuditEntriesRequest, _context: ServicerContext) -> pb.ListAuditEntriesResponse:
        wanted = listing(request, fields=_FIELDS, orders=("create_time",), default_order="create_time desc")
        found, following = audit.list_entries(wanted, uow=self.new_reads())
        return pb.ListAuditEntriesResponse(audit_entries=[wire.audit_entry(entry) for entry in found], next_page_token=following)

    def ExportAuditEntries(self, request: pb.ExportAuditEntriesRequest, _context: ServicerContext) -> Iterator[HttpBody]:
        wanted = listing(request, fields=_FIELDS, orders=("create_time",), default_order="create_time desc")
        yield HttpBody(content_type="application/jsonl")
        for entries in audit.export(wanted, uow=self.new_reads()):
            yield HttpBody(data=wire.audit_lines(entries))

    def VerifyAudit(self, request: pb.VerifyAuditRequest, _context: ServicerContext) -> pb.VerifyAuditResponse:
        found = audit.verify_chain(request.service, uow=self.new_reads(), keys=self.keys.keys(), signer=self.signer, heads=self.heads)
        return pb.VerifyAuditResponse(intact=found.intact, entry_count=found.last.sequence, broken_sequence=found.broken_sequence)


def refusals(new_uow: NewUnitOfWork, clock: Clock) -> Refusals:
    """Return what writes the refusals of identity, with the address that a sign-in came from."""

    def write(refusal: AuditEntryRecorded, address: str) -> None:
        audit.record_refusal(wire.entry_of(refusal, new_id(), address), uow=new_uow())

    return Refusals("identity", write, clock, rules.refused_sign_in)
