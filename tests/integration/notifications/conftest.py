"""A migrated database of each kind, and the use cases on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from libs import database
from services.notifications import repository, service
from services.notifications.clients.smtp import SmtpMailer
from services.notifications.clients.words import FileWords
from services.notifications.consumer import Listener
from services.notifications.service.delivering import Deliverer, keep_revisions
from services.notifications.service.planning import Planner
from services.notifications.service.reading import Foresight
from tests.mailbox import Mailbox
from tests.unit.notifications.builders import NOON, SENDER
from tests.unit.notifications.fakes import FakeContacts, FakeDocuments, FakeLinks, FakeMailer

WORDS = FileWords()


@pytest.fixture
def engine(database_url: str) -> Iterator[Any]:
    engine = database.connect(database_url)
    database.migrate(engine, "services.notifications")
    yield engine
    engine.dispose()


@pytest.fixture
def now() -> list[Any]:
    """The clock: one instant, which a test may move."""
    return [NOON]


@pytest.fixture
def new_uow(engine: Any, now: list[Any]) -> service.NewUnitOfWork:
    return partial(repository.SqlUnitOfWork, engine, "notifications", lambda: now[0])


@pytest.fixture
def world(new_uow: service.NewUnitOfWork, engine: Any, now: list[Any]) -> SimpleNamespace:
    """Everything of the service on a real database, with fakes around it."""
    contacts, documents, links, mailer = FakeContacts(), FakeDocuments(), FakeLinks(), FakeMailer()
    planner = Planner(new_uow, contacts, WORDS, SENDER, lambda: now[0])
    read = partial(repository.reading, database.reader(engine))
    keep_revisions(WORDS, uow=new_uow(), clock=lambda: now[0])
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
