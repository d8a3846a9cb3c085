"""Builds the real objects of documents: python -m services.documents server|worker|migrate|reproject|dead."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import click
from recapito.documents.v1 import invoices_pb2, invoices_pb2_grpc, payments_pb2, payments_pb2_grpc, settings_pb2, settings_pb2_grpc
from sqlalchemy.engine import Engine

from libs import database, storage, telemetry
from libs.messaging import bus
from libs.messaging.commands import dead
from libs.messaging.consumer import Consumer
from libs.messaging.relay import Relay
from libs.rpc import client
from libs.rpc.server import Server, run_until_stopped, verifier
from services.documents import clients, consumer, jobs, repository, servicer
from services.documents.service.customers import reproject_customers
from services.documents.service.renditions import Copies
from services.documents.settings import Settings

SERVICE = "documents"


def now() -> datetime:
    return datetime.now(UTC)


def _connect(settings: Settings) -> Engine:
    return database.connect(settings.database_url.get_secret_value(), pool_size=settings.database_pool_size)


def _contacts(settings: Settings) -> clients.GrpcContacts:
    return clients.GrpcContacts(client.connect(settings.contacts_address, service=SERVICE, settings=settings))


def _copies(engine: Engine, settings: Settings) -> Copies:
    return Copies(
        new_reader=partial(repository.SqlReader, engine),
        new_uow=partial(repository.SqlUnitOfWork, engine, SERVICE, now),
        renderer=clients.TypstRenderer(settings.font_folder),
        files=clients.StoredFiles(storage.connect(settings.storage_url)),
        clock=now,
    )


def serve(settings: Settings) -> Server:
    """Return the gRPC server, not started."""
    engine = _connect(settings)
    new_reader = partial(repository.SqlReader, engine)
    new_uow = partial(repository.SqlUnitOfWork, engine, SERVICE, now)
    contacts, zone = _contacts(settings), ZoneInfo(settings.time_zone)
    server = Server(SERVICE, settings, verifier(SERVICE, settings).verify)
    server.add(
        invoices_pb2_grpc.add_InvoicesServicer_to_server,
        servicer.Invoices(new_reader, new_uow, contacts, _copies(engine, settings), now, zone),
        invoices_pb2.DESCRIPTOR.services_by_name["Invoices"],
    )
    server.add(
        payments_pb2_grpc.add_PaymentsServicer_to_server,
        servicer.Payments(new_reader, new_uow, contacts, now, zone),
        payments_pb2.DESCRIPTOR.services_by_name["Payments"],
    )
    server.add(
        settings_pb2_grpc.add_SettingsServicer_to_server,
        servicer.Settings(new_reader, new_uow),
        settings_pb2.DESCRIPTOR.services_by_name["Settings"],
    )
    return server


def work(settings: Settings) -> list[Callable[[threading.Event], None]]:
    """Return the bodies of the worker's threads: relay, consumer, jobs."""
    engine = _connect(settings)
    new_uow = partial(repository.SqlUnitOfWork, engine, SERVICE, now)
    events = bus.connect(settings.bus_url.get_secret_value())
    return [
        Relay(engine, SERVICE, events).run,
        Consumer(engine, SERVICE, events, consumer.handlers(new_uow, now)).run,
        jobs.store_renditions(engine, _copies(engine, settings)),
        jobs.sweep(engine, now),
    ]


# --- commands ------------------------------------------------------------------------------------------------------------------------
@click.group()
def main() -> None:
    """Documents: invoices, payments, statements."""


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop


def _load() -> tuple[Settings, Engine]:
    settings = Settings.load()
    telemetry.setup(SERVICE, settings)
    return settings, _connect(settings)


@main.command("server")
def run_server() -> None:
    """Answer gRPC."""
    settings, engine = _load()
    telemetry.serve_admin(settings.admin_port, telemetry.Health({"database": partial(database.ready, engine)}))
    run_until_stopped(serve(settings), _stop_on_signal())


@main.command("worker")
def run_worker() -> None:
    """Publish and handle events, and store PDFs."""
    settings, engine = _load()
    telemetry.serve_admin(settings.admin_port, telemetry.Health({"database": partial(database.ready, engine)}))
    stop = _stop_on_signal()
    threads = [threading.Thread(target=body, args=[stop]) for body in work(settings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    database.migrate(_load()[1], "services.documents")


@main.command()
def reproject() -> None:
    """Take over all customers from contacts."""
    settings, engine = _load()
    new_uow = partial(repository.SqlUnitOfWork, engine, SERVICE, now)
    count = reproject_customers(contacts=_contacts(settings), new_uow=new_uow, clock=now)
    click.echo(f"{count} customers")


main.add_command(dead(SERVICE, Settings.load), "dead")

if __name__ == "__main__":
    main()
