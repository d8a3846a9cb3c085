"""Builds the real objects of identity; `python -m services.identity --help` lists the commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import click
from recapito.identity.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    audit_pb2,
    audit_pb2_grpc,
    factors_pb2,
    factors_pb2_grpc,
    links_pb2,
    links_pb2_grpc,
    policies_pb2,
    policies_pb2_grpc,
    roles_pb2,
    roles_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    settings_pb2,
    settings_pb2_grpc,
    tokens_pb2,
    tokens_pb2_grpc,
)
from recapito.platform.v1 import privacy_pb2, privacy_pb2_grpc
from sqlalchemy.engine import Engine

from libs import access, database, operations, process, screen, telemetry
from libs.messaging import bus
from libs.messaging.consumer import Consumer
from libs.messaging.parked import ParkedEvents
from libs.messaging.relay import Relay
from libs.rpc import client
from libs.rpc.passports import PassportVerifier
from libs.rpc.server import Server
from libs.unit_of_work import Clock
from services.identity import consumer, jobs, repository, servicer
from services.identity.clients.assertions import JoseAssertions
from services.identity.clients.contacts import GrpcContacts
from services.identity.clients.factors import PyotpCodes, WebAuthn, site
from services.identity.clients.heads import FileHeads
from services.identity.clients.passwords import Argon2Hasher
from services.identity.clients.providers import OpenIdProviders
from services.identity.clients.signing import JoseSigner
from services.identity.clients.words import YamlSentences
from services.identity.domain.contacts import Contact
from services.identity.domain.roles import METHODLESS
from services.identity.domain.tokens import PUBLISHED_AT_LEAST, PUBLISHED_BEFORE_USE
from services.identity.domain.tokens import signing as signing_key
from services.identity.repository.vault import Vault
from services.identity.service import NewUnitOfWork, accounts, audit, factors, tokens
from services.identity.service.contacts import reproject as follow_all
from services.identity.service.factors import Enrolment
from services.identity.service.verification import Verifiers
from services.identity.settings import Settings

SERVICE = "identity"


def now() -> datetime:
    return datetime.now(UTC)


def _units_of_work(
    settings: Settings, clock: Clock = now, database_now: repository.DatabaseNow = repository.current_timestamp
) -> tuple[Engine, NewUnitOfWork, NewUnitOfWork]:
    """Return the engine, and what opens a transaction and what only reads."""
    engine = database.connect(settings.database_url.get_secret_value(), pool_size=settings.database_pool_size)
    vault = Vault(settings.identity_secret.get_secret_value())
    new_uow = partial(repository.SqlUnitOfWork, engine, vault, clock=clock, database_now=database_now)
    new_reads = partial(repository.SqlUnitOfWork, database.reader(engine), vault, clock=clock, database_now=database_now)
    return engine, new_uow, new_reads


def _contacts(settings: Settings) -> GrpcContacts:
    return GrpcContacts(client.connect(settings.contacts_address, service=SERVICE, settings=settings))


def serve(settings: Settings, *, clock: Clock = now, database_now: repository.DatabaseNow = repository.current_timestamp) -> Server:
    """Return the gRPC server, not started. clock judges sessions and keys, database_now links; tests move them."""
    _, new_uow, new_reads = _units_of_work(settings, clock, database_now)
    contacts, hasher = _contacts(settings), Argon2Hasher(places=max(1, settings.server_threads // 2))
    providers = OpenIdProviders(settings.providers(), clock, loopback=settings.on_trial)
    codes, passkeys = PyotpCodes(site(settings.public_url)[0]), WebAuthn(settings.public_url)
    signer = JoseSigner()
    keys = servicer.KeyRing(signer, new_reads, new_uow, timedelta(days=settings.signing_key_days), clock)
    server = Server(SERVICE, settings, PassportVerifier(SERVICE, keys.key_set).verify, servicer.refusals(new_uow, clock))
    server.add(
        accounts_pb2_grpc.add_AccountsServicer_to_server,
        servicer.Accounts(new_uow, new_reads, contacts, hasher, JoseAssertions(), keys, clock, YamlSentences()),
        accounts_pb2.DESCRIPTOR.services_by_name["Accounts"],
    )
    server.add(
        audit_pb2_grpc.add_AuditServicer_to_server,
        servicer.Audit(new_reads, keys, signer, FileHeads(settings.audit_head_file)),
        audit_pb2.DESCRIPTOR.services_by_name["Audit"],
    )
    server.add(
        sessions_pb2_grpc.add_SessionsServicer_to_server,
        servicer.Sessions(new_uow, new_reads, contacts, keys, providers, Verifiers(hasher, codes, passkeys), clock),
        sessions_pb2.DESCRIPTOR.services_by_name["Sessions"],
    )
    server.add(
        factors_pb2_grpc.add_FactorsServicer_to_server,
        servicer.Factors(new_uow, new_reads, Enrolment(codes, passkeys), clock),
        factors_pb2.DESCRIPTOR.services_by_name["Factors"],
    )
    server.add(
        links_pb2_grpc.add_LinksServicer_to_server,
        servicer.Links(new_uow, new_reads, contacts, hasher, clock),
        links_pb2.DESCRIPTOR.services_by_name["Links"],
    )
    server.add(
        policies_pb2_grpc.add_PoliciesServicer_to_server,
        servicer.Policies(new_uow, new_reads, clock),
        policies_pb2.DESCRIPTOR.services_by_name["Policies"],
    )
    server.add(
        privacy_pb2_grpc.add_PrivacyServicer_to_server,
        servicer.Privacy(new_reads),
        privacy_pb2.DESCRIPTOR.services_by_name["Privacy"],
    )
    server.add(
        roles_pb2_grpc.add_RolesServicer_to_server,
        servicer.Roles(new_uow, new_reads, access.capabilities() | {capability: [] for capability in METHODLESS}),
        roles_pb2.DESCRIPTOR.services_by_name["Roles"],
    )
    server.add(
        settings_pb2_grpc.add_SettingsServicer_to_server,
        servicer.Settings(new_uow, new_reads, providers),
        settings_pb2.DESCRIPTOR.services_by_name["Settings"],
    )
    server.add(
        tokens_pb2_grpc.add_TokensServicer_to_server,
        servicer.Tokens(new_uow, contacts, keys, JoseAssertions(), settings.issuer, settings.public_url.rstrip("/"), clock),
        tokens_pb2.DESCRIPTOR.services_by_name["Tokens"],
    )
    return server


def work(settings: Settings) -> list[Callable[[threading.Event], None]]:
    """Return the bodies of the worker's threads: relay, consumer, jobs."""
    engine, new_uow, new_reads = _units_of_work(settings)
    signer, key_life = JoseSigner(), timedelta(days=settings.signing_key_days)
    keys = partial(tokens.signing_keys, key_life, new_reads=new_reads, new_uow=new_uow, clock=now)
    events = bus.connect(settings.bus_url.get_secret_value())
    handlers = {
        **consumer.handlers(new_uow, _contacts(settings), now),
        **consumer.erasing(new_uow, ParkedEvents(events, SERVICE), now),
    }
    return [
        Relay(engine, SERVICE, events).run,
        Consumer(engine, SERVICE, events, handlers),
        jobs.link_requests(engine, new_uow),
        jobs.housekeeping(new_uow, key_life, now),
        jobs.sign_audit(new_reads, new_uow, keys, signer, FileHeads(settings.audit_head_file), now),
        jobs.measure(new_reads, key_life, now),
        process.sweep(engine, SERVICE),
    ]


