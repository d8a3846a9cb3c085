"""Documents as it runs: its server with a real database, and channels of whoever calls."""

from __future__ import annotations

import pickle
import shutil
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from recapito.documents.v1 import invoices_pb2, invoices_pb2_grpc, payments_pb2, payments_pb2_grpc, settings_pb2, settings_pb2_grpc
from sqlalchemy.engine import Engine

from libs import database, storage
from libs.access import Caller
from libs.rpc import client, context
from libs.rpc.server import Server
from services.documents import clients, repository, servicer
from services.documents.service.renditions import Copies
from services.documents.settings import Settings
from tests import databases
from tests.audit import AUDIT_ENTRY
from tests.unit.documents.builders import NOON, customer, operator, settings
from tests.unit.documents.fakes import FakeContacts

ROME = ZoneInfo("Europe/Rome")


def passport(caller: Caller) -> str:
    """Only `readable`, below, takes it: identity's real ones have their own tests."""
    return b64encode(pickle.dumps(caller)).decode()


def readable(text: str) -> Caller:
    found: Caller = pickle.loads(b64decode(text))
    return found


@dataclass
class Documents:
    """The running service, and how the world looks to it."""

    engine: Engine
    contacts: FakeContacts
    copies: Copies
    now: Any = field(default=NOON)
    invoices: invoices_pb2_grpc.InvoicesStub = field(init=False)
    payments: payments_pb2_grpc.PaymentsStub = field(init=False)
    settings: settings_pb2_grpc.SettingsStub = field(init=False)

    def clock(self) -> Any:
        return self.now

    @contextmanager
    def as_(self, caller: Caller) -> Iterator[None]:
        with context.as_person(passport(caller)):
            yield

    def new_uow(self) -> repository.SqlUnitOfWork:
        return repository.SqlUnitOfWork(self.engine, "documents", self.clock)

    def new_reader(self) -> repository.SqlReader:
        return repository.SqlReader(database.reader(self.engine))

    def events(self) -> list[tuple[str, str, int, bytes]]:
        """What waits in the outbox beside the audit: type, subject, version, body."""
        with database.reader(self.engine).connect() as connection:
            rows = connection.execute(database.outbox.select().order_by(database.outbox.c.seq)).all()
        return [(row.type, row.subject, row.version, row.data) for row in rows if row.type != AUDIT_ENTRY]


def migrated(url: str) -> Engine:
    engine = database.connect(url, pool_size=20)
    database.migrate(engine, "services.documents")
    with repository.SqlUnitOfWork(engine, "documents") as uow:
        uow.settings.save(settings(version=uow.settings.get().version))
        uow.commit()
    return engine


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """A migrated database of this session, to be copied."""
    with databases.postgres(postgres_server) as url:
        migrated(url).dispose()
        yield url


@pytest.fixture
def postgres_copy(postgres_server: str, migrated_postgres: str) -> Iterator[Engine]:
    with databases.postgres(postgres_server, migrated_postgres) as url:
        engine = database.connect(url, pool_size=20)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents") / "migrated.db"
    migrated(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def sqlite(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = database.connect(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'documents.db')}", pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres_copy"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """A migrated database of each kind, with the issuer's data in its settings."""
    found: Engine = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[[Engine], Documents]]:
    """Starts documents on a database."""
    servers: list[Server] = []

    def start(engine: Engine) -> Documents:
        copies = Copies(
            partial(repository.SqlReader, database.reader(engine)),
            lambda: running.new_uow(),
            clients.TypstRenderer(),
            clients.StoredFiles(storage.connect(f"file://{tmp_path}/files")),
            lambda: running.now,
        )
        running = Documents(engine, FakeContacts(customer()), copies)
        values = Settings(
            listen_address="127.0.0.1:0",
            internal_secret=SecretStr("s" * 32),
            database_url=SecretStr("unused"),
            bus_url=SecretStr("unused"),
            storage_url="unused",
            environment="test",
        )
        server = Server("documents", values, readable)
        server.add(
            invoices_pb2_grpc.add_InvoicesServicer_to_server,
            servicer.Invoices(running.new_reader, running.new_uow, running.contacts, copies, running.clock, ROME),
            invoices_pb2.DESCRIPTOR.services_by_name["Invoices"],
        )
        server.add(
            payments_pb2_grpc.add_PaymentsServicer_to_server,
            servicer.Payments(running.new_reader, running.new_uow, running.contacts, running.clock, ROME),
            payments_pb2.DESCRIPTOR.services_by_name["Payments"],
        )
        server.add(
            settings_pb2_grpc.add_SettingsServicer_to_server,
            servicer.Settings(running.new_reader, running.new_uow),
            settings_pb2.DESCRIPTOR.services_by_name["Settings"],
        )
        server.start()
        servers.append(server)
        channel = client.connect(f"127.0.0.1:{server.port}", service="gateway", settings=values)
        running.invoices = invoices_pb2_grpc.InvoicesStub(channel)
        running.payments = payments_pb2_grpc.PaymentsStub(channel)
        running.settings = settings_pb2_grpc.SettingsStub(channel)
        return running

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def documents(engine: Engine, serving: Callable[[Engine], Documents]) -> Iterator[Documents]:
    """Documents running, and an operator who sees all calling."""
    running = serving(engine)
    with running.as_(operator()):
        yield running


@pytest.fixture
def small_documents(sqlite: Engine, serving: Callable[[Engine], Documents]) -> Iterator[Documents]:
    """The same on SQLite alone, for what does not reach the database."""
    running = serving(sqlite)
    with running.as_(operator()):
        yield running
