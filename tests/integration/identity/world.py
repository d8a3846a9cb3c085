"""identity as others meet it: its real gRPC server on a database, beside a contacts that answers what a test says."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
import sqlalchemy as sa
from google.protobuf.message import Message
from pydantic import SecretStr
from recapito.contacts.events.v1.events_pb2 import ContactDeleted, ContactSnapshot, ContactUpdated
from recapito.contacts.v1 import contacts_pb2, permissions_pb2, settings_pb2
from recapito.identity.v1 import (
    accounts_pb2_grpc,
    factors_pb2_grpc,
    links_pb2,
    links_pb2_grpc,
    policies_pb2,
    policies_pb2_grpc,
    roles_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    settings_pb2_grpc,
    tokens_pb2,
    tokens_pb2_grpc,
)
from recapito.identity.v1 import settings_pb2 as identity_settings_pb2

from libs import database
from libs.access import Caller
from libs.database import UtcDateTime
from libs.messaging.consumer import Delivery
from libs.messaging.event import message_class
from libs.rpc import client, context
from libs.rpc.passports import PassportVerifier
from libs.settings import RpcSettings
from services.identity import __main__ as identity
from services.identity import consumer, repository
from services.identity.clients.contacts import GrpcContacts
from services.identity.repository.vault import Vault
from services.identity.settings import Settings
from tests.audit import AUDIT_ENTRY

SECRET = "an internal secret for tests only"
IDENTITY_SECRET = "forty-two characters that only tests know."
PASSWORD = "correct horse battery staple"
ROLE = "contactRoles/0192f0c1-0000-7000-8000-000000000077"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OTHER_PASSWORD = "una barca verde nel bosco"


# --- contacts ------------------------------------------------------------------------------------------------------------------------
class FakeContacts:
    """Answers the contacts that a test puts here; `down` refuses every call."""

    def __init__(self) -> None:
        self.contacts: dict[UUID, contacts_pb2.Contact] = {}
        self.down = False
        self.time_zone = "Europe/Rome"
        self.area_on: bool | None = True  # None: a contacts that knows no modules yet
        self.asked = 0

    def get_contact(self, request: contacts_pb2.GetContactRequest, context: grpc.ServicerContext) -> contacts_pb2.Contact:
        self.asked += 1
        if self.down:
            context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        found = self.contacts.get(UUID(request.name.split("/")[1]))
        if found is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such contact")
        return found

    def get_settings(
        self, request: settings_pb2.GetContactsSettingsRequest, context: grpc.ServicerContext
    ) -> settings_pb2.ContactsSettings:
        if self.down:
            context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        found = settings_pb2.ContactsSettings(name="settings/contacts", time_zone=self.time_zone)
        if self.area_on is not None:
            found.modules.CopyFrom(settings_pb2.ContactsSettings.Modules(reserved_area=self.area_on))
        return found

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return the two methods that identity calls, for a gRPC server."""
        contacts = grpc.unary_unary_rpc_method_handler(
            self.get_contact, contacts_pb2.GetContactRequest.FromString, contacts_pb2.Contact.SerializeToString
        )
        settings = grpc.unary_unary_rpc_method_handler(
            self.get_settings,
            settings_pb2.GetContactsSettingsRequest.FromString,
            settings_pb2.ContactsSettings.SerializeToString,
        )
        return [
            grpc.method_handlers_generic_handler("recapito.contacts.v1.Contacts", {"GetContact": contacts}),
            grpc.method_handlers_generic_handler("recapito.contacts.v1.Settings", {"GetContactsSettings": settings}),
        ]


def contact(
    *,
    id: UUID | None = None,  # noqa: A002 - the resource's
    email: str = "mario@acme.example",
    enabled: bool = True,
    start_date: str = "",
    end_date: str = "",
    allowed: tuple[str, ...] = ("invoices",),
    primary: bool = False,
    customers: int = 1,
    groups: tuple[UUID, ...] = (),
) -> contacts_pb2.Contact:
    """Return a contact that may enter and see invoices, of its home customer and further ones, with a telephone and a role."""
    contact_id = id or uuid.uuid4()
    homes = [uuid.uuid4() for _ in range(customers)]
    found = contacts_pb2.Contact(
        name=f"contacts/{contact_id}",
        state=contacts_pb2.Contact.ACTIVE,
        first_name="Mario",
        last_name="Rossi",
        email=email,
        language_code="it",
        customer=f"customers/{homes[0]}",
        access=permissions_pb2.PortalAccess(enabled=enabled, start_date=start_date, end_date=end_date),
        groups=[f"groups/{group}" for group in groups],
        contact_points=[contacts_pb2.ContactPoint(kind=contacts_pb2.ContactPoint.PHONE, value="+39081123456")],
    )
    for home in homes:
        effective = permissions_pb2.Permissions()
        for name in allowed:
            setattr(effective, name, permissions_pb2.Permissions.ALLOW)
        found.affiliations.add(
            name=f"customers/{home}/affiliations/{contact_id}",
            contact=found.name,
            contact_role=ROLE,
            primary=primary,
            effective_permissions=effective,
        )
    return found


