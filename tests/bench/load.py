"""A small HTTP load: keeps connections open, asks for a bounded time, reports rate and percentiles."""

from __future__ import annotations

import http.client
import multiprocessing
import statistics
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    rate: float  # answers per second
    p50: float  # milliseconds
    p99: float

    def __str__(self) -> str:
        return f"{self.rate:,.0f}/s, p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms"


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1] if len(values) > 1 else values[0]


def figures(seconds_each: list[float], elapsed: float) -> Figures:
    milliseconds = [value * 1000 for value in seconds_each]
    return Figures(len(milliseconds) / elapsed, percentile(milliseconds, 0.5), percentile(milliseconds, 0.99))


def measure(ask: Callable[[], None], seconds: float, callers: int) -> Figures:
    """Call `ask` from several threads for a while."""
    taken: list[float] = []
    end = time.monotonic() + seconds

    def loop() -> None:
        while (started := time.monotonic()) < end:
            ask()
            taken.append(time.monotonic() - started)

    threads = [threading.Thread(target=loop) for _ in range(callers)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return figures(taken, time.monotonic() - started)


def http_load(url: str, headers: dict[str, str], *, body: bytes | None = None, seconds: float = 5, connections: int = 8) -> Figures:
    """Ask for one address from a process of its own, so that the client's work is not the server's."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_http_load, args=(sending, url, headers, body, seconds, connections))
    process.start()
    result: Figures = receiving.recv()
    process.join()
    return result


def _http_load(
    pipe: multiprocessing.connection.Connection, url: str, headers: dict[str, str], body: bytes | None, seconds: float, connections: int
) -> None:
    parts = urllib.parse.urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    local = threading.local()

    def ask() -> None:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        local.connection.request("GET" if body is None else "POST", path, body, headers)
        response = local.connection.getresponse()
        response.read()
        assert response.status == 200, response.status

    pipe.send(measure(ask, seconds, connections))
