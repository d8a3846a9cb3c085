"""What an import asks of the database does not grow with the rows of a chunk; seconds are measured by tests.bench.transfers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tests.bench.transfers import people_file
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.importing import COMPANY, IMPORTER, got, run, uploaded


def statements(api: Api, count: int, seed: int) -> int:
    """Import so many people of new customers, and return how many statements that took."""
    asked: list[str] = []

    def on_execute(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    job = uploaded(api, people_file(count, seed), new_customers=COMPANY)
    sa.event.listen(api.engine, "before_cursor_execute", on_execute)
    run(api, job)
    sa.event.remove(api.engine, "before_cursor_execute", on_execute)
    assert got(api, job).created_count == count
    return len(asked)


def test_many_rows_take_as_many_statements_as_few(api: Api) -> None:
    with api.operator(capabilities=IMPORTER):
        few = statements(api, 90, seed=1)
        assert statements(api, 360, seed=2) <= few + 5
