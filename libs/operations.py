"""The commands `status` and `outbox` of each service: how it is, in one look, for the operator of a platform and for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from libs import database, readiness, screen
from libs.messaging import bus
from libs.messaging.bus import BusUnavailable
from libs.screen import duration, table
from libs.settings import ServiceSettings

LATE_SECONDS = 60.0  # an event that waits longer to be published is held up by something

Settings = TypeVar("Settings", bound=ServiceSettings)


@dataclass
class Report:
    """facts: by part, what JSON can hold. faults: a sentence for each thing that is not well."""

    facts: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, facts: Mapping[str, Any], *faults: str) -> None:
        self.facts |= facts
        self.faults += [fault for fault in faults if fault]


Further = Callable[[Settings], Report]  # what only this service knows of itself; asked while its database answers


def connect(settings: ServiceSettings) -> Engine:
    """Return the service's database for a command, which needs one connection."""
    return database.connect(settings.database_url.get_secret_value(), pool_size=1)


def commands(service: str, load: Callable[[], Settings], further: Further[Settings] | None = None) -> Sequence[click.Command]:
    """Return the commands of a service. load: reads its settings."""

    @click.command("status")
    @screen.as_json
    def status(as_json: bool) -> None:
        """Tell how the service is; ends with 1 when something is not well."""
        report = look(service, load(), further)
        facts = report.facts | {"faults": report.faults}
        click.echo(json.dumps(facts) if as_json else "\n".join(_lines(facts)))
        raise SystemExit(1 if report.faults else 0)

    @click.command("outbox")
    @screen.as_json
    def outbox(as_json: bool) -> None:
        """Show the events that are not published yet, by type; ends with 1 when one waits for longer than a minute."""
        waiting = [asdict(row) for row in database.OutboxRows(connect(load()), service).waiting(datetime.now(UTC))]
        click.echo(json.dumps(waiting) if as_json else table(["TYPE", "EVENTS", "OLDEST"], [_row(row) for row in waiting]))
        raise SystemExit(1 if any(row["oldest_seconds"] > LATE_SECONDS for row in waiting) else 0)

    return status, outbox


def look(service: str, settings: Settings, further: Further[Settings] | None = None) -> Report:
    """Ask database, broker and the process itself; what does not answer is a fault, never an error."""
    report, engine = Report(), connect(settings)
    try:
        report.add(*_schema(engine, service))
        report.add(*_outbox(engine, service))
        if further is not None:
            found = further(settings)
            report.add(found.facts, *found.faults)
    except sa.exc.DBAPIError as error:
        if not report.facts:
            report.add({"database": {"reachable": False, "revision": "", "newest": database.newest(f"services.{service}")}})
        report.add({}, f"the database does not answer: {type(error.orig).__name__}")
    report.add(*_queue(service, settings))
    if settings.admin_port:
        found_ready = readiness.ask(settings.admin_port)
        late = readiness.late_tasks(settings.admin_port, service, time.time())
        report.add({"tasks": {"late": late}}, f"late: {', '.join(late)}" if late else "")
        report.add({"process": {"ready": found_ready.ready, "failures": list(found_ready.failures)}}, found_ready.fault)
    return report


def _schema(engine: Engine, service: str) -> tuple[dict[str, Any], str]:
    package, fault = f"services.{service}", ""
    try:
        database.require_schema(engine, package)
    except database.SchemaBehind as error:
        fault = f"{error}: run migrate"
    return {"database": {"reachable": True, "revision": database.revision(engine), "newest": database.newest(package)}}, fault


def _outbox(engine: Engine, service: str) -> tuple[dict[str, Any], str]:
    events, oldest_seconds = database.OutboxRows(engine, service).age(datetime.now(UTC))
    fault = f"an event waits for {duration(oldest_seconds)} to be published: see outbox" if oldest_seconds > LATE_SECONDS else ""
    return {"outbox": {"events": events, "oldest_seconds": round(oldest_seconds, 1)}}, fault


def _queue(service: str, settings: ServiceSettings) -> tuple[dict[str, Any], str]:
    try:
        waiting, parked = bus.connect(settings.bus_url.get_secret_value()).lengths(service)
    except BusUnavailable as error:
        return {"queue": {"reachable": False, "waiting": 0, "parked": 0}}, f"the broker does not answer: {error}"
    fault = f"{parked} events are parked: see parked list" if parked else ""
    return {"queue": {"reachable": True, "waiting": waiting, "parked": parked}}, fault


# --- what a person reads -------------------------------------------------------------------------------------------------------------
def _row(waiting: Mapping[str, Any]) -> list[str]:
    return [waiting["type"], str(waiting["events"]), duration(waiting["oldest_seconds"])]


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    for part, found in facts.items():
        if part == "faults":
            yield "\n".join(f"not well: {fault}" for fault in found) or "well"
        else:
            yield f"{part + ':':10} {', '.join(f'{name} {value}' for name, value in found.items())}"
