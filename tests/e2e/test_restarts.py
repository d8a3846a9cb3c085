"""Identity changes its signing key and restarts while people, programs and pages are at work: nobody gets an error."""

from __future__ import annotations

import base64
import itertools
import json
import signal
import time
import uuid
from collections.abc import Callable
from typing import Any

from tests import stack as stacks
from tests.e2e.conftest import Distributed
from tests.load import Ask, Load, console_page
from tests.stack import Stack

SERVER = "identity-server"
SIGNS_AFTER = 22  # seconds: the new key after 20; before that comes the restart


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
