"""An installation, wherever it runs: how the commands of its services are run there."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from deploy.one_folder import SERVICES, EmbeddedSettings, running, values

EXEC = "RECAPITO_EXEC"
WEB = ("gateway", "portal")
_ROOT = Path(__file__).parent.parent
_SECONDS = 3600  # reproject and verify of a large installation take minutes


@dataclass(frozen=True)
class Answer:
    """What a command of a service printed, and how it ended."""

    code: int
    output: str
    error: str = ""

    def json(self) -> Any:
        """Return what it printed as JSON; raises ClickException with its own words when that is none."""
        try:
            return json.loads(self.output)
        except ValueError:
            raise click.ClickException(self.fault) from None

    @property
    def fault(self) -> str:
        """The last thing that it said."""
        said = [line for line in (*self.output.splitlines(), *self.error.splitlines()) if line.strip()]
        return said[-1].removeprefix("Error: ") if said else f"the command ended with {self.code} and said nothing"


@dataclass(frozen=True)
class Installation:
    """processes: by service, beside `worker`, those whose readiness is asked apart.

    prefix: what stands before `python -m services.<name> …`, with {service} and {process} to be filled in. environment: added to ours.
    """

    prefix: str = ""
    processes: Sequence[tuple[str, str]] = ()
    settings: EmbeddedSettings | None = None

    def run(self, service: str, *arguments: str, process: str = "worker", given: str = "", watched: bool = False) -> Answer:
        """Run a command of a service where that process is. given: its standard input. watched: its standard error is ours."""
        command = [*self._place(service, process), "-m", f"services.{service}", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - what the operator set, and our own program
                command,
                cwd=_ROOT if self.settings else None,
                env=os.environ | self._environment(service),
                input=given,
                stdout=subprocess.PIPE,
                stderr=None if watched else subprocess.PIPE,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise click.ClickException(f"{command[0]} could not be run: {error}") from error
        return Answer(done.returncode, done.stdout, done.stderr or "")

    def _place(self, service: str, process: str) -> list[str]:
        if self.settings:
            return [sys.executable]
        return [part.replace("{service}", service).replace("{process}", process) for part in shlex.split(self.prefix)] + ["python"]

    def _environment(self, service: str) -> Mapping[str, str]:
        if self.settings is None:
            return {}
        known = values(self.settings, service, running()[1])
        del known["identity_providers"]  # no command asks for them
        return {f"RECAPITO_{name.upper()}": str(value) for name, value in known.items()}


def find() -> Installation:
    """Return the installation that the environment names: RECAPITO_EXEC where processes run elsewhere, else the data folder."""
    if prefix := os.environ.get(EXEC, ""):
        return Installation(prefix, [*((name, "server") for name in SERVICES), *((name, "web") for name in WEB)])
    return Installation(settings=data_folder())


def data_folder() -> EmbeddedSettings:
    """Return the settings of the installation in the data folder, which must be there."""
    settings, _ = running()
    if not (settings.data / "secrets.json").exists():
        raise click.UsageError(f"{settings.data} holds no installation: set RECAPITO_DATA to its folder, or {EXEC} (see deploy/README.md)")
    return settings
