"""The list of contacts at its full size: how long the first page takes, by what is asked.

python -m tests.servers -- python -m tests.bench.contacts
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from recapito.contacts.v1 import contacts_pb2

from tests import databases
from tests.bench.load import percentile
from tests.bench.registry import Filled, fill
from tests.integration.contacts.conftest import Api, running
from tests.servers import POSTGRES_VARIABLE

CONTACTS = int(os.environ.get("BENCH_CONTACTS", "200000"))
TIMES = 40
PAGE = 25


@dataclass(frozen=True)
class Question:
    """offices: the groups of who asks; none: who sees all."""

    name: str
    asked: dict[str, Any]
    offices: tuple[str, ...] = ()


def questions(filled: Filled) -> Iterator[Question]:
    """Give what operators ask of a list, the usual and the dear."""
    offices = [f"groups/{id_}" for id_ in filled.offices]
    role = f"contact_role = contactRoles/{filled.roles[0]}"
    yield Question("all", {})
    yield Question("by last access", {"order_by": "last_access_time desc"})
    yield Question("large office", {}, (offices[0],))
    yield Question("small office", {}, (offices[-1],))
    yield Question("two offices", {}, (offices[1], offices[-1]))
    yield Question("two column filters", {"filter": f"{role} AND access.enabled = false"})
    yield Question("rare column filters", {"filter": f"{role} AND language_code = en AND group = {offices[-1]} AND has_email = false"})
    yield Question("never entered", {"filter": "never_entered = true AND newsletter = false"})
    yield Question("rare word", {"query": filled.rare.lower()})
    yield Question("common word", {"query": "rossi"})
    yield Question("common in customers", {"query": "srl"})
    yield Question("two words", {"query": "maria rossi"})
    yield Question("a slip, rare", {"query": filled.rare.lower()[:3] + filled.rare.lower()[4:]})
    yield Question("a slip, common", {"query": "espostio"})
    yield Question("nothing found", {"query": "qqqqqqq"})
    yield Question("beginning of a word", {"query": "r"})
    yield Question("part of an address", {"query": "rossi@"})
    yield Question("common word, small office", {"query": "rossi"}, (offices[-1],))
    yield Question("common in customers, small office", {"query": "srl"}, (offices[-1],))
    yield Question("a slip, large office", {"query": "espostio"}, (offices[0],))


def measure(postgres: str, count: int = CONTACTS, times: int = TIMES) -> dict[str, dict[str, float]]:
    """Return the figures of a new database, which is dropped again."""
    with databases.several(postgres) as new_database:
        return measure_in(new_database(), count, times)


def measure_in(url: str, count: int, times: int) -> dict[str, dict[str, float]]:
    """Return p50 and p95 in milliseconds of each question, asked through gRPC with the count that the page shows."""
    with running(url) as api:
        started = time.perf_counter()
        filled = fill(api.engine, count)
        print(f"{count:,} contacts written in {time.perf_counter() - started:.0f} s")
        return {question.name: _ask(api, question, times) for question in questions(filled)}


def _ask(api: Api, question: Question, times: int) -> dict[str, float]:
    taken = []
    request = contacts_pb2.ListContactsRequest(page_size=PAGE, count_total=True, **question.asked)
    with api.operator(*question.offices):
        for _ in range(times):
            started = time.perf_counter()
            answer = api.contacts.ListContacts(request)
            taken.append((time.perf_counter() - started) * 1000)
    found = {"p50": percentile(taken, 0.5), "p95": percentile(taken, 0.95), "total": float(answer.total_size)}
    times_taken = f"p50 {found['p50']:6.1f} ms, p95 {found['p95']:6.1f} ms"
    print(f"{question.name:36} {times_taken}, {answer.total_size:6,} found, {len(answer.contacts)} shown")
    return found


if __name__ == "__main__":
    measure(os.environ[POSTGRES_VARIABLE])
