"""The audit of a whole platform: what the demo's story left in it, and that nobody changes it unnoticed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.e2e.conftest import Distributed
from tests.stack import ROOT, Stack


def verify(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", "audit", "verify"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"RECAPITO_DATA": str(data)}, check=False, capture_output=True, text=True)


def test_the_story_is_in_the_audit_and_a_changed_entry_is_named(stack: Stack, tmp_path: Path, eventually: Callable[..., object]) -> None:
    """Security rule 64: from every service, through the outbox, into one audit."""
    data = stack.folder / "data"
    with closing(sqlite3.connect(data / "identity.db")) as live, closing(sqlite3.connect(tmp_path / "identity.db")) as copy:

        def told() -> bool:
            found = {tuple(row) for row in live.execute("SELECT service, method FROM audit_entries WHERE result = 'OK'")}
            return found >= {
                ("identity", "recapito.identity.v1.Sessions.CreateSession"),
                ("contacts", "recapito.contacts.v1.Contacts.CreateContact"),
                ("documents", "recapito.documents.v1.Invoices.IssueInvoice"),
            }

        eventually(told, 30)
        found = verify(data)
        assert (found.returncode, found.stdout.strip()) == (0, "the audit is intact")
        live.backup(copy)
        copy.execute("DROP TRIGGER audit_entries_no_update")
        copy.execute("UPDATE audit_entries SET actor = '' WHERE service = 'documents' AND sequence = 1")
        copy.commit()
    shutil.copy(data / "secrets.json", tmp_path)
    found = verify(tmp_path)
    assert found.returncode == 1
    assert found.stderr.strip() == "the audit of documents is broken at entry 1: it or one before was changed or removed"


def test_the_audit_survives_the_death_of_its_worker_and_verifies_over_the_gateway(
    distributed: Distributed, eventually: Callable[..., object]
) -> None:
    """On PostgreSQL and RabbitMQ, one process each: nothing is lost, nothing is kept twice."""
    stack = distributed.stack
    token = stack.operator()
    names = []
    for number in range(20):
        status, made = stack.call("POST", "/v1/groups", {"displayName": f"Gruppo {number}"}, token)
        assert status == 200, made
        names.append(made["name"])
        if number == 10:
            stack.kill("identity-worker")
    stack.start("identity-worker")

    def kept() -> list[str]:
        """The groups that entries speak of, once for each entry."""
        _, answer = stack.call("GET", "/v1/auditEntries?filter=service%20%3D%20contacts&pageSize=100", token=token)
        return [entry["resource"] for entry in answer.get("auditEntries", []) if entry["resource"] in names]

    eventually(lambda: len(kept()) >= len(names), 30)
    assert sorted(kept()) == sorted(names)
    status, verified = stack.call("GET", "/v1/auditEntries:verify?service=contacts", token=token)
    assert (status, verified["intact"]) == (200, True)
    assert int(verified["entryCount"]) >= len(names)
    status, exported = stack.call("GET", "/v1/auditEntries:export?filter=service%20%3D%20contacts", token=token)
    assert status == 200
    resources = [json.loads(line)["resource"] for line in exported.decode().splitlines()]
    assert sorted(resource for resource in resources if resource in names) == sorted(names)