def bootstrap_administrator(settings: Settings, email: str, display_name: str, password: str = "") -> str:
    """Make sure that somebody can administer; return the token of a one-time invitation, "" when none is needed.

    The page that takes it is the portal's, /console/password/<token>. May be called at each start: once an administrator
    has a password it does nothing; until then it makes a new invitation and cancels the one before.
    """
    _, new_uow, _ = _units_of_work(settings)
    return accounts.bootstrap_administrator(email, display_name, password, new_uow=new_uow, hasher=Argon2Hasher(), clock=now)


def broken_chains(settings: Settings) -> list[str]:
    """Recompute the audit; return a sentence for each chain that is not as it was written."""
    _, _, new_reads = _units_of_work(settings)
    with new_reads() as reads:
        keys = reads.keys.all()
    broken = []
    for service in audit.services(uow=new_reads()):
        found = audit.verify_chain(
            service,
            uow=new_reads(),
            keys=keys,
            signer=JoseSigner(),
            heads=FileHeads(settings.audit_head_file),
            watch=partial(screen.progress, label=f"audit of {service}"),
        )
        if not found.intact:
            broken.append(f"the audit of {service} is broken at entry {found.broken_sequence}: it or one before was changed or removed")
    return broken


# --- commands ------------------------------------------------------------------------------------------------------------------------
def keys_of(settings: Settings) -> operations.Report:
    """Return how old the key is that signs, for `status`; one that is overdue by a day is a fault."""
    _, _, new_reads = _units_of_work(settings)
    with new_reads() as reads:
        signing = signing_key(reads.keys.all(), now())
    if signing is None:
        return operations.Report({"keys": {"signing": "", "age_days": 0, "next_time": ""}}, ["no key signs yet: the server makes one"])
    age, life = now() - signing.use_time, timedelta(days=settings.signing_key_days)
    facts = {"signing": signing.id, "age_days": age.days, "next_time": (signing.use_time + life).isoformat(timespec="seconds")}
    overdue = [f"the signing key is {age.days} days old, of {life.days}: the worker changes it"] if age > life + timedelta(days=1) else []
    return operations.Report({"keys": facts}, overdue)


