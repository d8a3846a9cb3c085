"""Invoices printed to PDF and stored, beside the bare compiler with the same template and data."""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import typst

from libs import storage
from libs.ids import new_id
from services.documents import clients, wire
from tests.unit.documents import builders

COUNT = 150


def measure() -> dict[str, float]:
    """Return PDFs per second: ours, bare typst's, and the ratio."""
    numbers = itertools.count(1)  # no two invoices are alike: typst remembers what it has laid out
    compiler = typst.Compiler(str(clients.TEMPLATE), root=str(clients.TEMPLATE.parent))
    renderer = clients.TypstRenderer()
    with tempfile.TemporaryDirectory() as folder:
        files = clients.StoredFiles(storage.connect(Path(folder).as_uri()))

        def bare() -> None:
            text = json.dumps(wire.pdf_content(builders.issued(f"INV-2026-{next(numbers):06d}")), ensure_ascii=False)
            compiler.compile(format="pdf", sys_inputs={"invoice": text}, pdf_standards=["a-3b", "ua-1"])

        def ours() -> None:
            files.put(str(new_id()), renderer.pdf(wire.pdf_content(builders.issued(f"INV-2026-{next(numbers):06d}"))))

        limit = statistics.median(_rate(bare) for _ in range(3))
        rate = statistics.median(_rate(ours) for _ in range(3))
    print(f"PDF                {rate:,.0f}/s stored; bare typst {limit:,.0f}/s; ratio {rate / limit:.2f}")
    return {"rate": rate, "limit": limit, "ratio": rate / limit}


def _rate(make: Callable[[], None]) -> float:
    make()
    started = time.perf_counter()
    for _ in range(COUNT):
        make()
    return COUNT / (time.perf_counter() - started)