def snapshot(found: contacts_pb2.Contact) -> ContactSnapshot:
    """Return what contacts announces of a contact."""
    return ContactSnapshot(
        first_name=found.first_name,
        last_name=found.last_name,
        email=found.email,
        language_code=found.language_code,
        direction=found.direction,
        customer=found.customer,
        groups=found.groups,
        access=found.access,
    )


def id_of(found: contacts_pb2.Contact) -> UUID:
    return UUID(found.name.split("/")[1])


# --- identity ------------------------------------------------------------------------------------------------------------------------
@dataclass
class World:
    """A running identity. moment: what the database's clock shows, None for the true time. ahead: of the service's own clock."""

    settings: Settings
    contacts: FakeContacts
    engine: sa.Engine
    moment: datetime | None = None
    ahead: timedelta = timedelta()
    version: int = 0

    def start(self) -> None:
        self.server = identity.serve(self.settings, clock=self.clock, database_now=self.database_now)
        self.server.start()
        self.address = f"127.0.0.1:{self.server.port}"
        self.anonymous = self.channel("portal")
        self.sessions = sessions_pb2_grpc.SessionsStub(self.anonymous)
        self.links = links_pb2_grpc.LinksStub(self.anonymous)
        self.accounts = accounts_pb2_grpc.AccountsStub(self.anonymous)
        self.policies = policies_pb2_grpc.PoliciesStub(self.anonymous)
        self.roles = roles_pb2_grpc.RolesStub(self.anonymous)
        self.factors = factors_pb2_grpc.FactorsStub(self.anonymous)
        self.tokens = tokens_pb2_grpc.TokensStub(self.anonymous)
        self.sign_in_settings = settings_pb2_grpc.SettingsStub(self.anonymous)
        self.minting = links_pb2_grpc.LinksStub(self.channel("notifications"))
        self.verifier = PassportVerifier("documents", lambda: self.tokens.GetKeySet(tokens_pb2.GetKeySetRequest()).data)

    def channel(self, service: str) -> grpc.Channel:
        return client.connect(self.address, service=service, settings=RpcSettings(internal_secret=SecretStr(SECRET)))

    # --- clocks ----------------------------------------------------------------------------------------------------------------------
    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def new_uow(self) -> repository.SqlUnitOfWork:
        return repository.SqlUnitOfWork(self.engine, Vault(IDENTITY_SECRET), database_now=self.database_now)

    def database_now(self) -> Any:
        return repository.current_timestamp() if self.moment is None else sa.literal(self.moment, UtcDateTime)

    # --- what a person does ----------------------------------------------------------------------------------------------------------
    def administrator(self, email: str = "ada@studio.example", password: str = PASSWORD) -> str:
        """Make the first administrator, sign it in, and return its session token."""
        identity.bootstrap_administrator(self.settings, email, "Ada", password)
        return self.sign_in(email, password).session_token

    def sign_in(self, email: str, password: str = PASSWORD, **more: Any) -> sessions_pb2.CreateSessionResponse:
        credential = sessions_pb2.PasswordCredential(email=email, password=password, kind=more.pop("kind", 0))
        info = sessions_pb2.ClientInfo(ip_address=more.pop("ip", "192.0.2.7"), user_agent=USER_AGENT)
        return self.sessions.CreateSession(sessions_pb2.CreateSessionRequest(password=credential, client_info=info))

    def enter(self, token: str) -> sessions_pb2.CreateSessionResponse:
        """Sign in by a magic link."""
        info = sessions_pb2.ClientInfo(ip_address="192.0.2.7", user_agent=USER_AGENT)
        return self.sessions.CreateSession(
            sessions_pb2.CreateSessionRequest(link=sessions_pb2.LinkCredential(token=token), client_info=info)
        )

    def passport(self, session_token: str, customer: str = "") -> str:
        audience = ["documents", "identity"]
        request = sessions_pb2.CreatePassportRequest(session_token=session_token, audience=audience, customer=customer)
        return str(self.sessions.CreatePassport(request).passport)

    def caller(self, session_token: str, customer: str = "") -> Caller:
        """Return who other services see behind a session."""
        return self.verifier.verify(self.passport(session_token, customer))

    def as_person(self, session_token: str) -> Any:
        return context.as_person(self.passport(session_token))

    def accept_policy(self, session_token: str) -> policies_pb2.Acceptance:
        with self.as_person(session_token):
            return self.policies.AcceptPolicy(policies_pb2.AcceptPolicyRequest(name="policies/current", language_code="it"))

    def decide(self, administrator: str, **changes: Any) -> identity_settings_pb2.IdentitySettings:
        """Change the settings of signing in, by the session token of an administrator."""
        wanted = identity_settings_pb2.IdentitySettings(name="settings/identity", **changes)
        request = identity_settings_pb2.UpdateIdentitySettingsRequest(identity_settings=wanted)
        request.update_mask.paths.extend(changes.keys() - {"etag"})
        with self.as_person(administrator):
            return self.sign_in_settings.UpdateIdentitySettings(request)

    # --- what others do --------------------------------------------------------------------------------------------------------------
    def mint(
        self,
        account_id: UUID,
        *purposes: links_pb2.Link.Purpose.ValueType,
        message: UUID | None = None,
        landing: str = "",
        with_code: bool = False,
    ) -> list[links_pb2.MintLinksResponse.Minted]:
        order = links_pb2.MintLinksRequest.Order(
            message=f"messages/{message or uuid.uuid4()}",
            account=f"accounts/{account_id}",
            purposes=purposes,
            landing=landing,
            with_code=with_code,
        )
        return list(self.minting.MintLinks(links_pb2.MintLinksRequest(orders=[order])).orders[0].links)

    def with_contact(self, **more: Any) -> UUID:
        """Put a contact into contacts; identity has not heard of it yet."""
        found = contact(**more)
        self.contacts.contacts[id_of(found)] = found
        return id_of(found)

    def with_password(self, account_id: UUID, password: str = PASSWORD) -> None:
        """Have a contact set its password by a link."""
        (minted,) = self.mint(account_id, links_pb2.Link.SET_PASSWORD)
        self.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=minted.token, new_password=password))

    def tell(self, account_id: UUID, *, event_id: UUID | None = None, version: int = 0) -> None:
        """Bring identity the event of a contact as it is now, or of its deletion."""
        self.version += 1
        found, version = self.contacts.contacts.get(account_id), version or self.version
        event: ContactUpdated | ContactDeleted = ContactDeleted(contact=f"contacts/{account_id}", version=version)
        if found is not None:
            event = ContactUpdated(contact=found.name, version=version, snapshot=snapshot(found))
        self.handle(event, event_id)

    def handle(self, event: Message, event_id: UUID | None = None) -> None:
        contacts = GrpcContacts(client.connect(self.settings.contacts_address, service="identity", settings=self.settings))
        handler = consumer.handlers(self.new_uow, contacts, self.clock)[type(event)]
        handler([Delivery(event, event_id or uuid.uuid4(), datetime.now(UTC))])

    def events(self) -> list[Any]:
        """Return what waits to be announced beside the audit, oldest first."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(database.outbox).order_by(database.outbox.c.seq)).all()
        return [_message(row.type, row.data) for row in rows if row.type != AUDIT_ENTRY]


def _message(event_type: str, data: bytes) -> Any:
    *_, service, noun, participle, _version = event_type.split(".")
    name = "".join(word.capitalize() for word in f"{noun}_{participle}".split("_"))
    return message_class(f"recapito.{service}.events.v1.{name}").FromString(data)


def running(url: str, public_url: str = "http://localhost:8080") -> Iterator[World]:
    """Give a running identity on a migrated database. public_url: where the pages are."""
    engine = database.connect(url)
    contacts, threads = FakeContacts(), ThreadPoolExecutor(8)
    server = grpc.server(threads, options=[("grpc.so_reuseport", 0)])  # a port of its own
    server.add_generic_rpc_handlers(contacts.handlers())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    settings = Settings(
        database_url=SecretStr(url),
        bus_url=SecretStr("sqlite:///unused.db"),
        internal_secret=SecretStr(SECRET),
        identity_secret=SecretStr(IDENTITY_SECRET),
        listen_address="127.0.0.1:0",
        contacts_address=f"127.0.0.1:{port}",
        public_url=public_url,
    )
    world = World(settings, contacts, engine)
    world.start()
    yield world
    world.server.stop()
    server.stop(0)
    threads.shutdown()
    engine.dispose()
