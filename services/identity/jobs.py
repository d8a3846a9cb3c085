"""What identity does by the clock: announces links that were asked for, changes signing keys, signs the audit, forgets what is dead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy.engine import Engine

from libs import process, telemetry
from libs.database import Waiter
from libs.unit_of_work import Clock
from services.identity.domain.tokens import SigningKey
from services.identity.service import LINK_REQUESTS, Heads, HeadSigner, NewUnitOfWork, audit, links, metrics, tokens

log = telemetry.logger(__name__)
COMPONENT = "identity"
TURN_SECONDS = 60.0  # within which the links that were asked for are announced, when all is well
POLL_SECONDS = 1.0  # when a wake-up got lost
SWEEP_SECONDS = 600.0
SIGN_SECONDS = 300.0

Job = Callable[[threading.Event], None]


def link_requests(engine: Engine, new_uow: NewUnitOfWork) -> Job:
    """Announce the links that people asked for, as soon as they have their answer."""

    def run(stop: threading.Event) -> None:
        waiter, task = Waiter(engine, LINK_REQUESTS), telemetry.Task(COMPONENT, "announce_links", TURN_SECONDS)
        while not stop.is_set():
            try:
                found = links.fulfil_requests(uow=new_uow())
                task.went_well()
                if found == 0:
                    waiter.wait(POLL_SECONDS)
            except Exception:
                task.failed()
                log.exception("link requests failed")
                stop.wait(POLL_SECONDS)
        waiter.close()

    return run


def housekeeping(new_uow: NewUnitOfWork, key_life: timedelta, clock: Clock) -> Job:
    """Make the next signing key in time; forget dead sessions, old links and counts."""

    def keep() -> None:
        tokens.rotate_keys(key_life, uow=new_uow(), clock=clock)
        sweep(new_uow, clock)

    return process.every(SWEEP_SECONDS, keep, component=COMPONENT, task="housekeeping")


def sign_audit(
    new_reads: NewUnitOfWork,
    new_uow: NewUnitOfWork,
    keys: Callable[[], Sequence[SigningKey]],
    signer: HeadSigner,
    heads: Heads,
    clock: Clock,
) -> Job:
    """Sign how far the audit has come, and export it: from then on nothing before can be changed or cut off unnoticed."""

    def sign() -> None:
        audit.sign_heads(new_reads=new_reads, new_uow=new_uow, keys=keys(), signer=signer, heads=heads, clock=clock)

    return process.every(SIGN_SECONDS, sign, component=COMPONENT, task="sign_audit")


def measure(new_reads: NewUnitOfWork, key_life: timedelta, clock: Clock) -> Job:
    """Keep the metrics of the database."""
    return process.every(
        process.MEASURE_SECONDS, lambda: metrics.measure(key_life, new_reads=new_reads, clock=clock), component=COMPONENT, task="measure"
    )


def sweep(new_uow: NewUnitOfWork, clock: Clock) -> None:
    now = clock()
    with new_uow() as uow:
        uow.sessions.sweep(now)
        uow.codes.sweep(now)
        uow.links.sweep(now)
        uow.throttle.sweep(now)
        uow.authorization_requests.sweep(now)
        uow.factors.sweep(now)
        uow.challenges.sweep(now)
        uow.clients.sweep(now)
        uow.commit()
