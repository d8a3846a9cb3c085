"""The clock in: PDFs that are missing, and rows that may be forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.engine import Engine

from libs import database, telemetry
from libs.unit_of_work import Clock
from services.documents.service import RENDITIONS_CHANNEL
from services.documents.service.renditions import BATCH, Copies

WAIT_SECONDS = 1.0  # for a wake-up; after that it looks for copies whose renderer died, and whether it is to stop
SWEEP_SECONDS = 3600.0

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


def sweep(engine: Engine, clock: Clock) -> Callable[[threading.Event], None]:
    """Return the body of the thread that forgets old request ids and handled events, once an hour."""

    def run(stop: threading.Event) -> None:
        while not stop.wait(SWEEP_SECONDS):
            try:
                database.sweep(engine, clock())
            except Exception:
                log.exception("old rows cannot be deleted")

    return run
