"""The audit of all services, as the pages need it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from google.api.httpbody_pb2 import HttpBody
from recapito.identity.v1.audit_pb2 import ListAuditEntriesResponse, VerifyAuditResponse

from services.portal.service.page import Page


class Audit(Protocol):
    def list_entries(self, page: Page) -> ListAuditEntriesResponse: ...
    def export_entries(self, filter_: str) -> Iterator[HttpBody]: ...
    def verify(self, service: str) -> VerifyAuditResponse: ...
