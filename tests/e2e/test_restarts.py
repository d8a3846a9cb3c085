"""Identity changes its signing key and restarts while people, programs and pages are at work: nobody gets an error."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import re
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests import stack as stacks
from tests.e2e.conftest import Distributed
from tests.stack import Stack

SERVER = "identity-server"
SIGNS_AFTER = 22  # seconds: the new key after 20; before that comes the restart
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


def service_account(stack: Stack, operator: str) -> Callable[[], str]:
    """Register a program; return what gets it a fresh access token."""
    account = {"kind": "SERVICE", "displayName": "Gestionale", "roles": ["roles/accountant", "roles/sees-all"]}
    status, made = stack.call("POST", "/v1/accounts", account, operator)
    assert status == 200, made
    status, answer = stack.call("POST", f"/v1/{made['name']}:rotateClientSecret", {}, operator)
    assert status == 200, answer
    asked = {
        "grant_type": "client_credentials",
        "client_id": made["name"].removeprefix("accounts/"),
        "client_secret": answer["clientSecret"],
    }

    def token() -> str:
        status, issued = stack.call("POST", "/oauth2/token", asked)
        assert status == 200, issued
        return str(issued["access_token"])

    return token


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


def key_ids(stack: Stack) -> set[str]:
    _, answer = stack.call("GET", "/.well-known/jwks.json")
    return {key["kid"] for key in answer["keys"]}


def restart(stack: Stack) -> None:
    """Restart identity as a deployment on one machine does: it is away until it has started again."""
    stack.processes[SERVER].send_signal(signal.SIGTERM)
    stack.processes[SERVER].wait(30)
    stack.start(SERVER)
    stack.wait_until_ready(SERVER)


def test_keys_change_and_identity_restarts_without_one_failed_request(distributed: Distributed) -> None:
    stack = distributed.stack
    operator = stack.operator()
    program = service_account(stack, operator)()
    numbers = itertools.count()
    customer = {"kind": "COMPANY", "displayName": "Prova"}

    def create() -> tuple[int, Any]:
        return stack.call(
            "POST", "/v1/customers", customer | {"displayName": f"Prova {next(numbers)}"}, operator, Idempotency_Key=uuid.uuid4().hex
        )

    asks: list[Ask] = [
        lambda: stack.call("GET", "/v1/invoices", token=operator),
        lambda: stack.call("GET", "/v1/customers", token=program),
        create,
        console_page(stack),
    ]
    before = key_ids(stack)
    with Load(asks) as load:
        stacks.run("identity", ["rotate-keys", "--soon"], stack.commands["identity-server"][1])
        rotated = time.monotonic()
        restart(stack)
        load._over.wait(max(0.0, rotated + SIGNS_AFTER - time.monotonic()))
        published = key_ids(stack)
    assert load.failures == []
    print(f"{load.answers.total()} requests, slowest {load.slowest:.1f} s")
    assert load.answers.total() > 200
    assert len(published - before) == 1
    (new,) = published - before
    assert kid_of(service_account(stack, operator)()) == new, "the new key signs by now"


def kid_of(token: str) -> str:
    header = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])
