"""Thousands of requests made up from /openapi.json, good and bad: no 5xx, no status or body that the document does not promise."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests import stack as stacks
from tests.stack import Stack

EACH_WAY = 10  # made-up requests of each kind for each operation
OF_IDENTITY = 32  # more for what guards the door
LEAST, LEAST_OF_IDENTITY = 4000, 3000
# These take away what the others need, in the end the account and the session themselves. They come last, in this order.
LAST = (
    "Invoices_DeleteInvoice",
    "Affiliations_DeleteAffiliation",
    "Groups_DeleteGroup",
    "Contacts_DeleteContact",
    "Sessions_RevokeSessions",
    "Accounts_ChangePassword",
    "Accounts_SetTemporaryPassword",
    "Accounts_DisableAccount",
    "Sessions_DeleteSession",
)
IDENTITY = {"Accounts", "Audit", "Factors", "Links", "Policies", "Roles", "Sessions", "Tokens"}  # its settings share a name with others
CHECKS: list[Any] = [schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A platform of this test's own: it is left in a mess."""
    with stacks.embedded(tmp_path_factory.mktemp("contract"), "demo") as running:
        yield running


def operations(stack: Stack) -> list[APIOperation[Any, Any, Any, Any]]:
    document = requests.get(f"{stack.base_url}/openapi.json", timeout=10).json()
    results: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    found = [result.ok() for result in results]
    return sorted(found, key=lambda operation: LAST.index(operation_id(operation)) if operation_id(operation) in LAST else -1)


def operation_id(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def known(stack: Stack) -> dict[str, list[str]]:
    """Ids that exist, by the parameter that takes them, so that half of the requests find something."""
    token = stack.operator()
    found: dict[str, list[str]] = {}
    for collection, parameter in (
        ("invoices", "invoice"),
        ("customers", "customer"),
        ("contacts", "contact"),
        ("groups", "group"),
        ("policies", "policy"),
        ("accounts", "account"),
        ("payments", "payment"),
        ("dispatches", "dispatch"),
        ("messages", "message"),
    ):
        _, answer = stack.call("GET", f"/v1/{collection}", token=token)
        found[parameter] = [resource["name"].rsplit("/", 1)[1] for resource in answer[collection]]
    return found


def test_what_the_document_says_is_what_happens(own: Stack) -> None:
    token, ids, seen, at_the_door = own.operator(), known(own), Counter[str](), 0
    reached: set[str] = set()
    failures: list[str] = []
    chooser = random.Random(1)

    def ask(case: Any, name: str, mode: GenerationMode) -> None:
        nonlocal at_the_door
        at_the_door += name.split("_")[0] in IDENTITY
        refer(case, ids, chooser)
        if mode is GenerationMode.POSITIVE:
            simplify(case, chooser)
        response = case.call(base_url=own.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=20)
        seen[str(response.status_code)] += 1
        if response.status_code < 300:
            reached.add(name)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            failures.append(
                f"{name} {response.status_code}: {[str(failure)[:300] for failure in group.exceptions]} {case.as_curl_command()[:600]}"
            )

    for operation in operations(own):
        name = operation_id(operation)
        for mode in GenerationMode:
            times = OF_IDENTITY if name.split("_")[0] in IDENTITY else EACH_WAY
            explore(operation, mode, times, lambda case, name=name, mode=mode: ask(case, name, mode))
    assert not failures, "\n".join(failures[:500])
    assert seen.total() >= LEAST, seen
    assert at_the_door >= LEAST_OF_IDENTITY
    assert seen["401"] < seen.total() / 6, seen
    assert len(reached) >= 40, f"only {sorted(reached)} were ever answered well"


def refer(case: Any, ids: dict[str, list[str]], chooser: random.Random) -> None:
    """Let half of the requests speak of something that exists."""
    for parameter in case.path_parameters or {}:
        if ids.get(parameter) and chooser.random() < 0.5:
            case.path_parameters[parameter] = chooser.choice(ids[parameter])
    if isinstance(case.body, dict) and "customer" in case.body and chooser.random() < 0.8:
        case.body["customer"] = f"customers/{chooser.choice(ids['customer'])}"


def simplify(case: Any, chooser: random.Random) -> None:
    """Leave out what no made-up text fits, most of the time: what lies behind it is to be reached too."""
    for name in ("filter", "orderBy", "pageToken", "updateMask"):
        if case.query and name in case.query and chooser.random() < 0.9:
            del case.query[name]
    for name in ("etag", "groups", "roles", "affiliations", "permissions"):
        if isinstance(case.body, dict) and name in case.body and chooser.random() < 0.7:
            del case.body[name]


def explore(operation: Any, mode: GenerationMode, times: int, ask: Any) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=times,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def requests_of_one_operation(case: Any) -> None:
        ask(case)

    with contextlib.suppress(Unsatisfiable):  # nothing about this operation can be wrong: it takes no input
        requests_of_one_operation()
