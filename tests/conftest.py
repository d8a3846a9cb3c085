"""Fixtures that every test may use, and the count of proven requirements."""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.mailbox import Mailbox
from tests.servers import POSTGRES_VARIABLE, RABBITMQ_VARIABLE, PrivatePostgres, PrivateRabbit

REQUIREMENTS = Path(__file__).parent / "requirements.md"
LAST_RUN = Path(__file__).parent / ".last_run.json"


# --- servers -------------------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: the one of this run, or a private one."""
    if url := os.environ.get(POSTGRES_VARIABLE):
        yield url
    else:
        with PrivatePostgres() as server:
            yield server.url()


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """The URL of a RabbitMQ broker: the one of this run, or a private one."""
    if url := os.environ.get(RABBITMQ_VARIABLE):
        yield url
    else:
        with PrivateRabbit() as server:
            yield server.url


@pytest.fixture
def new_database(postgres_server: str) -> Iterator[Callable[[], str]]:
    """Makes empty PostgreSQL databases of this test's own; gives their SQLAlchemy URLs."""
    with databases.several(postgres_server) as make:
        yield make


@pytest.fixture
def postgres_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/{uuid.uuid4().hex[:8]}.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind in turn."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def queue_prefix() -> str:
    """One broker serves all tests: each names its own queues."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def smtp_sink() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    mailbox.start()
    yield mailbox
    mailbox.close()


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Polls until a check gives something true; the last failure is shown when the time is over."""

    def poll(check: Callable[[], object], seconds: float = 10.0) -> object:
        end = time.monotonic() + seconds
        while True:
            failure: AssertionError | None = None
            try:
                if found := check():
                    return found
            except AssertionError as error:
                failure = error
            if time.monotonic() > end:
                raise failure or AssertionError(f"not true within {seconds} s")
            time.sleep(0.02)

    return poll


# --- requirements --------------------------------------------------------------------------------------------------------------------
def requirement_ids() -> list[str]:
    return re.findall(r"^- \*\*(R-[A-Z]+-\d+)\*\*", REQUIREMENTS.read_text(), re.MULTILINE)


_results: dict[str, dict[str, object]] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = set(requirement_ids())
    for item in items:
        for identifier in (name for marker in item.iter_markers("req") for name in marker.args):
            if identifier not in known:
                raise pytest.UsageError(f"{item.nodeid} proves {identifier}, which tests/requirements.md does not know")
            item.user_properties.append(("req", identifier))  # travels with the report, from a worker too


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    result = _results.setdefault(
        report.nodeid, {"outcome": "passed", "proves": [value for key, value in report.user_properties if key == "req"]}
    )
    if report.outcome != "passed":
        result["outcome"] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _results and not hasattr(session.config, "workerinput"):
        LAST_RUN.write_text(json.dumps(_results, indent=0))
