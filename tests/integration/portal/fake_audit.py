"""The audit as the pages know it, kept in memory."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from google.api.httpbody_pb2 import HttpBody
from recapito.identity.v1.audit_pb2 import AuditEntry, ListAuditEntriesResponse, VerifyAuditResponse

from services.portal.service import Page

_CONDITION = re.compile(r'(\w+) ?(=|!=|>=|<|:) ?"(.*)"')
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<": operator.lt,
    ":": operator.contains,
}


class FakeAudit:
    """entries: the oldest first. broken: services whose chain does not verify, with the entry."""

    def __init__(self, require_fresh: Callable[[], None]) -> None:
        self.entries: list[AuditEntry] = []
        self.broken: dict[str, int] = {}
        self._require_fresh = require_fresh

    def record(self, method: str, resource: str, *, actor: str = "", result: str = "OK", days_ago: int = 0, **more: Any) -> None:
        service = method.split(".")[1]
        entry = AuditEntry(name=f"auditEntries/{uuid4()}", service=service, actor=actor, method=method, resource=resource, **more)
        entry.result, entry.sequence = result, 1 + sum(each.service == service for each in self.entries)
        entry.create_time.FromDatetime(datetime.now(UTC) - timedelta(days=days_ago))
        self.entries.append(entry)

    def list_entries(self, page: Page) -> ListAuditEntriesResponse:
        return ListAuditEntriesResponse(audit_entries=self._found(page.filter)[: page.size])

    def export_entries(self, filter_: str) -> Iterator[HttpBody]:
        self._require_fresh()
        yield HttpBody(content_type="application/jsonl")
        for entry in reversed(self._found(filter_)):
            yield HttpBody(data=f'{{"method": "{entry.method}"}}\n'.encode())

    def verify(self, service: str) -> VerifyAuditResponse:
        count = sum(entry.service == service for entry in self.entries)
        return VerifyAuditResponse(intact=service not in self.broken, entry_count=count, broken_sequence=self.broken.get(service, 0))

    def _found(self, filter_: str) -> list[AuditEntry]:
        conditions = [condition.groups() for part in filter_.split(" AND ") if (condition := _CONDITION.fullmatch(part))]
        return [entry for entry in reversed(self.entries) if all(_holds(entry, *condition) for condition in conditions)]


def _holds(entry: AuditEntry, name: str, compared: str, value: str) -> bool:
    if name == "create_time":
        return _COMPARED[compared](entry.create_time.ToDatetime(UTC), datetime.fromisoformat(value))
    return _COMPARED[compared](getattr(entry, name), value)
