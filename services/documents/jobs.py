"""The clock in: PDFs that are missing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.engine import Engine

from libs import database, telemetry
from services.documents.service import RENDITIONS_CHANNEL
from services.documents.service.renditions import BATCH, Copies

COMPONENT = "documents"
TURN_SECONDS = 60.0  # within which a batch is rendered, when all is well
WAIT_SECONDS = 1.0  # for a wake-up; after that it looks for copies whose renderer died, and whether it is to stop

log = telemetry.logger(__name__)


def store_renditions(engine: Engine, copies: Copies) -> Callable[[threading.Event], None]:
    """Return the body of the thread that stores PDFs as soon as their invoices are issued."""

    def run(stop: threading.Event) -> None:
        waiter = database.Waiter(engine, RENDITIONS_CHANNEL)
        task = telemetry.Task(COMPONENT, "render", TURN_SECONDS)
        waiter.wait(0)  # listens from here on, so that no commit falls between the first look and the first wait
        while not stop.is_set():
            if _store(copies, task) < BATCH:
                waiter.wait(WAIT_SECONDS)
        waiter.close()

    return run


def _store(copies: Copies, task: telemetry.Task) -> int:
    """Store what is due; a copy that fails is tried again when its lease ends."""
    try:
        due = copies.claim_due()
        task.went_well()
    except Exception:
        task.failed()
        log.exception("renditions cannot be claimed")
        return 0
    for invoice_id in due:
        try:
            copies.store(invoice_id)
        except Exception:
            task.failed()
            log.exception("rendition failed", invoice=str(invoice_id))
    return len(due)
