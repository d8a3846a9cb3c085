"""A running identity for each test, on SQLite, on PostgreSQL, or on each in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.identity.world import World, running


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    yield from running(sqlite_url)


@pytest.fixture
def worlds(database_url: str) -> Iterator[World]:
    """On both databases."""
    yield from running(database_url)


@pytest.fixture
def postgres_world(postgres_url: str) -> Iterator[World]:
    yield from running(postgres_url)
