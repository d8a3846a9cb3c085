"""What `helm test` runs in a cluster, run against a whole platform here."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.chart.rendering import CHART
from tests.e2e.test_applications import register
from tests.stack import Stack


def asked(stack: Stack, **environment: str) -> subprocess.CompletedProcess[str]:
    given = os.environ | {"GATEWAY": stack.base_url, "PORTAL": stack.base_url, "ISSUE": "false"} | environment
    return subprocess.run(
        [sys.executable, str(CHART / "files" / "one_path.py")], env=given, capture_output=True, text=True, check=False, timeout=180
    )


def test_without_an_account_it_asks_what_everybody_may_ask(stack: Stack) -> None:
    done = asked(stack)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok ") == 4
    assert "nothing behind the sign-in was asked" in done.stdout


def test_with_an_account_it_reads_from_every_service_and_issues_an_invoice_if_it_may(stack: Stack) -> None:
    client_id, secret, _ = register(stack, "roles/administrator")
    done = asked(stack, CLIENT_ID=client_id, CLIENT_SECRET=secret, ISSUE="true")
    assert done.returncode == 0, done.stdout + done.stderr
    for service in ("contacts", "documents", "notifications"):
        assert f"ok      {service} and its database: a list" in done.stdout
    assert "was sent to the one person who wants it" in done.stdout


@pytest.mark.parametrize(
    ("variable", "said"), [("CLIENT_SECRET", "gets a token: 401 instead of 200"), ("PORTAL", "portal: the sign-in page: 404")]
)
def test_what_does_not_work_ends_it_with_a_sentence(stack: Stack, variable: str, said: str) -> None:
    wrong = {"CLIENT_ID": "00000000-0000-7000-8000-000000000000", "CLIENT_SECRET": "wrong"}
    done = asked(stack, **(wrong if variable == "CLIENT_SECRET" else {"PORTAL": f"{stack.base_url}/v1"}))
    assert done.returncode == 1
    assert f"FAILED  {said}" in done.stderr or said in done.stderr
