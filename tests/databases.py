"""PostgreSQL databases of the tests' own: empty, or copies of one that was prepared once, because migrating takes five times as long."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg


@contextmanager
def postgres(server: str, original: str = "template1") -> Iterator[str]:
    """Make a database on a server, a copy of the one with this name or URL, which nobody may be using; gives its SQLAlchemy URL."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original.rsplit("/", 1)[-1]}" STRATEGY FILE_COPY')
        try:
            yield f"{server.replace('postgresql:', 'postgresql+psycopg:').rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def several(server: str) -> Iterator[Callable[[], str]]:
    """Give a function that makes empty databases on a server; all are dropped at the end."""
    with ExitStack() as made:
        yield lambda: made.enter_context(postgres(server))
