"""Clients that ask all the time while something happens, and keep every answer."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.stack import Stack

Ask = Callable[[], tuple[int, Any]]


@dataclass
class Load:
    """A few clients that ask one thing after the other until told to stop; every answer is kept."""

    asks: list[Ask]
    answers: Counter[int] = field(default_factory=Counter)
    failures: list[tuple[float, int, Any]] = field(default_factory=list)
    slowest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._threads = ThreadPoolExecutor(len(self.asks))
        self._done = [self._threads.submit(self._run, ask) for ask in self.asks]
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._threads.shutdown()
        for done in self._done:
            done.result()

    def _run(self, ask: Ask) -> None:
        while not self._over.is_set():
            started = time.monotonic()
            status, answer = ask()
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.answers[status] += 1
            if status >= 300:
                self.failures.append((started, status, answer))
            self._over.wait(0.05)


def console_page(stack: Stack) -> Ask:
    """Sign in to the console as a browser does; return what loads a page of it."""
    address = urlsplit(stack.portal_url).netloc
    connection = http.client.HTTPConnection(address, timeout=30)

    def load(verb: str, path: str, body: str = "", **headers: str) -> tuple[int, str, dict[str, str]]:
        connection.request(verb, path, body, headers)
        response = connection.getresponse()
        cookies = dict(re.findall(r"^([^=]+)=([^;]*)", line)[0] for line in response.headers.get_all("Set-Cookie") or [])
        return response.status, response.read().decode(), cookies

    _, page, cookies = load("GET", "/console/sign-in")
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    form = urlencode({"csrf_token": token, "email": stack.operator_email, "password": stack.operator_password})
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": stack.portal_url, "Cookie": f"csrf={cookies['csrf']}"}
    status, page, cookies = load("POST", "/console/sign-in", form, **sent)
    assert status == 303, page

    def ask() -> tuple[int, Any]:
        status, page, _ = load("GET", "/console/customers", Cookie=f"console={cookies['console']}")
        return status, page[:300]

    return ask
