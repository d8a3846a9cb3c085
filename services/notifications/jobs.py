"""The clock in: messages that are due leave, and those whose sender died are given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from libs import process, telemetry
from libs.unit_of_work import Clock
from services.notifications.service import Read, metrics
from services.notifications.service.delivering import Deliverer

log = telemetry.logger(__name__)

COMPONENT = "notifications"
TURN_SECONDS = 60.0  # within which a batch is handed over, when all is well
IDLE_SECONDS = 1.0  # a look without being woken: for what became due by its own time
LOST_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0


class Waiter(Protocol):
    def wait(self, timeout_seconds: float) -> None: ...


def delivery(
    deliverer: Deliverer, *, prepare: Callable[[], None], waiter: Waiter, close: Callable[[], None]
) -> Callable[[threading.Event], None]:
    """Return a thread's body that delivers until it is stopped; `prepare` runs once before the first message."""

    def run(stop: threading.Event) -> None:
        looked, pause, prepared = 0.0, IDLE_SECONDS, False
        task = telemetry.Task(COMPONENT, "deliver", TURN_SECONDS)
        try:
            while not stop.is_set():
                try:
                    if not prepared:
                        waiter.wait(0)  # listens from here on, so that no commit falls between the first look and the first wait
                        prepare()
                        prepared = True
                    if time.monotonic() - looked > LOST_SECONDS:
                        deliverer.give_up_lost()
                        looked = time.monotonic()
                    taken = deliverer.deliver_batch(stop.is_set)
                    pause = IDLE_SECONDS
                    task.went_well()
                except Exception:
                    task.failed()
                    log.exception("delivery failed; what was claimed is tried again when its claim runs out")
                    stop.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
                if not taken and not stop.is_set():
                    waiter.wait(IDLE_SECONDS)
        finally:
            close()

    return run


def measure(read: Read, clock: Clock) -> Callable[[threading.Event], None]:
    """Return the body of the thread that keeps the metrics of the database."""
    return process.every(process.MEASURE_SECONDS, lambda: metrics.measure(read=read, clock=clock), component=COMPONENT, task="measure")
