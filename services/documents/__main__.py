"""Builds the real objects of documents; `python -m services.documents --help` lists the commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import click
from recapito.documents.v1 import invoices_pb2, invoices_pb2_grpc, payments_pb2, payments_pb2_grpc, settings_pb2, settings_pb2_grpc
from recapito.platform.v1 import privacy_pb2, privacy_pb2_grpc
from sqlalchemy.engine import Engine

from libs import database, process, screen, storage, telemetry
from libs.messaging import bus
from libs.messaging.consumer import Consumer
from libs.messaging.parked import ParkedEvents
from libs.messaging.relay import Relay
from libs.rpc import client
from libs.rpc.server import Server, verifier
from services.documents import clients, consumer, jobs, repository, servicer
from services.documents.domain.customers import Customer
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
        new_reader=partial(repository.SqlReader, database.reader(engine)),
        new_uow=partial(repository.SqlUnitOfWork, engine, SERVICE, now),
        renderer=clients.TypstRenderer(settings.font_folder),
        files=clients.StoredFiles(storage.connect(settings.storage_url, settings.s3)),
        clock=now,
    )


def serve(settings: Settings) -> Server:
    """Return the gRPC server, not started."""
    engine = _connect(settings)
    new_reader = partial(repository.SqlReader, database.reader(engine))
    new_uow = partial(repository.SqlUnitOfWork, engine, SERVICE, now)
    contacts, zone = _contacts(settings), ZoneInfo(settings.time_zone)
    server = Server(SERVICE, settings, verifier(SERVICE, settings).verify, database.refusals(engine, SERVICE))
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
        privacy_pb2_grpc.add_PrivacyServicer_to_server,
        servicer.Privacy(new_reader),
        privacy_pb2.DESCRIPTOR.services_by_name["Privacy"],
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
    handlers = {
        **consumer.handlers(new_uow, now),
        **consumer.erasing(new_uow, _contacts(settings), ParkedEvents(events, SERVICE), now),
    }
    return [
        Relay(engine, SERVICE, events).run,
        Consumer(engine, SERVICE, events, handlers),
        jobs.store_renditions(engine, _copies(engine, settings)),
        process.sweep(engine, SERVICE),
    ]


main = process.commands(SERVICE, Settings, serve, work)


class _Watched(clients.GrpcContacts):
    """Shows how far the reading of all customers is."""

    def customers(self) -> Iterator[Customer]:
        return screen.progress(super().customers(), "customers")


@main.command()
@screen.as_json
def reproject(as_json: bool) -> None:
    """Take over all customers from contacts."""
    settings = Settings.load()
    telemetry.setup(SERVICE, settings)
    new_uow = partial(repository.SqlUnitOfWork, _connect(settings), SERVICE, now)
    contacts = _Watched(client.connect(settings.contacts_address, service=SERVICE, settings=settings))
    count = reproject_customers(contacts=contacts, new_uow=new_uow, clock=now)
    click.echo(json.dumps({"customers": count}) if as_json else f"{count} customers")


if __name__ == "__main__":
    main()
