"""The `recapito` command on a platform in one data folder: how it is, why somebody was told, a backup while it runs, a restore."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.commands import main
from tests.stack import Stack


@pytest.fixture
def recapito(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command where the demo runs; returns what it printed."""
    monkeypatch.setenv("RECAPITO_DATA", str(stack.folder / "data"))

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, list(arguments))
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.stdout

    return run


def test_a_running_platform_is_well_and_says_why_somebody_was_told(
    stack: Stack, recapito: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = json.loads(recapito("status", "--json"))
    assert (found["well"], found["faults"]) == (True, [])
    assert found["services"]["notifications"]["sender"]["held"] is False
    assert found["services"]["contacts"]["process"] == {"ready": True, "failures": []}

    monkeypatch.setenv("RECAPITO_TOKEN", stack.operator())
    told = next(decision for decision in stack.facts["decisions"] if decision["told"])
    person = next(person for person in stack.facts["contacts"] if person["email"] == told["email"])
    arguments = [person["contact"], "--kind", "invoice_issued", "--subject", stack.facts["invoice"]]
    rules = json.loads(recapito("explain", "message", *arguments, "--json"))["rules"]
    assert [rule["rule"] for rule in rules if rule.get("decided")]
    assert "decided  " in recapito("explain", "message", *arguments)
    assert recapito("explain", "entry", person["contact"]).startswith("may ")
    assert "404" in CliRunner().invoke(main, ["explain", "entry", "contacts/00000000-0000-0000-0000-000000000000"]).output


def test_a_backup_of_what_runs_restores_with_its_mail_held(
    stack: Stack, recapito: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security rule 65, in one data folder."""
    file = tmp_path / "backup.tar.gz"
    assert json.loads(recapito("backup", str(file), "--json")) == {"file": str(file), "bytes": file.stat().st_size}
    assert file.stat().st_mode & 0o077 == 0
    recapito("backup", str(file), code=2)
    recapito("restore", str(file), code=2)  # where the platform runs there is something
    monkeypatch.setenv("RECAPITO_DATA", str(tmp_path / "new"))
    assert json.loads(recapito("restore", str(file), "--json"))["sender_held"] is True
    with closing(sqlite3.connect(tmp_path / "new" / "notifications.db")) as restored:
        assert restored.execute("SELECT hold_time = restore_time FROM holding").fetchall() == [(1,)]
        states = {state for (state,) in restored.execute("SELECT DISTINCT state FROM messages")}
    assert "SENT" in states
    for name in ("secrets.json", "files"):
        assert (tmp_path / "new" / name).exists()
    with closing(sqlite3.connect(tmp_path / "new" / "documents.db")) as restored:
        assert restored.execute("SELECT count(*) FROM invoices WHERE number = ?", [stack.facts["invoice_number"]]).fetchone() == (1,)


def test_what_is_no_backup_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAPITO_DATA", str(tmp_path / "new"))
    (tmp_path / "x.tar.gz").write_bytes(b"no archive")
    result = CliRunner().invoke(main, ["restore", str(tmp_path / "x.tar.gz")])
    assert (result.exit_code, "is no backup of Recapito" in result.output) == (1, True)
