"""An installation whose services answer as a test tells."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.commands import main

SERVICES = ("identity", "contacts", "documents", "notifications")
WELL: dict[str, Any] = {
    "database": {"reachable": True, "revision": "0001", "newest": "0001"},
    "outbox": {"events": 0, "oldest_seconds": 0.0},
    "queue": {"reachable": True, "waiting": 0, "parked": 0},
    "process": {"ready": True, "failures": []},
    "faults": [],
}


@dataclass
class Told:
    """answers: code and output by service, process and arguments, such as "identity-worker status --json"."""

    file: Path
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def run(self, *arguments: str, code: int = 0, given: str | None = None) -> str:
        """Run `recapito` and return what it printed, faults too."""
        self.file.write_text(json.dumps(self.answers))
        result = CliRunner().invoke(main, list(arguments), input=given)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))

    @property
    def asked(self) -> list[str]:
        return Path(f"{self.file}.asked").read_text().splitlines()


def told_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Make one in which all is well, and name it in the environment."""
    told = Told(folder / "answers.json")
    program = Path(__file__).parent / "services_as_told.py"
    monkeypatch.setenv("RECAPITO_EXEC", f"{sys.executable} -S {program} {told.file} {{service}} {{process}}")
    for name in SERVICES:
        told.answers[f"{name}-worker status --json"] = (0, WELL)
        told.answers[f"{name}-server ready --json"] = (0, {"ready": True, "failures": []})
        told.answers[f"{name}-worker outbox --json"] = (0, [])
        told.answers[f"{name}-worker parked list --json"] = (0, [])
    for name in ("gateway", "portal"):
        told.answers[f"{name}-web ready --json"] = (0, {"ready": True, "failures": []})
    return told
