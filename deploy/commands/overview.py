"""`recapito status`: every part with one look."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from deploy import installation
from deploy.installation import Installation
from deploy.one_folder import SERVICES
from libs import screen
from libs.screen import duration, table


@click.command()
@screen.as_json
def status(as_json: bool) -> None:
    """Show processes, databases, queues, sender and keys; ends with 1 when something is not well."""
    found = look(installation.find())
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(_screen(found)))
    raise SystemExit(0 if found["well"] else 1)


def look(where: Installation) -> dict[str, Any]:
    """Ask every part at once; one that cannot be asked is a fault."""
    with ThreadPoolExecutor(4) as asking:
        states = {name: asking.submit(_ask, where, name, "worker", "status") for name in SERVICES}
        others = {f"{name}-{process}": asking.submit(_ask, where, name, process, "ready") for name, process in where.processes}
    services = {name: answer.result() for name, answer in states.items()}
    processes = {name: answer.result() for name, answer in others.items()}
    processes |= {f"{name}-worker": services[name]["process"] for name in SERVICES if "process" in services[name] and where.processes}
    faults = [{"part": name, "text": fault} for name, found in services.items() for fault in found.pop("faults", [])]
    faults += [
        {"part": name, "text": f"the process is not ready: {', '.join(found['failures'])}"}
        for name, found in processes.items()
        if not found["ready"] and not name.endswith("-worker")
    ]
    return {"well": not faults, "faults": faults, "services": services, "processes": processes}


def _ask(where: Installation, service: str, process: str, command: str) -> dict[str, Any]:
    try:
        found = where.run(service, command, "--json", process=process).json()
    except click.ClickException as error:
        fault = f"it cannot be asked: {error.message}"
        return {"ready": False, "failures": [fault]} if command == "ready" else {"faults": [fault]}
    return dict(found)


# --- one screen ----------------------------------------------------------------------------------------------------------------------
def _screen(found: Mapping[str, Any]) -> Iterator[str]:
    services: Mapping[str, Mapping[str, Any]] = found["services"]
    yield table(["SERVICE", "SCHEMA", "OUTBOX", "OLDEST", "QUEUE", "PARKED"], [_row(name, one) for name, one in services.items()])
    yield ""
    yield from _processes(found)
    for part in ("sender", "messages", "keys"):
        for one in services.values():
            if part in one:
                yield f"{part.capitalize() + ':':11}{_said(one[part])}"
    yield ""
    yield "Well." if found["well"] else "Not well:"
    yield from (f"  {fault['part']}: {fault['text']}" for fault in found["faults"])


def _row(name: str, one: Mapping[str, Any]) -> Sequence[str]:
    if not one:
        return [name, *["?"] * 5]
    outbox, queue = one.get("outbox", {}), one.get("queue", {})
    return [
        name,
        one["database"]["revision"] or "-",
        str(outbox.get("events", "?")),
        duration(outbox.get("oldest_seconds", 0)),
        str(queue["waiting"]) if queue.get("reachable") else "?",
        str(queue["parked"]) if queue.get("reachable") else "?",
    ]


def _processes(found: Mapping[str, Any]) -> Iterator[str]:
    processes: Mapping[str, Mapping[str, Any]] = found["processes"]
    if processes:
        ready = sum(1 for one in processes.values() if one["ready"])
        yield f"Processes: {ready} of {len(processes)} kinds ready"


def _said(facts: Mapping[str, Any]) -> str:
    words = {True: "yes", False: "no"}
    return ", ".join(
        f"{name.replace('_', ' ')} {words[value] if isinstance(value, bool) else value}" for name, value in facts.items() if value != ""
    )
