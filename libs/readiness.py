"""The command `ready` of each process: whether the one beside which it runs is ready, as its own page /readyz says."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import click
from prometheus_client.parser import text_string_to_metric_families

from libs import screen
from libs.settings import Settings

_SECONDS = 5.0
_GRACE_SECONDS = 300  # as in the alert RecapitoTaskLate
_TASKS = {"recapito_task_success_timestamp_seconds": "success", "recapito_task_period_seconds": "period"}


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


def late_tasks(admin_port: int, component: str, now: float) -> list[str]:
    """Return the tasks of a component that did not go well for far longer than they should take, as the process's metrics tell."""
    try:
        with urllib.request.urlopen(f"http://localhost:{admin_port}/metrics", timeout=_SECONDS) as answer:
            text = answer.read().decode()
    except OSError:
        return []  # whoever asks for readiness hears of it
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in _TASKS and sample.labels["component"] == component:
                found.setdefault(sample.labels["task"], {})[_TASKS[sample.name]] = sample.value
    return sorted(
        task for task, known in found.items() if len(known) == 2 and now - known["success"] > 3 * known["period"] + _GRACE_SECONDS
    )


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
