"""The command `parked` of each service: what an operator does with events that were set aside."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import click
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from libs import database
from libs.messaging import bus
from libs.messaging.bus import Parked
from libs.messaging.event import full_name_of, message_class
from libs.screen import table
from libs.settings import ServiceSettings


def parked(queue: str, load: Callable[[], ServiceSettings], *, prefix: str = "") -> click.Group:
    """Return the command group for one queue. load: reads the settings of its service. prefix: as in bus.connect."""
    return ParkedCommands(queue, load, prefix).group()


class ParkedCommands:
    def __init__(self, queue: str, load: Callable[[], ServiceSettings], prefix: str) -> None:
        self._queue, self._load, self._prefix = queue, load, prefix

    def _bus(self) -> bus.Bus:
        return bus.connect(self._load().bus_url.get_secret_value(), prefix=self._prefix)

    def group(self) -> click.Group:
        group = click.Group("parked", help="Events that were set aside after too many failures.")
        as_json = click.Option(["--json", "as_json"], is_flag=True, help="One JSON document, for programs.")
        some = click.Argument(["ids"], nargs=-1, required=False)
        every = click.Option(["--all", "every"], is_flag=True, help="All of them.")
        one = click.Argument(["event_id"])
        group.add_command(click.Command("list", callback=self.list, params=[as_json], help="Show a line for each."))
        group.add_command(click.Command("show", callback=self.show, params=[one, as_json], help="Show all that is known of one."))
        group.add_command(
            click.Command("redrive", callback=self.redrive, params=[some, every, as_json], help="Try them again, with new attempts.")
        )
        group.add_command(click.Command("drop", callback=self.drop, params=[some, every, as_json], help="Forget them for good."))
        return group

    def list(self, as_json: bool) -> None:
        found = self._bus().parked(self._queue)
        click.echo(json.dumps([_facts(event) for event in found], indent=2) if as_json else _table(found))

    def show(self, event_id: str, as_json: bool) -> None:
        found = [event for event in self._bus().parked(self._queue) if event.id == event_id]
        if not found:
            raise click.ClickException(f"no event {event_id} is parked")
        facts = _facts(found[0]) | {"data": _content(found[0])}
        if as_json:
            click.echo(json.dumps(facts, indent=2))
            return
        for name, value in facts.items():
            click.echo(f"{name + ':':13}{json.dumps(value, indent=2) if isinstance(value, dict) else value}")

    def redrive(self, ids: Sequence[str], every: bool, as_json: bool) -> None:
        """Attempts are forgotten first: otherwise the first failure would park the event again."""
        carrier = self._bus()
        wanted = _chosen(carrier.parked(self._queue), ids, every)
        attempts = database.InboxAttempts(database.connect(self._load().database_url.get_secret_value(), pool_size=1))
        for event_id in wanted:
            with suppress(ValueError):  # a message that was never one of our events has no count
                attempts.forget(UUID(event_id))
        self._report("redriven", carrier.redrive(self._queue, wanted), ids, as_json)

    def drop(self, ids: Sequence[str], every: bool, as_json: bool) -> None:
        carrier = self._bus()
        self._report("dropped", carrier.drop(self._queue, _chosen(carrier.parked(self._queue), ids, every)), ids, as_json)

    @staticmethod
    def _report(what: str, done: Sequence[str], asked: Collection[str], as_json: bool) -> None:
        click.echo(json.dumps({what: list(done)}) if as_json else f"{len(done)} {what}")
        if missing := set(asked).difference(done):
            raise click.ClickException(f"not parked: {', '.join(sorted(missing))}")


def _chosen(parked: Sequence[Parked], ids: Collection[str], every: bool) -> Sequence[str]:
    if bool(ids) == every:
        raise click.UsageError("give the ids of events, or --all")
    return [event.id for event in parked if every or event.id in ids]


def _facts(event: Parked) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "time": event.time.isoformat() if event.time else None,
        "park_time": event.park_time.isoformat() if event.park_time else None,
        "attempts": event.attempts,
        "error": event.error,
        "traceparent": event.traceparent,
    }


def _content(event: Parked) -> dict[str, Any] | str:
    """Return the body as JSON; as base64 when it cannot be read, which may be why it is here."""
    try:
        full_name = full_name_of(event.type)
        importlib.import_module(full_name.rpartition(".")[0] + ".events_pb2")
        return json_format.MessageToDict(message_class(full_name).FromString(event.data))
    except (DecodeError, ImportError, KeyError, ValueError):
        return base64.b64encode(event.data).decode()


def _table(events: Sequence[Parked]) -> str:
    rows = []
    for event in events:
        since = event.park_time.strftime("%Y-%m-%d %H:%M:%S") if event.park_time else ""
        rows.append((event.id, event.type, event.subject, since, str(event.attempts), event.error))
    return table(["ID", "TYPE", "SUBJECT", "PARKED", "ATTEMPTS", "ERROR"], rows)
