"""The clock in: rows that may be forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.engine import Engine

from libs import database, telemetry
from libs.unit_of_work import Clock

SWEEP_SECONDS = 3600.0

log = telemetry.logger(__name__)


def sweep(engine: Engine, clock: Clock) -> Callable[[threading.Event], None]:
    """Return the body of the thread that forgets request ids and handled events in time."""

    def run(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                database.sweep(engine, clock())
            except Exception:
                log.exception("nothing was swept")
            stop.wait(SWEEP_SECONDS)

    return run
