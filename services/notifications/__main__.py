"""Builds the real objects of notifications; `python -m services.notifications --help` lists the commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import click
from recapito.notifications.v1 import (
    dispatches_pb2,
    dispatches_pb2_grpc,
    messages_pb2,
    messages_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
)
from recapito.platform.v1 import privacy_pb2, privacy_pb2_grpc
from sqlalchemy.engine import Engine

from libs import database, operations, process, screen, telemetry
from libs.access import Caller
from libs.messaging import bus
from libs.messaging.consumer import Consumer
from libs.messaging.parked import ParkedEvents
from libs.messaging.relay import Relay
from libs.rpc import client
from libs.rpc.server import Server, verifier
from services.notifications import consumer, jobs, repository, service, servicer
from services.notifications.clients.contacts import GrpcContacts, GrpcCustomers
from services.notifications.clients.documents import GrpcDocuments
from services.notifications.clients.identity import GrpcLinks
from services.notifications.clients.smtp import SmtpMailer
from services.notifications.clients.words import FileWords
from services.notifications.domain.holding import Hold
from services.notifications.service import holding, metrics
from services.notifications.service.delivering import Deliverer, keep_revisions
from services.notifications.service.opens import record_open
from services.notifications.service.planning import Planner, reproject_customers
from services.notifications.service.reading import Foresight
from services.notifications.settings import Settings

SERVICE = "notifications"


def now() -> datetime:
    return datetime.now(UTC)


def _connect(settings: Settings) -> Engine:
    return database.connect(settings.database_url.get_secret_value(), pool_size=settings.database_pool_size)


def _words() -> FileWords:
    """Read and compile all words; what is wrong with them stops the start."""
    words = FileWords()
    words.check()
    return words


def _planner(settings: Settings, engine: Engine, words: FileWords) -> Planner:
    contacts = GrpcContacts(client.connect(settings.contacts_address, service=SERVICE, settings=settings))
    return Planner(partial(repository.SqlUnitOfWork, engine, SERVICE, now), contacts, words, settings.sender, now)


def _documents(settings: Settings) -> GrpcDocuments:
    return GrpcDocuments(client.connect(settings.documents_address, service=SERVICE, settings=settings))


def serve(settings: Settings, verify: Callable[[str], Caller] | None = None) -> Server:
    """Return the gRPC server, not started. verify: reads a passport; None: with the keys of identity."""
    words, engine = _words(), _connect(settings)
    planner, read = _planner(settings, engine, words), partial(repository.reading, database.reader(engine))
    opened = partial(record_open, read=read, contacts=planner.contacts, new_uow=planner.new_uow, clock=now)
    server = Server(SERVICE, settings, verify or verifier(SERVICE, settings).verify, database.refusals(engine, SERVICE))
    server.add(
        dispatches_pb2_grpc.add_DispatchesServicer_to_server,
        servicer.Dispatches(read, Foresight(planner, _documents(settings), read), words),
        dispatches_pb2.DESCRIPTOR.services_by_name["Dispatches"],
    )
    server.add(
        messages_pb2_grpc.add_MessagesServicer_to_server,
        servicer.Messages(read, words, settings.sender, opened),
        messages_pb2.DESCRIPTOR.services_by_name["Messages"],
    )
    server.add(
        settings_pb2_grpc.add_SettingsServicer_to_server,
        servicer.Settings(read, planner.new_uow),
        settings_pb2.DESCRIPTOR.services_by_name["Settings"],
    )
    server.add(
        privacy_pb2_grpc.add_PrivacyServicer_to_server,
        servicer.Privacy(read, words, settings.sender),
        privacy_pb2.DESCRIPTOR.services_by_name["Privacy"],
    )
    return server


def work(settings: Settings) -> list[Callable[[threading.Event], None]]:
    """Return the bodies of the worker's threads: relay, consumer, delivery."""
    words, engine = _words(), _connect(settings)
    metrics.expect(words.failures)
    planner, documents = _planner(settings, engine, words), _documents(settings)
    links = GrpcLinks(client.connect(settings.identity_address, service=SERVICE, settings=settings))
    mailer = SmtpMailer(settings.smtp, settings.smtp_connections)
    deliverer = Deliverer(planner.new_uow, links, documents, mailer, words, settings.sender, now)
    events = bus.connect(settings.bus_url.get_secret_value())

    def prepare() -> None:
        keep_revisions(words, uow=planner.new_uow(), clock=now)
        if settings.sender_held:
            holding.hold_at_start(uow=planner.new_uow(), clock=now)

    handlers = {**consumer.handlers(planner, documents), **consumer.erasing(planner, ParkedEvents(events, SERVICE))}
    return [
        Relay(engine, SERVICE, events).run,
        Consumer(engine, SERVICE, events, handlers),
        jobs.delivery(
            deliverer,
            prepare=prepare,
            waiter=database.Waiter(engine, service.MESSAGES_CHANNEL),
            close=mailer.close,
        ),
        jobs.measure(partial(repository.reading, database.reader(engine)), now),
        process.sweep(engine, SERVICE),
    ]


