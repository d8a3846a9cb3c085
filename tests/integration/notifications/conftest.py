"""A migrated database of each kind, and the use cases on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from libs import database
from services.notifications import repository, service
from services.notifications.clients.smtp import SmtpMailer
from services.notifications.clients.words import FileWords
from services.notifications.consumer import Listener
from services.notifications.service.delivering import Deliverer, keep_revisions
from services.notifications.service.opens import record_open
from services.notifications.service.planning import Planner
from services.notifications.service.reading import Foresight
from tests import databases
from tests.mailbox import Mailbox
from tests.unit.notifications.builders import NOON, SENDER
from tests.unit.notifications.fakes import FakeContacts, FakeDocuments, FakeLinks, FakeMailer

WORDS = FileWords()


def prepare(url: str) -> None:
    """Migrate, and keep the words, as every worker does at its start."""
    engine = database.connect(url)
    database.migrate(engine, "services.notifications")
    keep_revisions(WORDS, uow=repository.SqlUnitOfWork(engine, "notifications"), clock=lambda: NOON)
    engine.dispose()


@pytest.fixture(scope="session")
def prepared_postgres(postgres_server: str) -> Iterator[str]:
    """A migrated database of this session, to be copied."""
    with databases.postgres(postgres_server) as url:
        prepare(url)
        yield url


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notifications") / "migrated.db"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_copy(postgres_server: str, prepared_postgres: str) -> Iterator[str]:
    with databases.postgres(postgres_server, prepared_postgres) as url:
        yield url


@pytest.fixture
def sqlite_copy(prepared_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(prepared_sqlite, tmp_path / 'notifications.db')}"


@pytest.fixture(params=["sqlite_copy", "postgres_copy"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A migrated database of each kind in turn."""
    engine = database.connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def now() -> list[Any]:
    """The clock: one instant, which a test may move."""
    return [NOON]


@pytest.fixture
def new_uow(engine: Engine, now: list[Any]) -> service.NewUnitOfWork:
    return partial(repository.SqlUnitOfWork, engine, "notifications", lambda: now[0])


@pytest.fixture
def world(new_uow: service.NewUnitOfWork, engine: Engine, now: list[Any]) -> SimpleNamespace:
    """Everything of the service on a real database, with fakes around it."""
    contacts, documents, links, mailer = FakeContacts(), FakeDocuments(), FakeLinks(), FakeMailer()
    planner = Planner(new_uow, contacts, WORDS, SENDER, lambda: now[0])
    read = partial(repository.reading, database.reader(engine))
    return SimpleNamespace(
        contacts=contacts,
        documents=documents,
        links=links,
        mailer=mailer,
        planner=planner,
        listener=Listener(planner, documents),
        foresight=Foresight(planner, documents, read),
        read=read,
        deliverer=Deliverer(new_uow, links, documents, mailer, WORDS, SENDER, lambda: now[0]),
        record_open=partial(record_open, read=read, contacts=contacts, new_uow=new_uow, clock=lambda: now[0]),
        new_uow=new_uow,
        now=now,
        words=WORDS,
    )


@pytest.fixture
def over_smtp(world: SimpleNamespace, smtp_sink: Mailbox) -> Iterator[Callable[[], Deliverer]]:
    """Makes a deliverer that speaks to a real mail server."""
    mailers: list[SmtpMailer] = []

    def make(width: int = 4) -> Deliverer:
        server = service.MailServer(smtp_sink.host, smtp_sink.port, "none", timeout_seconds=5)
        mailers.append(SmtpMailer(server, width))
        return Deliverer(world.new_uow, world.links, world.documents, mailers[-1], WORDS, SENDER, lambda: world.now[0])

    yield make
    for mailer in mailers:
        mailer.close()
