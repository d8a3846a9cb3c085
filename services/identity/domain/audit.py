"""The audit: entries of each service in a chain, where each hash covers its entry and the hash before it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

GENESIS = "0" * 64  # stands before the first entry of each chain
SIGN_IN_REFUSALS = frozenset({"WRONG_CREDENTIALS", "WRONG_PASSWORD", "WRONG_CODE", "TOO_MANY_ATTEMPTS", "invalid_client"})
_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode  # made once: it is called for each entry
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def refused_sign_in(reason: str) -> bool:
    """Whether the audit keeps this refusal also of somebody who is not signed in."""
    return reason in SIGN_IN_REFUSALS or reason.startswith("LINK_")


@dataclass(frozen=True)
class Entry:
    """id: of the event that brought it. sequence, chain_sha256: 0 and "" until it is in its chain. actor: "" of nobody known."""

    id: UUID
    service: str
    actor: str
    method: str
    resource: str
    result: str
    create_time: datetime
    changed_fields: tuple[str, ...] = ()
    session_id: UUID | None = None
    ip_address: str = ""
    request_id: str = ""
    sequence: int = 0
    chain_sha256: str = ""

    @property
    def ids(self) -> tuple[UUID | None, UUID | None]:
        """The first and the last id in the resource's name: a session is also about its account."""
        found = [UUID(text) for text in _UUID.findall(self.resource)]
        return (found[0], found[-1]) if found else (None, None)

    def after(self, head: Head) -> Entry:
        """Return the entry with its place behind the head of its chain."""
        placed = replace(self, sequence=head.sequence + 1)
        return replace(placed, chain_sha256=placed.digest(head.chain_sha256))

    def digest(self, previous: str) -> str:
        """Return SHA-256, in hexadecimal, over the hash before and the entry as JSON without blanks, its keys sorted."""
        return hashlib.sha256(_json({**self.fields(), "previous": previous}).encode()).hexdigest()

    def fields(self) -> dict[str, object]:
        """Return what the hash covers and an export shows."""
        return {
            "id": str(self.id),
            "service": self.service,
            "sequence": self.sequence,
            "actor": self.actor,
            "method": self.method,
            "resource": self.resource,
            "result": self.result,
            "changed_fields": list(self.changed_fields),
            "session_id": str(self.session_id or ""),
            "ip_address": self.ip_address,
            "request_id": self.request_id,
            "create_time": self.create_time.isoformat(timespec="microseconds"),
        }


@dataclass(frozen=True)
class Head:
    """The last entry of a chain."""

    service: str
    sequence: int = 0
    chain_sha256: str = GENESIS


@dataclass(frozen=True)
class Verified:
    """broken_sequence: the first entry that does not fit, 0 when all do. last: the end of what fits."""

    last: Head
    broken_sequence: int = 0

    @property
    def intact(self) -> bool:
        return not self.broken_sequence


def verify(start: Head, entries: Iterable[Entry], heads: Sequence[Head]) -> Verified:
    """Recompute a chain behind `start`, and hold it against heads that were kept elsewhere.

    entries: in their order. A head that lies behind the last entry says that entries are missing.
    """
    kept: dict[int, set[str]] = {}
    for head in heads:
        kept.setdefault(head.sequence, set()).add(head.chain_sha256)
    last = start
    for entry in entries:
        follows = entry.sequence == last.sequence + 1 and entry.chain_sha256 == entry.digest(last.chain_sha256)
        if not follows or (entry.sequence in kept and kept[entry.sequence] != {entry.chain_sha256}):
            return Verified(last, last.sequence + 1)
        last = Head(last.service, entry.sequence, entry.chain_sha256)
    beyond = any(sequence > last.sequence for sequence in kept)
    return Verified(last, last.sequence + 1 if beyond else 0)
