"""What every process says of itself on /metrics, without a database or a broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import REGISTRY

from libs import database, process, telemetry, web
from libs.messaging.bus import GROUP, BusUnavailable, Received
from libs.messaging.rabbit import RabbitBus
from libs.rpc import certificates
from tests.unit.libs.test_messaging import FakeAttempts, FakeSubscription, consumer_with, received


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"recapito_{name}", labels)


def test_a_job_that_goes_well_says_when_and_one_that_fails_says_how_often() -> None:
    turns: list[str] = []
    stop = threading.Event()

    def job() -> None:
        turns.append("turn")
        if len(turns) == 1:
            raise RuntimeError("the first one fails")
        stop.set()

    before = time.time()
    process.every(0.001, job, component="tests", task="now_and_then")(stop)
    labels = {"component": "tests", "task": "now_and_then"}
    assert value("task_failures_total", **labels) == 1
    assert (value("task_success_timestamp_seconds", **labels) or 0) >= before
    assert value("task_period_seconds", **labels) == 0.001


def test_readiness_is_a_metric_by_what_is_needed() -> None:
    away = [True]

    def broker() -> None:
        if away:
            raise ConnectionError("amqp://user:secret@broker")

    health = telemetry.Health({"tests-broker": broker, "tests-database": lambda: None})
    assert health.failures() == {"tests-broker": "ConnectionError"}
    assert (value("ready", check="tests-broker"), value("ready", check="tests-database")) == (0, 1)
    away.clear()
    health.failures()
    assert value("ready", check="tests-broker") == 1


def certificate(expiry: datetime) -> bytes:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = builder.not_valid_before(expiry - timedelta(days=90)).not_valid_after(expiry).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def test_the_certificate_in_use_says_until_when_it_is_valid() -> None:
    expiry = datetime(2027, 2, 20, tzinfo=UTC)
    certificates.loaded("tests", certificate(expiry))
    assert value("tls_certificate_expiry_timestamp_seconds", role="tests") == expiry.timestamp()
    assert value("tls_certificate_start_timestamp_seconds", role="tests") == (expiry - timedelta(days=90)).timestamp()
    certificates.loaded("tests", certificate(expiry + timedelta(days=90)))
    assert value("tls_certificate_expiry_timestamp_seconds", role="tests") == (expiry + timedelta(days=90)).timestamp()
    certificates.loaded("other tests", b"no certificate")
    assert value("tls_certificate_expiry_timestamp_seconds", role="other tests") is None


def test_a_database_that_is_away_does_not_keep_the_metrics_from_being_read() -> None:
    database.connect("postgresql+psycopg://nobody@localhost:1/none", pool_size=5)
    assert (value("database_connections_limit") or 0) % 10 == 0
    assert value("database_connections_used") is not None


def test_no_metric_of_ours_has_a_label_that_a_scrape_would_rename() -> None:
    taken = {"job", "instance", "service", "namespace", "pod", "container", "endpoint", "node"}
    ours = [family for family in REGISTRY.collect() if family.name.startswith("recapito_")]
    assert len(ours) > 15
    assert {family.name for family in ours for sample in family.samples if taken & sample.labels.keys()} == set()


def test_a_queue_says_what_waits_and_what_was_set_aside() -> None:
    consumer, _ = consumer_with(FakeAttempts())
    consumer.step(FakeSubscription([received("unreadable"), *[received("ok") for _ in range(GROUP + 2)]]))
    assert (value("queue_events", queue="notifications"), value("parked_events", queue="notifications")) == (3, 1)


def test_a_broker_that_is_away_is_shown_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, shown, asked = threading.Event(), list[float | None](), list[str]()

    class Last(FakeSubscription):
        def take(self, limit: int, timeout_seconds: float) -> Sequence[Received]:
            shown.append(value("broker_up", component="notifications", role="consumer"))
            stop.set()
            return []

    def subscription(_bus: RabbitBus, _queue: str, _types: object) -> FakeSubscription:
        asked.append("again")
        if len(asked) == 1:
            raise BusUnavailable("nobody answers")
        return Last([])

    monkeypatch.setattr(RabbitBus, "subscription", subscription)
    consumer, _ = consumer_with(FakeAttempts())
    consumer(stop)
    assert shown == [0]
    assert value("broker_up", component="notifications", role="consumer") == 1
    assert time.time() - (value("task_success_timestamp_seconds", component="notifications", task="handle") or 0) < 60


def test_a_request_in_hand_occupies_a_thread_and_a_defect_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_component", "tests")
    app = web.create_app("services.portal.views")
    assert value("http_threads_busy") == 0

    @app.get("/defects")
    def defect() -> str:
        assert value("http_threads_busy") == 1
        raise ZeroDivisionError

    answer = app.test_client().get("/defects")
    assert answer.status_code == 500
    assert value("http_threads_busy") == 0
    assert value("unhandled_errors_total", component="tests") == 1
    assert value("http_seconds_count", component="portal", route="/defects", method="GET", code="500") == 1


def test_a_call_in_hand_occupies_a_thread() -> None:
    with telemetry.answering("/tests.Service/Method", ""):
        assert value("rpc_threads_busy") == 1
        telemetry.failed("NOT_FOUND")
    assert value("rpc_threads_busy") == 0
    assert value("rpc_seconds_count", method="/tests.Service/Method", code="NOT_FOUND") == 1
