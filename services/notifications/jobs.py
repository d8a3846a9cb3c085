"""The clock in: messages that are due leave, and those whose sender died are given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from libs import telemetry
from services.notifications.service.delivering import Deliverer

log = telemetry.logger(__name__)

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
                except Exception:
                    log.exception("delivery failed; what was claimed is tried again when its claim runs out")
                    stop.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
                if not taken and not stop.is_set():
                    waiter.wait(IDLE_SECONDS)
        finally:
            close()

    return run