main = process.commands(SERVICE, Settings, serve, work, keys_of)


class _Watched(GrpcContacts):
    """Shows how far the reading of all contacts is."""

    def every(self) -> Iterator[Contact]:
        return screen.progress(super().every(), "contacts")


@main.command()
@screen.as_json
def reproject(as_json: bool) -> None:
    """Make the account of every contact as contacts has it, and forget those whose contact is gone."""
    settings = Settings.load()
    telemetry.setup(SERVICE, settings)
    _, new_uow, _ = _units_of_work(settings)
    contacts = _Watched(client.connect(settings.contacts_address, service=SERVICE, settings=settings))
    count = follow_all(new_uow=new_uow, contacts=contacts, clock=now)
    click.echo(json.dumps({"contacts": count}) if as_json else f"{count} contacts")


@main.command()
@click.option("--email", required=True)
@click.option("--name", "display_name", default="Administrator", show_default=True)
@screen.as_json
def create_administrator(email: str, display_name: str, as_json: bool) -> None:
    """Invite the first administrator: prints a one-time token for /console/password/<token>, valid for 48 hours.

    As JSON it is the whole link; empty when an administrator has a password already.
    """
    settings = Settings.load()
    token = bootstrap_administrator(settings, email, display_name)
    if as_json:
        click.echo(json.dumps({"link": f"{settings.public_url.rstrip('/')}/console/password/{token}" if token else ""}))
    else:
        click.echo(token or "an administrator has a password already: nothing was done")


@main.command()
@click.option("--email", required=True)
@screen.as_json
def remove_factors(email: str, as_json: bool) -> None:
    """Remove all second factors of an operator who lost them, when nobody is left who could do it in the console."""
    _, new_uow, _ = _units_of_work(Settings.load())
    removed = factors.remove_factors(email, uow=new_uow())
    click.echo(json.dumps({"removed": removed}) if as_json else f"removed: {removed}")


@main.command()
@click.option("--soon", is_flag=True, help="Let it sign in 20 seconds, which is as long as every service needs to learn of it.")
@screen.as_json
def rotate_keys(soon: bool, as_json: bool) -> None:
    """Publish a new signing key now; it signs in ten minutes, and the one before is forgotten when its tokens are dead."""
    settings, published = Settings.load(), PUBLISHED_AT_LEAST if soon else PUBLISHED_BEFORE_USE
    _, new_uow, _ = _units_of_work(settings)
    life = timedelta(days=settings.signing_key_days)
    kept = tokens.rotate_keys(life, uow=new_uow(), clock=now, force=True, published=published)
    newest = max(kept, key=lambda key: key.use_time)
    click.echo(json.dumps({"key": newest.id, "use_time": newest.use_time.isoformat()}) if as_json else "done")


@main.command()
@screen.as_json
def audit_verify(as_json: bool) -> None:
    """Recompute the audit of every service and hold it against its signed heads; ends with 1 when something was changed."""
    broken = broken_chains(Settings.load())
    said = json.dumps({"intact": not broken, "broken": broken}) if as_json else "\n".join(broken) or "the audit is intact"
    click.echo(said, err=bool(broken) and not as_json)
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
