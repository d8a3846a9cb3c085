"""A contacts service on an empty database of each kind, and callers with passports signed by a test key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from joserfc.jwk import KeySet, OKPKey
from pydantic import SecretStr
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import (
    affiliations_pb2,
    affiliations_pb2_grpc,
    contact_roles_pb2,
    contact_roles_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    customers_pb2,
    customers_pb2_grpc,
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
    views_pb2,
    views_pb2_grpc,
)
from recapito.type.v1.type_pb2 import LocalizedText
from sqlalchemy.engine import Engine

from libs import database
from libs.access import Caller, Kind
from libs.messaging.event import type_of
from libs.rpc import client, context, passports
from libs.rpc.server import Server
from services.contacts.__main__ import serve
from services.contacts.settings import Settings
from tests import databases
from tests.audit import AUDIT_ENTRY

M = TypeVar("M", bound=Message)
KINDS: dict[str, type[Message]] = {
    type_of(kind): kind
    for kind in (
        events_pb2.CustomerCreated,
        events_pb2.CustomerUpdated,
        events_pb2.ContactCreated,
        events_pb2.ContactUpdated,
        events_pb2.ContactDeleted,
        events_pb2.PortalAccessEnabled,
        events_pb2.PrimaryContactChanged,
        events_pb2.ErasureRequested,
    )
}
OPERATOR = frozenset(
    {
        "contacts.read",
        "contacts.write",
        "contacts.delete",
        "contacts.anonymize",
        "contacts.settings",
        "contacts.notes",
        "contacts.notes.write",
    }
)
KEY = OKPKey.generate_key("Ed25519", {"kid": "test"}, private=True)


@dataclass
class Api:
    """Stubs of a running contacts service, and the people who call it."""

    channel: grpc.Channel
    engine: Engine
    server: Server
    customers: customers_pb2_grpc.CustomersStub = field(init=False)
    contacts: contacts_pb2_grpc.ContactsStub = field(init=False)
    affiliations: affiliations_pb2_grpc.AffiliationsStub = field(init=False)
    erasures: erasures_pb2_grpc.ErasuresStub = field(init=False)
    groups: groups_pb2_grpc.GroupsStub = field(init=False)
    contact_roles: contact_roles_pb2_grpc.ContactRolesStub = field(init=False)
    fields: fields_pb2_grpc.FieldsStub = field(init=False)
    leads: leads_pb2_grpc.LeadsStub = field(init=False)
    merges: merges_pb2_grpc.MergesStub = field(init=False)
    notes: notes_pb2_grpc.NotesStub = field(init=False)
    settings: settings_pb2_grpc.SettingsStub = field(init=False)
    sub_contacts: sub_contacts_pb2_grpc.SubContactsStub = field(init=False)
    views: views_pb2_grpc.ViewsStub = field(init=False)

    def __post_init__(self) -> None:
        self.customers = customers_pb2_grpc.CustomersStub(self.channel)
        self.contacts = contacts_pb2_grpc.ContactsStub(self.channel)
        self.affiliations = affiliations_pb2_grpc.AffiliationsStub(self.channel)
        self.erasures = erasures_pb2_grpc.ErasuresStub(self.channel)
        self.groups = groups_pb2_grpc.GroupsStub(self.channel)
        self.contact_roles = contact_roles_pb2_grpc.ContactRolesStub(self.channel)
        self.leads = leads_pb2_grpc.LeadsStub(self.channel)
        self.fields = fields_pb2_grpc.FieldsStub(self.channel)
        self.merges = merges_pb2_grpc.MergesStub(self.channel)
        self.notes = notes_pb2_grpc.NotesStub(self.channel)
        self.settings = settings_pb2_grpc.SettingsStub(self.channel)
        self.sub_contacts = sub_contacts_pb2_grpc.SubContactsStub(self.channel)
        self.views = views_pb2_grpc.ViewsStub(self.channel)

    @contextmanager
    def operator(self, *groups: str, capabilities: frozenset[str] = OPERATOR, account_id: UUID | None = None) -> Iterator[None]:
        """Call as an operator: of some groups, or one who sees all when none is named; somebody new unless the account is given."""
        ids = frozenset(UUID(name.split("/")[1]) for name in groups)
        caller = Caller(
            Kind.OPERATOR,
            account_id=account_id or uuid4(),
            capabilities=capabilities,
            groups=ids,
            sees_all=not groups,
            session_state="OPEN",
            fresh_until=datetime.now(UTC) + timedelta(minutes=5),
        )
        with self._as(caller):
            yield

    @contextmanager
    def contact(
        self, contact: contacts_pb2.Contact, *permissions: str, customer: str = "", method: str = "PASSWORD", fresh: bool = False
    ) -> Iterator[None]:
        """Call as a contact, for its home customer unless another is named."""
        account, customer_id = (UUID(name.split("/")[1]) for name in (contact.name, customer or contact.customer))
        caller = Caller(
            Kind.CONTACT,
            account_id=account,
            customer_id=customer_id,
            permissions=frozenset(permissions),
            session_state="OPEN",
            method=method,
            fresh_until=datetime.now(UTC) + timedelta(minutes=5) if fresh else None,
        )
        with self._as(caller):
            yield

    @contextmanager
    def _as(self, caller: Caller) -> Iterator[None]:
        with context.as_person(passports.sign(caller, key=KEY, audience=["contacts"], now=datetime.now(UTC))):
            yield

    # --- what most tests begin with ----------------------------------------------------------------------------------------------
    def new_customer(self, **fields: Any) -> customers_pb2.Customer:
        given = {"kind": "COMPANY", "display_name": f"Customer {uuid4().hex[:6]}"} | fields
        with self.operator():
            return self.customers.CreateCustomer(customers_pb2.CreateCustomerRequest(customer=customers_pb2.Customer(**given)))

    def new_contact(self, home: customers_pb2.Customer, /, **fields: Any) -> contacts_pb2.Contact:
        given = {
            "first_name": "Mario",
            "last_name": "Rossi",
            "email": f"{uuid4().hex[:10]}@abc.example",
            "customer": home.name,
        } | fields
        with self.operator():
            return self.contacts.CreateContact(contacts_pb2.CreateContactRequest(contact=contacts_pb2.Contact(**given)))

    def update_contact(self, contact: contacts_pb2.Contact, *paths: str, **fields: Any) -> contacts_pb2.Contact:
        """Change the fields given, by themselves or by the paths below them, as whoever calls now."""
        changed = contacts_pb2.Contact(name=contact.name, **fields)
        request = contacts_pb2.UpdateContactRequest(contact=changed, update_mask=FieldMask(paths=paths or list(fields)))
        return self.contacts.UpdateContact(request)

    def update_affiliation(self, name: str, *paths: str, **fields: Any) -> contacts_pb2.Affiliation:
        changed = contacts_pb2.Affiliation(name=name, **fields)
        request = affiliations_pb2.UpdateAffiliationRequest(affiliation=changed, update_mask=FieldMask(paths=paths or list(fields)))
        return self.affiliations.UpdateAffiliation(request)

    def update_customer(self, customer: customers_pb2.Customer, *paths: str, **fields: Any) -> customers_pb2.Customer:
        changed = customers_pb2.Customer(name=customer.name, **fields)
        request = customers_pb2.UpdateCustomerRequest(customer=changed, update_mask=FieldMask(paths=paths or list(fields)))
        return self.customers.UpdateCustomer(request)

    def contact_of(self, name: str) -> contacts_pb2.Contact:
        return self.contacts.GetContact(contacts_pb2.GetContactRequest(name=name))

    def customer_of(self, name: str) -> customers_pb2.Customer:
        return self.customers.GetCustomer(customers_pb2.GetCustomerRequest(name=name))

    def affiliations_of(self, customer: str) -> list[contacts_pb2.Affiliation]:
        return list(self.affiliations.ListAffiliations(affiliations_pb2.ListAffiliationsRequest(parent=customer)).affiliations)

    def events(self) -> list[Message]:
        """What waits in the outbox beside the audit, in order."""
        with database.reader(self.engine).connect() as connection:
            rows = connection.execute(database.outbox.select().order_by(database.outbox.c.seq)).all()
        return [KINDS[row.type].FromString(row.data) for row in rows if row.type != AUDIT_ENTRY]

    def events_of(self, kind: type[M]) -> list[M]:
        return [event for event in self.events() if isinstance(event, kind)]

    def new_group(self, display_name: str, **fields: Any) -> groups_pb2.Group:
        with self.operator():
            group = groups_pb2.Group(display_name=display_name, **fields)
            return self.groups.CreateGroup(groups_pb2.CreateGroupRequest(group=group))

    def new_role(self, label_it: str, **fields: Any) -> contact_roles_pb2.ContactRole:
        with self.operator():
            role = contact_roles_pb2.ContactRole(label_it=label_it, **fields)
            return self.contact_roles.CreateContactRole(contact_roles_pb2.CreateContactRoleRequest(contact_role=role))

    def new_lead(self, **fields: Any) -> leads_pb2.Lead:
        given = {"first_name": "Anna", "last_name": "Verdi", "email": f"{uuid4().hex[:10]}@verdi.example"} | fields
        with self.operator():
            return self.leads.CreateLead(leads_pb2.CreateLeadRequest(lead=leads_pb2.Lead(**given)))

    def merge(self, contact: contacts_pb2.Contact, duplicate: contacts_pb2.Contact, *taken: str, **how: Any) -> merges_pb2.Merge:
        """Merge as whoever calls now."""
        return self.merges.MergeContact(
            merges_pb2.MergeContactRequest(name=contact.name, duplicate=duplicate.name, taken_fields=FieldMask(paths=taken), **how)
        )

    def undo(self, merge: merges_pb2.Merge, **how: Any) -> merges_pb2.Merge:
        return self.merges.UndoMerge(merges_pb2.UndoMergeRequest(name=merge.name, **how))

    def link(self, principal: contacts_pb2.Contact, person: contacts_pb2.Contact, relation: str = "") -> sub_contacts_pb2.SubContact:
        """Link a person under a principal, as whoever calls now."""
        link = sub_contacts_pb2.SubContact(contact=person.name, relation=relation)
        return self.sub_contacts.CreateSubContact(sub_contacts_pb2.CreateSubContactRequest(parent=principal.name, sub_contact=link))

    def found(self, query: str = "", **asked: Any) -> list[str]:
        """Names of the contacts that the list finds for whoever calls now."""
        request = contacts_pb2.ListContactsRequest(query=query, **asked)
        return [one.name for one in self.contacts.ListContacts(request).contacts]

    def save_view(self, display_name: str, **fields: Any) -> views_pb2.View:
        """Save a view of the contacts as whoever calls now."""
        view = views_pb2.View(**{"display_name": display_name, "collection": "contacts"} | fields)
        return self.views.CreateView(views_pb2.CreateViewRequest(view=view))

    def switch(self, *blocks: fields_pb2.Field.Block.ValueType, **modules: bool) -> None:
        """Switch blocks of the form off, all others on, and modules as given."""
        wanted = settings_pb2.ContactsSettings(name="settings/contacts", hidden_blocks=blocks)
        wanted.modules.MergeFrom(settings_pb2.ContactsSettings.Modules(**modules))
        mask = FieldMask(paths=["hidden_blocks", *(f"modules.{name}" for name in modules)])
        with self.operator():
            self.settings.UpdateContactsSettings(settings_pb2.UpdateContactsSettingsRequest(contacts_settings=wanted, update_mask=mask))

    def new_field(self, label: str, /, **fields: Any) -> fields_pb2.Field:
        with self.operator():
            given: dict[str, Any] = {"label": LocalizedText(it=label), "type": "TEXT"} | fields
            return self.fields.CreateField(fields_pb2.CreateFieldRequest(field=fields_pb2.Field(**given)))

    def write_note(self, parent: str, text: str, **fields: Any) -> notes_pb2.Note:
        """Write a note as whoever calls now."""
        return self.notes.CreateNote(notes_pb2.CreateNoteRequest(parent=parent, note=notes_pb2.Note(text=text, **fields)))


# --- databases -----------------------------------------------------------------------------------------------------------------------
def migrated(url: str) -> str:
    engine = database.connect(url)
    database.migrate(engine, "services.contacts")
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """A migrated database of this session, to be copied."""
    with databases.postgres(postgres_server) as url:
        yield migrated(url)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contacts") / "migrated.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_copy(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    with databases.postgres(postgres_server, migrated_postgres) as url:
        yield url


@pytest.fixture
def sqlite_copy(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'contacts.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of each kind in turn."""
    return str(request.getfixturevalue("sqlite_copy" if request.param == "sqlite" else "postgres_copy"))


