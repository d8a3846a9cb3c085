"""Builds the real objects of contacts; `python -m services.contacts --help` lists the commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from types import ModuleType
from typing import Any, TextIO

import click
import grpc
from recapito.contacts.v1 import (
    affiliations_pb2,
    affiliations_pb2_grpc,
    contact_roles_pb2,
    contact_roles_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    customers_pb2,
    customers_pb2_grpc,
    erasures_pb2,
    erasures_pb2_grpc,
    fields_pb2,
    fields_pb2_grpc,
    groups_pb2,
    groups_pb2_grpc,
    leads_pb2,
    leads_pb2_grpc,
    merges_pb2,
    merges_pb2_grpc,
    notes_pb2,
    notes_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
    sub_contacts_pb2,
    sub_contacts_pb2_grpc,
    transfers_pb2,
    transfers_pb2_grpc,
    views_pb2,
    views_pb2_grpc,
)
from recapito.platform.v1 import privacy_pb2, privacy_pb2_grpc
from sqlalchemy.engine import Engine

from libs import database, process, screen
from libs.access import Caller
from libs.messaging import bus
from libs.messaging.consumer import Consumer
from libs.messaging.relay import Relay
from libs.rpc import validation
from libs.rpc.server import Server, verifier
from services.contacts import consumer, jobs, repository, servicer, wire
from services.contacts.repository import staging
from services.contacts.service import erasures
from services.contacts.settings import Settings

SERVICE = "contacts"


def now() -> datetime:
    return datetime.now(UTC)


def _connect(settings: Settings) -> Engine:
    return database.connect(settings.database_url.get_secret_value(), pool_size=settings.database_pool_size)


def serve(settings: Settings, verify: Callable[[str], Caller] | None = None) -> Server:
    """Return the gRPC server, not started. verify: reads a passport; None: with the keys of identity."""
    engine = _connect(settings)
    new_uow = partial(repository.SqlUnitOfWork, engine, SERVICE, now)
    reading = partial(repository.reading, database.reader(engine))
    server = Server(SERVICE, settings, verify or verifier(SERVICE, settings).verify, database.refusals(engine, SERVICE))
    served: Sequence[tuple[Callable[[Any, grpc.Server], None], object, ModuleType]] = (
        (customers_pb2_grpc.add_CustomersServicer_to_server, servicer.Customers(new_uow, reading, now), customers_pb2),
        (contacts_pb2_grpc.add_ContactsServicer_to_server, servicer.Contacts(new_uow, reading, now), contacts_pb2),
        (affiliations_pb2_grpc.add_AffiliationsServicer_to_server, servicer.Affiliations(new_uow, reading, now), affiliations_pb2),
        (erasures_pb2_grpc.add_ErasuresServicer_to_server, servicer.Erasures(new_uow, reading, now), erasures_pb2),
        (groups_pb2_grpc.add_GroupsServicer_to_server, servicer.Groups(new_uow, reading), groups_pb2),
        (contact_roles_pb2_grpc.add_ContactRolesServicer_to_server, servicer.ContactRoles(new_uow, reading), contact_roles_pb2),
        (leads_pb2_grpc.add_LeadsServicer_to_server, servicer.Leads(new_uow, reading, now), leads_pb2),
        (fields_pb2_grpc.add_FieldsServicer_to_server, servicer.Fields(new_uow, reading), fields_pb2),
        (merges_pb2_grpc.add_MergesServicer_to_server, servicer.Merges(new_uow, reading, now), merges_pb2),
        (notes_pb2_grpc.add_NotesServicer_to_server, servicer.Notes(new_uow, reading, now), notes_pb2),
        (privacy_pb2_grpc.add_PrivacyServicer_to_server, servicer.Privacy(new_uow, reading), privacy_pb2),
        (sub_contacts_pb2_grpc.add_SubContactsServicer_to_server, servicer.SubContacts(new_uow, reading, now), sub_contacts_pb2),
        (settings_pb2_grpc.add_SettingsServicer_to_server, servicer.Settings(new_uow, reading), settings_pb2),
        (views_pb2_grpc.add_ViewsServicer_to_server, servicer.Views(new_uow, reading), views_pb2),
        (transfers_pb2_grpc.add_TransfersServicer_to_server, servicer.Transfers(new_uow, reading, now), transfers_pb2),
    )
    for register, answering, messages in served:
        (descriptor,) = messages.DESCRIPTOR.services_by_name.values()
        server.add(register, answering, descriptor)
    return server


def work(settings: Settings) -> list[Callable[[threading.Event], None]]:
    """Return the bodies of the worker's threads: relay, consumer, jobs."""
    engine = _connect(settings)
    new_uow = partial(repository.SqlUnitOfWork, engine, SERVICE, now)
    events = bus.connect(settings.bus_url.get_secret_value())
    return [
        Relay(engine, SERVICE, events).run,
        Consumer(engine, SERVICE, events, consumer.handlers(new_uow)),
        jobs.run_imports(engine, new_uow, partial(staging.SqlBatch, engine, SERVICE, now), validation.check, now),
        jobs.forget_imports(new_uow, now),
        jobs.forget_merges(new_uow, now),
        jobs.measure(partial(repository.reading, database.reader(engine)), now),
        process.sweep(engine, SERVICE),
    ]


main = process.commands(SERVICE, Settings, serve, work)


@main.command()
@screen.as_json
def list_erasures(as_json: bool) -> None:
    """Show everybody whose personal data was erased; ids alone. The JSON is what reapply-erasures reads: keep it outside the database."""
    with repository.reading(database.reader(_connect(Settings.load()))) as repositories:
        rows = [wire.ledger_row(erasure) for erasure in repositories.erasures.all()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['create_time']}  {row['person']}  {'complete' if row['complete'] else 'waits for receipts'}")


@main.command()
@click.argument("file", type=click.File(), required=False)
@screen.as_json
def reapply_erasures(file: TextIO | None, as_json: bool) -> None:
    """Have everybody of the ledger erased again, in all services; after any restore, before people are let in.

    FILE: what list-erasures --json wrote, when the database of contacts itself was restored.
    """
    settings = Settings.load()
    engine = _connect(settings)
    new_uow = partial(repository.SqlUnitOfWork, engine, SERVICE, now)
    with repository.reading(database.reader(engine)) as repositories:
        ledger = {erasure.person.id: erasure for erasure in repositories.erasures.all()}
    try:
        given = [wire.of_ledger_row(row) for row in json.load(file)] if file else []
    except (KeyError, TypeError, ValueError) as error:
        raise click.ClickException("the file is not what list-erasures --json writes") from error
    ledger |= {erasure.person.id: erasure for erasure in given}
    count = erasures.reapply(ledger.values(), new_uow=new_uow, clock=now)
    line = f"{count} to be erased again; list-erasures says when all services have answered"
    click.echo(json.dumps({"erasures": count}) if as_json else line)


if __name__ == "__main__":
    main()
