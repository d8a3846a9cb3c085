"""The command `ready` of each process: whether the one beside which it runs is ready, as its own page /readyz says."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import click

from libs import screen
from libs.settings import Settings

_SECONDS = 5.0


@dataclass(frozen=True)
class Readiness:
    """failures: what is not ready, such as "database: OperationalError"."""

    ready: bool
    failures: tuple[str, ...] = ()

    @property
    def fault(self) -> str:
        """Say what is wrong; "" when nothing is."""
        return "" if self.ready else f"the process is not ready: {', '.join(self.failures)}"


def ask(admin_port: int) -> Readiness:
    """Ask the process on this host whose admin port it is."""
    try:
        with urllib.request.urlopen(f"http://localhost:{admin_port}/readyz", timeout=_SECONDS):
            return Readiness(ready=True)
    except urllib.error.HTTPError as error:
        return Readiness(ready=False, failures=tuple(error.read().decode(errors="replace").splitlines()))
    except OSError:
        return Readiness(ready=False, failures=("it does not answer",))


def command(load: Callable[[], Settings]) -> click.Command:
    """Return the command. load: reads the settings of the process."""

    @click.command("ready")
    @screen.as_json
    def ready(as_json: bool) -> None:
        """Tell whether the process in this place is ready; ends with 1 when it is not."""
        found = ask(load().admin_port)
        facts = {"ready": found.ready, "failures": list(found.failures)}
        click.echo(json.dumps(facts) if as_json else found.fault or "ready")
        raise SystemExit(0 if found.ready else 1)

    return ready
