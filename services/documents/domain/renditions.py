"""The stored copy of an issued document."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True)
class Rendition:
    """The PDF of an invoice. key: its name in the store, random and fixed at issue. sha256: empty until it is stored."""

    invoice_id: UUID
    key: str
    sha256: bytes = b""
    size: int = 0

    @property
    def stored(self) -> bool:
        return bool(self.sha256)

    def of(self, content: bytes) -> Rendition:
        return replace(self, sha256=hashlib.sha256(content).digest(), size=len(content))

    def matches(self, content: bytes) -> bool:
        return hmac.compare_digest(self.sha256, hashlib.sha256(content).digest())
