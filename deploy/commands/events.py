"""`recapito outbox`, `parked` and `reproject`: events that wait, events that were set aside, and what is built from events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from deploy import installation
from deploy.commands import options
from deploy.installation import Installation
from deploy.one_folder import SERVICES
from libs import screen
from libs.screen import duration, table

PROJECTING = ("identity", "documents", "notifications")  # they keep something of contacts


@click.command()
@options.one_service
@screen.as_json
def outbox(service: str | None, as_json: bool) -> None:
    """Show the events that are not published yet; ends with 1 when one waits for longer than a minute."""
    where, rows, late = installation.find(), [], False
    for name in _chosen(service):
        answer = where.run(name, "outbox", "--json")
        rows += [{"service": name} | row for row in answer.json()]
        late |= answer.code != 0
    shown = [[row["service"], row["type"], str(row["events"]), duration(row["oldest_seconds"])] for row in rows]
    click.echo(json.dumps(rows, indent=2) if as_json else table(["SERVICE", "TYPE", "EVENTS", "OLDEST"], shown))
    raise SystemExit(1 if late else 0)


# --- parked --------------------------------------------------------------------------------------------------------------------------
@click.group()
def parked() -> None:
    """Events that could not be handled eight times, and were set aside with their error."""


@parked.command("list")
@options.one_service
@screen.as_json
def list_parked(service: str | None, as_json: bool) -> None:
    """Show a line for each."""
    rows = _parked(installation.find(), service)
    shown = [[row["service"], row["id"], row["type"], row["subject"], (row["park_time"] or "")[:19], row["error"]] for row in rows]
    head = ["SERVICE", "ID", "TYPE", "SUBJECT", "PARKED", "ERROR"]
    click.echo(json.dumps(rows, indent=2) if as_json else table(head, shown))


@parked.command()
@click.argument("event_id")
@screen.as_json
def show(event_id: str, as_json: bool) -> None:
    """Show all that is known of one, with what it says."""
    where = installation.find()
    for name in _places(_parked(where, None), [event_id]):
        click.echo(where.run(name, "parked", "show", event_id, *(["--json"] if as_json else [])).output, nl=False)


@parked.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All of them.")
@options.one_service
@screen.as_json
def redrive(ids: Sequence[str], every: bool, service: str | None, as_json: bool) -> None:
    """Try them again, with new attempts."""
    _settle("redrive", "redriven", ids, every, service, as_json)


@parked.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All of them.")
@options.one_service
@screen.as_json
def drop(ids: Sequence[str], every: bool, service: str | None, as_json: bool) -> None:
    """Forget them for good."""
    _settle("drop", "dropped", ids, every, service, as_json)


def _settle(verb: str, what: str, ids: Sequence[str], every: bool, service: str | None, as_json: bool) -> None:
    if bool(ids) == every:
        raise click.UsageError("give the ids of events, or --all")
    where = installation.find()
    done: list[dict[str, str]] = []
    for name, chosen in _places(_parked(where, service), None if every else ids).items():
        answer = where.run(name, "parked", verb, *chosen, "--json", watched=True).json()
        done += [{"service": name, "id": id_} for id_ in answer[what]]
    click.echo(json.dumps({what: done}, indent=2) if as_json else f"{len(done)} {what}")


def _places(rows: Sequence[Mapping[str, Any]], ids: Sequence[str] | None) -> dict[str, list[str]]:
    """Return the ids by service; None: all. Several listeners may have set the same event aside."""
    places: dict[str, list[str]] = {}
    for row in rows:
        if ids is None or row["id"] in ids:
            places.setdefault(row["service"], []).append(row["id"])
    if missing := set(ids or ()).difference(*places.values()):
        raise click.ClickException(f"not parked: {', '.join(sorted(missing))}")
    return places


def _parked(where: Installation, service: str | None) -> list[dict[str, Any]]:
    return [{"service": name} | row for name in _chosen(service) for row in where.run(name, "parked", "list", "--json").json()]


def _chosen(service: str | None) -> Sequence[str]:
    return [service] if service else SERVICES


# --- projections ---------------------------------------------------------------------------------------------------------------------
@click.command()
@click.option("--service", type=click.Choice(PROJECTING), help="Of this service alone.")
@screen.as_json
def reproject(service: str | None, as_json: bool) -> None:
    """Build anew what services keep of contacts and customers, while everything runs."""
    where, counts = installation.find(), {}
    for name in [service] if service else PROJECTING:
        answer = where.run(name, "reproject", "--json", watched=True)
        if answer.code:
            raise click.ClickException(f"{name}: {answer.fault}")
        counts[name] = answer.json()
    lines = [f"{name}: {', '.join(f'{count} {what}' for what, count in found.items())}" for name, found in counts.items()]
    click.echo(json.dumps(counts, indent=2) if as_json else "\n".join(lines))