# --- the service ---------------------------------------------------------------------------------------------------------------------
@contextmanager
def running(url: str) -> Iterator[Api]:
    """Serve contacts on an empty database."""
    with serving(migrated(url)) as api:
        yield api


@contextmanager
def serving(url: str) -> Iterator[Api]:
    """Serve contacts on a migrated database."""
    engine = database.connect(url)
    settings = Settings(
        environment="test",
        internal_secret=SecretStr("x" * 32),
        listen_address="127.0.0.1:0",
        database_url=SecretStr(url),
        bus_url=SecretStr("sqlite:///unused"),
    )
    keys = KeySet([KEY]).as_dict(private=False)
    verifier = passports.PassportVerifier("contacts", lambda: json.dumps(keys).encode())
    server = serve(settings, verifier.verify)
    server.start()
    channel = client.connect(f"127.0.0.1:{server.port}", service="notifications", settings=settings)
    try:
        yield Api(channel, engine, server)
    finally:
        server.stop()
        engine.dispose()


@pytest.fixture
def api(migrated_url: str) -> Iterator[Api]:
    with serving(migrated_url) as api:
        yield api


@pytest.fixture
def sqlite_api(sqlite_copy: str) -> Iterator[Api]:
    """For what does not depend on the database."""
    with serving(sqlite_copy) as api:
        yield api


@pytest.fixture
def postgres_api(postgres_copy: str) -> Iterator[Api]:
    with serving(postgres_copy) as api:
        yield api
