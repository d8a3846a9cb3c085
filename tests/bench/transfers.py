"""Files of people at their full size: an import of 50,000 rows into an empty registry, and what is exported of a large one.

python -m tests.servers -- python -m tests.bench.transfers
"""

from __future__ import annotations

import os
import time
from typing import Any

from recapito.contacts.v1 import transfers_pb2 as pb

from libs.rpc.client import STREAM_SECONDS
from services.contacts.wire.files import csv_lines
from tests import databases
from tests.bench.registry import CONTACTS_OF_A_CUSTOMER, People, fill
from tests.integration.contacts import importing
from tests.integration.contacts.conftest import running
from tests.servers import POSTGRES_VARIABLE

ROWS = int(os.environ.get("BENCH_ROWS", "50000"))
CONTACTS = int(os.environ.get("BENCH_CONTACTS", "200000"))
HEADERS = ("Nome", "Cognome", "E-mail", "Cellulare", "Cliente", "Posizione", "Lingua")
FORMATS = (pb.ExportContactsRequest.CSV, pb.ExportContactsRequest.XLSX)


def people_file(count: int, seed: int = 2) -> bytes:
    """Return a CSV of people of new customers, several of each."""
    people = People(seed)
    firms = [people.customer() for _ in range(max(1, count // CONTACTS_OF_A_CUSTOMER))]

    def row(number: int) -> tuple[str, ...]:
        firm = firms[number % len(firms)]
        one = people.contact(firm, number)
        name = f"{firm.display_name} {number % len(firms)}"
        return one.first_name, one.last_name, one.email, one.contact_points[0].value, name, "Amministrazione", one.language_code

    return csv_lines([HEADERS, *map(row, range(count))], start=True)


def measure(postgres: str, rows: int = ROWS, contacts: int = CONTACTS) -> dict[str, Any]:
    """Return seconds and rates of new databases, which are dropped again."""
    with databases.several(postgres) as new_database:
        return {"import": _imported(new_database(), rows), "export": _exported(new_database(), contacts)}


def _imported(url: str, rows: int) -> dict[str, float]:
    content = people_file(rows)
    with running(url) as api, api.operator(capabilities=importing.IMPORTER):
        job = importing.uploaded(api, content, new_customers=importing.COMPANY)
        started = time.perf_counter()
        done = importing.run(api, job)
        seconds = time.perf_counter() - started
    assert done.created_count == rows, done
    print(f"import of {rows:,} rows       {seconds:6.1f} s, {rows / seconds:,.0f} rows/s")
    return {"rows": rows, "seconds": seconds, "rows_per_second": rows / seconds}


def _exported(url: str, count: int) -> dict[str, dict[str, float]]:
    with running(url) as api:
        fill(api.engine, count)
        return {pb.ExportContactsRequest.Format.Name(kind): _export(api, kind, count) for kind in FORMATS}


def _export(api: Any, kind: pb.ExportContactsRequest.Format.ValueType, count: int) -> dict[str, float]:
    started, first, size = time.perf_counter(), 0.0, 0
    with api.operator(capabilities=importing.IMPORTER):  # a passport lasts a minute
        for part in importing.stub(api).ExportContacts(pb.ExportContactsRequest(format=kind), timeout=STREAM_SECONDS):
            first = first or time.perf_counter() - started
            size += len(part.data)
    seconds = time.perf_counter() - started
    name = pb.ExportContactsRequest.Format.Name(kind)
    print(f"export of {count:,} as {name:4} {seconds:6.1f} s, the first byte after {first:.1f} s, {size / 1e6:.0f} MB")
    return {"contacts": float(count), "seconds": seconds, "first_byte_seconds": first, "bytes": size}


if __name__ == "__main__":
    measure(os.environ[POSTGRES_VARIABLE])
