"""What contacts says on /metrics about erasures."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from prometheus_client import REGISTRY
from recapito.contacts.events.v1.events_pb2 import ErasureRequested

from libs import database
from services.contacts import repository
from services.contacts.__main__ import now
from services.contacts.service import metrics
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.test_erasures import anonymize, answer, giuseppina


def measured(api: Api) -> tuple[float | None, float]:
    """Return how many erasures wait, and the age of the oldest when two days have gone by."""
    reading = partial(repository.reading, database.reader(api.engine))
    metrics.measure(reading=reading, clock=lambda: now() + timedelta(days=2))
    oldest = REGISTRY.get_sample_value("recapito_contacts_oldest_erasure_seconds")
    return REGISTRY.get_sample_value("recapito_contacts_erasures_waiting"), oldest or 0.0


def test_an_erasure_waits_until_every_service_has_answered(api: Api) -> None:
    assert measured(api) == (0, 0)
    with api.operator():
        anonymize(api, giuseppina(api).name)
    waiting, age = measured(api)
    assert waiting == 1
    assert 0 <= age - timedelta(days=2).total_seconds() < 3600
    answer(api, api.events_of(ErasureRequested)[-1])
    assert measured(api) == (0, 0)
