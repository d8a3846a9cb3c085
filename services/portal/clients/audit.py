"""The audit over gRPC."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
from google.api.httpbody_pb2 import HttpBody
from recapito.identity.v1 import audit_pb2, audit_pb2_grpc

from services.portal.service.page import Page

LONG_SECONDS = 60.0  # for a million entries


class GrpcAudit:
    def __init__(self, channel: grpc.Channel) -> None:
        self._audit = audit_pb2_grpc.AuditStub(channel)

    def list_entries(self, page: Page) -> audit_pb2.ListAuditEntriesResponse:
        return self._audit.ListAuditEntries(
            audit_pb2.ListAuditEntriesRequest(page_size=page.size, page_token=page.token, filter=page.filter)
        )

    def export_entries(self, filter_: str) -> Iterator[HttpBody]:
        return self._audit.ExportAuditEntries(audit_pb2.ExportAuditEntriesRequest(filter=filter_), timeout=LONG_SECONDS)

    def verify(self, service: str) -> audit_pb2.VerifyAuditResponse:
        return self._audit.VerifyAudit(audit_pb2.VerifyAuditRequest(service=service), timeout=LONG_SECONDS)
