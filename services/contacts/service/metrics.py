"""What contacts measures."""

from __future__ import annotations

from prometheus_client import Gauge

from libs.unit_of_work import Clock
from services.contacts.service import Reading

ERASURES_WAITING = Gauge("recapito_contacts_erasures_waiting", "Erasures for which a service has not sent its receipt.")
OLDEST_ERASURE_SECONDS = Gauge("recapito_contacts_oldest_erasure_seconds", "Age of the oldest of them.")


def measure(*, reading: Reading, clock: Clock) -> None:
    with reading() as stored:
        count, oldest = stored.erasures.waiting()
    ERASURES_WAITING.set(count)
    OLDEST_ERASURE_SECONDS.set((clock() - oldest).total_seconds() if oldest else 0)
