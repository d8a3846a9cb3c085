"""The commands status, outbox and ready, as documents offers them, on both databases."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from recapito.documents.events.v1.events_pb2 import InvoiceIssued

from libs import database, telemetry
from libs.ids import new_id
from libs.messaging import bus
from libs.messaging.event import event_of, type_of
from services.documents.__main__ import main
from tests.servers import free_ports


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of an installation with an empty database, in the environment."""
    found = {
        "RECAPITO_DATABASE_URL": database_url,
        "RECAPITO_BUS_URL": f"sqlite:///{tmp_path}/bus.db",
        "RECAPITO_STORAGE_URL": tmp_path.as_uri(),
        "RECAPITO_ADMIN_PORT": "0",
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def engine(settings: dict[str, str]) -> Iterator[sa.Engine]:
    engine = database.connect(settings["RECAPITO_DATABASE_URL"])
    database.migrate(engine, "services.documents")
    yield engine
    engine.dispose()


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, result.output


def status() -> tuple[int, dict[str, Any]]:
    code, output = run("status", "--json")
    return code, json.loads(output)


def test_what_is_well_says_so(engine: sa.Engine) -> None:
    newest = database.newest("services.documents")
    assert status() == (
        0,
        {
            "database": {"reachable": True, "revision": newest, "newest": newest},
            "outbox": {"events": 0, "oldest_seconds": 0.0},
            "queue": {"reachable": True, "waiting": 0, "parked": 0},
            "faults": [],
        },
    )
    code, lines = run("status")
    assert (code, lines.splitlines()[-1]) == (0, "well")


def test_a_schema_that_is_not_the_programs_is_a_fault(settings: dict[str, str]) -> None:
    code, found = status()
    assert (code, found["database"]["revision"]) == (1, "")
    assert "run migrate" in found["faults"][0]


def test_a_database_or_a_broker_that_is_away_is_a_fault(settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAPITO_DATABASE_URL", f"sqlite:///{tmp_path}/nowhere/x.db")
    monkeypatch.setenv("RECAPITO_BUS_URL", f"sqlite:///{tmp_path}/nowhere/bus.db")
    code, found = status()
    assert code == 1
    assert found["database"]["reachable"] is found["queue"]["reachable"] is False
    assert [fault.split(":")[0] for fault in found["faults"]] == ["the database does not answer", "the broker does not answer"]


def test_events_that_wait_and_events_that_are_parked_are_shown(engine: sa.Engine, settings: dict[str, str]) -> None:
    now = datetime.now(UTC)
    for seconds in (5, 300):
        add(engine, now - timedelta(seconds=seconds))
    park(settings["RECAPITO_BUS_URL"])
    code, found = status()
    assert (code, found["outbox"]["events"], found["queue"]["parked"]) == (1, 2, 1)
    assert found["outbox"]["oldest_seconds"] >= 300
    assert found["faults"] == ["an event waits for 5 min to be published: see outbox", "1 events are parked: see parked list"]
    code, output = run("outbox", "--json")
    ((row),) = json.loads(output)
    assert (code, row["type"], row["events"]) == (1, "recapito.documents.invoice.issued.v1", 2)
    assert "recapito.documents.invoice.issued.v1  2       5 min" in run("outbox")[1]


def add(engine: sa.Engine, time: datetime) -> None:
    event = event_of(InvoiceIssued(invoice="invoices/1"), id=new_id(), source="documents", time=time)
    row = {"event_id": event.id, "type": event.type, "subject": event.subject, "version": 1, "time": time, "data": event.data}
    with engine.begin() as connection:
        connection.execute(sa.insert(database.outbox).values(row | {"traceparent": ""}))


def park(bus_url: str) -> None:
    events = bus.connect(bus_url)
    events.declare("documents", [type_of(InvoiceIssued)])
    with closing(events.publisher()) as publisher, closing(events.subscription("documents", [type_of(InvoiceIssued)])) as subscription:
        publisher.publish([event_of(InvoiceIssued(invoice="invoices/1"), id=new_id(), source="documents", time=datetime.now(UTC))])
        for received in subscription.take(1, 5):
            subscription.park(received, "it failed", 8)


def test_the_readiness_of_the_process_is_part_of_it(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    silent, port = free_ports(2)
    broken = threading.Event()

    def check() -> None:
        if broken.is_set():
            raise OSError

    telemetry.serve_admin(port, telemetry.Health({"database": check}), "worker")
    monkeypatch.setenv("RECAPITO_ADMIN_PORT", str(port))
    assert run("ready") == (0, "ready\n")
    assert status()[1]["process"] == {"ready": True, "failures": []}
    broken.set()
    assert json.loads(run("ready", "--json")[1]) == {"ready": False, "failures": ["database: OSError"]}
    assert status()[1]["faults"] == ["the process is not ready: database: OSError"]
    monkeypatch.setenv("RECAPITO_ADMIN_PORT", str(silent))
    assert run("ready") == (1, "the process is not ready: it does not answer\n")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_the_admin_pages_are_at_every_address_of_the_process() -> None:
    (port,) = free_ports(1)
    telemetry.serve_admin(port, telemetry.Health({}), "worker")
    for host in ("127.0.0.1", "[::1]"):
        with urllib.request.urlopen(f"http://{host}:{port}/livez", timeout=5) as answer:
            assert answer.read() == b"ok\n"


def test_a_task_that_did_not_go_well_for_long_is_late(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    telemetry.serve_admin(port, telemetry.Health({}), "worker")
    monkeypatch.setenv("RECAPITO_ADMIN_PORT", str(port))
    now = datetime.now(UTC).timestamp()
    tasks = {"documents": {"well": now, "stuck": now - 1000}, "contacts": {"elsewhere": now - 1000}}
    for component, found in tasks.items():
        for task, success in found.items():
            telemetry.TASK_SUCCESS.labels(component, task).set(success)
            telemetry.TASK_PERIOD.labels(component, task).set(60)
    try:
        assert status()[1]["tasks"] == {"late": ["stuck"]}
        assert status()[1]["faults"] == ["late: stuck"]
    finally:
        for component, found in tasks.items():
            for task in found:
                telemetry.TASK_SUCCESS.remove(component, task)
                telemetry.TASK_PERIOD.remove(component, task)


def test_settings_that_are_missing_are_named_and_end_with_2(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECAPITO_DATABASE_URL")
    assert run("status")[0] == 2
