"""The clock in: PDFs that are missing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.engine import Engine

from libs import database, telemetry
from services.documents.service import RENDITIONS_CHANNEL
from services.documents.service.renditions import BATCH, Copies

WAIT_SECONDS = 1.0  # for a wake-up; after that it looks for copies whose renderer died, and whether it is to stop

log = telemetry.logger(__name__)


def store_renditions(engine: Engine, copies: Copies) -> Callable[[threading.Event], None]:
    """Return the body of the thread that stores PDFs as soon as their invoices are issued."""

    def run(stop: threading.Event) -> None:
        waiter = database.Waiter(engine, RENDITIONS_CHANNEL)
        waiter.wait(0)  # listens from here on, so that no commit falls between the first look and the first wait
        while not stop.is_set():
            if _store(copies) < BATCH:
                waiter.wait(WAIT_SECONDS)
        waiter.close()

    return run


def _store(copies: Copies) -> int:
    """Store what is due; a copy that fails is tried again when its lease ends."""
    try:
        due = copies.claim_due()
    except Exception:
        log.exception("renditions cannot be claimed")
        return 0
    for invoice_id in due:
        try:
            copies.store(invoice_id)
        except Exception:
            log.exception("rendition failed", invoice=str(invoice_id))
    return len(due)
