"""A running identity for each test, on SQLite, on PostgreSQL, or on each in turn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from libs import database
from services.identity.clients import passwords
from services.identity.clients.passwords import Argon2Hasher
from tests import databases
from tests.integration.identity.world import World, running


def migrated(url: str) -> None:
    engine = database.connect(url)
    database.migrate(engine, "services.identity")
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """A migrated database of this session, to be copied."""
    with databases.postgres(postgres_server) as url:
        migrated(url)
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "migrated.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_world(postgres_server: str, migrated_postgres: str) -> Iterator[World]:
    with databases.postgres(postgres_server, migrated_postgres) as url:
        yield from running(url)


@pytest.fixture
def world(tmp_path: Path, migrated_sqlite: Path) -> Iterator[World]:
    shutil.copy(migrated_sqlite, tmp_path / "identity.db")
    yield from running(f"sqlite:///{tmp_path}/identity.db")


@pytest.fixture(params=["world", "postgres_world"], ids=["sqlite", "postgresql"])
def worlds(request: pytest.FixtureRequest) -> World:
    """On both databases."""
    found: World = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="package", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Hashes as they must be have tests of their own; here they would be half the work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "PasswordHasher", lambda **_cost: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the hasher was asked to verify."""
    asked: list[str] = []
    verify = Argon2Hasher.verify

    def counted(self: Argon2Hasher, password_hash: str, password: str) -> bool:
        asked.append(password)
        return verify(self, password_hash, password)

    monkeypatch.setattr(Argon2Hasher, "verify", counted)
    return asked


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every SQL statement that runs."""
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", see)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", see)
