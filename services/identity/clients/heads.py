"""Signed heads of the audit, in a file outside the database: one JSON line each, never changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

from services.identity.domain.audit import Head
from services.identity.service import SignedHead


class FileHeads:
    """path: None keeps nothing; the heads are then in the log alone."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def add(self, signed: SignedHead) -> None:
        if self._path is None:
            return
        head = signed.head
        line = {"service": head.service, "sequence": head.sequence, "chain_sha256": head.chain_sha256, "signature": signed.signature}
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(json.dumps(line) + "\n")

    def last(self, service: str) -> SignedHead | None:
        if self._path is None or not self._path.exists():
            return None
        found = None
        with self._path.open() as file:
            for line in file:
                read = json.loads(line)
                if read["service"] == service:
                    found = SignedHead(Head(service, read["sequence"], read["chain_sha256"]), read["signature"])
        return found
