"""The clock in: imports that wait for their next chunk, and what is to be forgotten."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from sqlalchemy.engine import Engine

from libs import database, process, telemetry
from libs.unit_of_work import Clock
from services.contacts.service import Reading, UnitOfWork, import_rows, merges, metrics
from services.contacts.service.import_rows import Batch, ChunkFailed, Limits
from services.contacts.service.imports import IMPORTS_CHANNEL

COMPONENT = "contacts"
WAIT_SECONDS = 1.0  # for a wake-up that got lost
CHUNK_SECONDS = 60.0  # within which a chunk is done, when all is well
MOST_FAILURES = 5
SWEEP_SECONDS = 3600.0

log = telemetry.logger(__name__)


def run_imports(
    engine: Engine, new_uow: Callable[[], UnitOfWork], new_batch: Callable[[], Batch], limits: Limits, clock: Clock
) -> Callable[[threading.Event], None]:
    """Return the body of the thread that does chunk after chunk, of each import in turn."""
    failures: Counter[UUID] = Counter()
    task = telemetry.Task(COMPONENT, "import", CHUNK_SECONDS)

    def step() -> bool:
        try:
            found = import_rows.next_chunk(uow=new_batch(), limits=limits, clock=clock)
        except ChunkFailed as failed:
            task.failed()
            failures[failed.job_id] += 1
            log.warning("a chunk of an import failed", job=str(failed.job_id), exc_info=failed.__cause__)
            if failures[failed.job_id] >= MOST_FAILURES:
                import_rows.give_up(failed.job_id, uow=new_uow(), clock=clock)
        except Exception:
            task.failed()
            log.exception("imports cannot be claimed")
        else:
            task.went_well()
            return found
        return False

    def run(stop: threading.Event) -> None:
        waiter = database.Waiter(engine, IMPORTS_CHANNEL)
        waiter.wait(0)  # listens from here on, so that no commit falls between the first look and the first wait
        while not stop.is_set():
            if not step():
                waiter.wait(WAIT_SECONDS)
        waiter.close()

    return run


def forget_imports(new_uow: Callable[[], UnitOfWork], clock: Clock) -> Callable[[threading.Event], None]:
    """Return the body of the thread that forgets old files and reports."""
    return process.every(SWEEP_SECONDS, lambda: import_rows.sweep(uow=new_uow(), clock=clock), component=COMPONENT, task="forget_imports")


def forget_merges(new_uow: Callable[[], UnitOfWork], clock: Clock) -> Callable[[threading.Event], None]:
    """Return the body of the thread that forgets what merges were made of when they can no longer be undone."""
    return process.every(SWEEP_SECONDS, lambda: merges.sweep(uow=new_uow(), clock=clock), component=COMPONENT, task="forget_merges")


def measure(reading: Reading, clock: Clock) -> Callable[[threading.Event], None]:
    """Return the body of the thread that keeps the metrics of the database."""
    return process.every(
        process.MEASURE_SECONDS, lambda: metrics.measure(reading=reading, clock=clock), component=COMPONENT, task="measure"
    )
