"""What identity counts and measures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from prometheus_client import Counter, Gauge

from libs.errors import DeadlineExceeded, Internal, ResourceExhausted, ServiceError, Unavailable
from libs.unit_of_work import Clock
from services.identity.domain import tokens as rules
from services.identity.service import NewUnitOfWork

WAYS = ("password", "link", "code", "provider", "passkey", "second_factor")
OUTCOMES = ("opened", "refused", "throttled", "failed")
SIGN_INS = Counter("recapito_identity_sign_ins_total", "Attempts to prove who one is, by their way and how they ended.", ["way", "outcome"])
KEY_USE_TIME = Gauge("recapito_identity_signing_key_use_timestamp_seconds", "Since when the present signing key signs.")
KEY_DUE_TIME = Gauge("recapito_identity_signing_key_due_timestamp_seconds", "When the next signing key must sign.")

for labels in itertools.product(WAYS, OUTCOMES):
    SIGN_INS.labels(*labels)  # there from the start: a rate knows nothing of what appears with its first value


@contextmanager
def signing_in(way: str) -> Iterator[None]:
    """Count how the attempt that runs inside ends; failed: through no fault of who tries."""
    try:
        yield
    except ServiceError as error:
        SIGN_INS.labels(way, _outcome(error)).inc()
        raise
    SIGN_INS.labels(way, "opened").inc()


def _outcome(error: ServiceError) -> str:
    match error:
        case ResourceExhausted():
            return "throttled"
        case Unavailable() | DeadlineExceeded() | Internal():
            return "failed"
        case _:
            return "refused"


def measure(key_life: timedelta, *, new_reads: NewUnitOfWork, clock: Clock) -> None:
    with new_reads() as reads:
        keys = reads.keys.all()
    present = rules.signing(keys, clock())
    if present is not None:
        KEY_USE_TIME.set(present.use_time.timestamp())
        KEY_DUE_TIME.set((max(key.use_time for key in keys) + key_life).timestamp())
