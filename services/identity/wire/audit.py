"""Audit entries: as events, as resources, as lines of an export."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC
from uuid import UUID

from recapito.identity.v1 import audit_pb2
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from services.identity.domain.audit import Entry
from services.identity.wire.names import id_of, time


def entry_of(told: AuditEntryRecorded, entry_id: UUID, ip_address: str = "") -> Entry:
    return Entry(
        id=entry_id,
        service=told.service,
        actor=told.actor if told.actor.startswith("accounts/") else "",
        method=told.method,
        resource=told.resource,
        result=told.result,
        create_time=told.record_time.ToDatetime(UTC),
        changed_fields=tuple(told.changed_fields),
        session_id=id_of(told.session) if told.session else None,
        ip_address=ip_address,
        request_id=told.request_id,
    )


def audit_entry(found: Entry) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(
        name=f"auditEntries/{found.id}",
        service=found.service,
        sequence=found.sequence,
        actor=found.actor,
        method=found.method,
        resource=found.resource,
        result=found.result,
        changed_fields=found.changed_fields,
        ip_address=found.ip_address,
        request_id=found.request_id,
        create_time=time(found.create_time),
        chain_sha256=found.chain_sha256,
    )


def audit_lines(entries: Iterable[Entry]) -> bytes:
    """Return JSON lines: what the hash covers, and the hash."""
    lines = [json.dumps({**entry.fields(), "chain_sha256": entry.chain_sha256}, ensure_ascii=False) for entry in entries]
    return "".join(f"{line}\n" for line in lines).encode()
