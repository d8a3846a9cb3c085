"""The platform as a whole, once for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import browser as browsers
from tests import databases
from tests import stack as stacks
from tests.mailbox import Mailbox
from tests.servers import PrivateRabbit
from tests.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`recapito demo`, embedded: its story has been told, `facts` is its demo.json."""
    folder: Path = tmp_path_factory.mktemp("embedded")
    with stacks.embedded(folder, "demo") as running:
        yield running


@dataclass(frozen=True)
class Distributed:
    """Each service as its own processes, and the broker and the mail server that they use."""

    stack: Stack
    broker: PrivateRabbit
    mailbox: Mailbox


@pytest.fixture(scope="package")
def distributed(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Distributed]:
    """Fifteen starts of Python, so for several tests: each has people of its own, and leaves all processes running."""
    mailbox = Mailbox()
    mailbox.start()
    folder, smtp = tmp_path_factory.mktemp("distributed"), (mailbox.host, mailbox.port)
    with (
        closing(mailbox),
        PrivateRabbit() as broker,
        databases.several(postgres_server) as new_database,
        stacks.processes(folder, new_database, broker.url, smtp) as running,
    ):
        yield Distributed(running, broker, mailbox)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser without a screen; tests.browser.window opens a person's window in it."""
    with browsers.chromium() as browser:
        yield browser