def sender_of(settings: Settings) -> operations.Report:
    """Return for `status` whether mail is held, and how many messages wait."""
    with repository.reading(database.reader(operations.connect(settings))) as stored:
        held, waiting = stored.holding.get(), stored.messages.waiting()
        uncertain = stored.messages.uncertain(now() - metrics.UNCERTAIN_SHOWN)
    oldest = min((since for _count, since in waiting.values()), default=now())
    messages = {
        "waiting": sum(count for count, _since in waiting.values()),
        "oldest_seconds": round((now() - oldest).total_seconds(), 1),
        "uncertain": uncertain,
    }
    return operations.Report(
        {"sender": _facts(held), "messages": messages}, ["mail is held, nothing leaves: see sender"] if held.held else []
    )


def _facts(hold: Hold) -> dict[str, object]:
    times = {"hold_time": hold.hold_time, "restore_time": hold.restore_time}
    return {"held": hold.held} | {name: time.isoformat(timespec="seconds") if time else "" for name, time in times.items()}


main = process.commands(SERVICE, Settings, serve, work, sender_of)


@main.command()
@screen.as_json
def reproject(as_json: bool) -> None:
    """Take over the groups of all customers from contacts."""
    settings = Settings.load()
    telemetry.setup(SERVICE, settings)
    known = GrpcCustomers(client.connect(settings.contacts_address, service=SERVICE, settings=settings))
    every = screen.progress(known.every(), "customers")
    count = reproject_customers(every, new_uow=partial(repository.SqlUnitOfWork, _connect(settings), SERVICE, now))
    click.echo(json.dumps({"customers": count}) if as_json else f"{count} customers")


@main.group()
def sender() -> None:
    """Hold all mail, and let it go again."""


def _switch(change: Callable[[service.UnitOfWork], Hold], as_json: bool) -> None:
    found = change(repository.SqlUnitOfWork(operations.connect(Settings.load()), SERVICE, now))
    said = f"held since {found.hold_time:%Y-%m-%d %H:%M:%S} UTC: nothing leaves" if found.hold_time else "mail leaves"
    click.echo(json.dumps(_facts(found)) if as_json else said)


@sender.command("status")
@screen.as_json
def sender_status(as_json: bool) -> None:
    """Say whether mail is held."""

    def look(uow: service.UnitOfWork) -> Hold:
        with uow:
            return uow.holding.get()

    _switch(look, as_json)


@sender.command("hold")
@click.option(
    "--restored", is_flag=True, help="The data was restored: what was caused before now may have been sent, and becomes uncertain."
)
@screen.as_json
def hold_sender(restored: bool, as_json: bool) -> None:
    """Let nothing leave from now on; decisions go on, messages wait."""
    _switch(lambda uow: holding.hold(restored=restored, uow=uow, clock=now), as_json)


@sender.command("release")
@screen.as_json
def release_sender(as_json: bool) -> None:
    """Let mail leave again."""
    _switch(lambda uow: holding.release(uow=uow), as_json)


if __name__ == "__main__":
    main()
