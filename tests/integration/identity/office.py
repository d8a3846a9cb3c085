"""Identity and contacts side by side, neither of them a fake, and people of every kind who work with them, made by a seed."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from recapito.contacts.v1 import (
    affiliations_pb2,
    affiliations_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    customers_pb2,
    customers_pb2_grpc,
    groups_pb2,
    groups_pb2_grpc,
    permissions_pb2,
    settings_pb2,
    settings_pb2_grpc,
)
from recapito.identity.v1 import accounts_pb2, sessions_pb2, tokens_pb2

from libs import database
from libs.access import ANONYMOUS, Caller
from libs.errors import Unauthenticated
from libs.ids import new_id
from libs.rpc import client, context
from libs.rpc.passports import PassportVerifier
from services.contacts import __main__ as contacts_service
from services.contacts.settings import Settings as ContactsSettings
from services.identity.domain import sessions as session_rules
from services.identity.domain.accounts import Account, Kind, State
from services.identity.domain.policies import Acceptance
from services.identity.domain.sessions import Client, Method
from services.identity.settings import Settings
from tests.integration.identity import oracle
from tests.integration.identity.operators import with_role
from tests.integration.identity.oracle import MODULES, Contact, Customer, Operator, Person
from tests.integration.identity.world import IDENTITY_SECRET, SECRET, FakeContacts, World

SEED = int(os.environ.get("RECAPITO_SEED", "20261122"))
OPERATORS, CONTACTS, CUSTOMERS, GROUPS = 22, 26, 7, 4
AUDIENCE = ("identity", "contacts", "documents")
_FLAWS = ("disabled", "temporary password", "idle", "signed in long ago")
_LIMITED = len(_FLAWS)  # an operator without a flaw who sees one group alone: whatever the seed, something is hidden from somebody

T = TypeVar("T")


@dataclass
class Office:
    """Identity beside a contacts that is no fake, and everybody who works with them."""

    world: World
    contacts: contacts_pb2_grpc.ContactsStub
    customers: customers_pb2_grpc.CustomersStub
    operators: list[Operator]
    people: list[Contact]
    oracle: oracle.World

    @property
    def everybody(self) -> list[Operator | Contact]:
        return [*self.operators, *self.people]

    def passport(self, person: Person, customer: UUID | None = None) -> str:
        """Return the passport of a session; "" when it opens nothing any more."""
        wanted = f"customers/{customer}" if customer else ""
        request = sessions_pb2.CreatePassportRequest(session_token=person.token, audience=AUDIENCE, customer=wanted)
        try:
            return str(self.world.sessions.CreatePassport(request).passport)
        except Unauthenticated:
            return ""

    def caller(self, person: Person, customer: UUID | None = None) -> Caller:
        passport = self.passport(person, customer)
        return self.world.verifier.verify(passport) if passport else ANONYMOUS


# --- the services --------------------------------------------------------------------------------------------------------------------
def running(folder: Path) -> Iterator[Office]:
    """Give an office whose identity has its migrated database, identity.db, in this folder."""
    url = f"sqlite:///{folder}/contacts.db"
    engine = database.connect(url)
    database.migrate(engine, "services.contacts")
    common: dict[str, Any] = {
        "bus_url": SecretStr("sqlite:///unused.db"),
        "internal_secret": SecretStr(SECRET),
        "listen_address": "127.0.0.1:0",
    }
    keys: list[Callable[[], bytes]] = []  # of identity, which is not there yet
    contacts = contacts_service.serve(
        ContactsSettings(database_url=SecretStr(url), **common), PassportVerifier("contacts", lambda: keys[0]()).verify
    )
    contacts.start()
    own = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/identity.db"),
        identity_secret=SecretStr(IDENTITY_SECRET),
        contacts_address=f"127.0.0.1:{contacts.port}",
        **common,
    )
    world = World(own, FakeContacts(), database.connect(own.database_url.get_secret_value()))
    world.start()
    keys.append(lambda: world.tokens.GetKeySet(tokens_pb2.GetKeySetRequest()).data)
    yield _Builder(world, f"127.0.0.1:{contacts.port}", random.Random(SEED)).office()
    world.server.stop()
    contacts.stop()
    world.engine.dispose()
    engine.dispose()


class _Builder:
    """Makes people of every kind by the seed."""

    def __init__(self, world: World, address: str, chance: random.Random) -> None:
        channel = client.connect(address, service="portal", settings=world.settings)
        self.world, self.chance = world, chance
        self.contacts = contacts_pb2_grpc.ContactsStub(channel)
        self.customers = customers_pb2_grpc.CustomersStub(channel)
        self.groups = groups_pb2_grpc.GroupsStub(channel)
        self.affiliations = affiliations_pb2_grpc.AffiliationsStub(channel)
        self.settings = settings_pb2_grpc.SettingsStub(channel)
        self.administrator = world.administrator()

    def office(self) -> Office:
        today = datetime.now(ZoneInfo("Europe/Rome")).date()
        groups = [self._group(f"Sede {number}") for number in range(GROUPS)]
        customers = [self._customer(groups) for _ in range(CUSTOMERS)]
        known = {customer.id: customer for customer in customers}
        people = self._with_primaries([self._contact(number, groups, customers, today) for number in range(CONTACTS)])
        operators = [self._operator(number, groups) for number in range(OPERATORS)]
        return Office(self.world, self.contacts, self.customers, operators, people, oracle.World(today, known, self._defaults()))

    # --- chance ----------------------------------------------------------------------------------------------------------------------
    def rarely(self) -> bool:
        return self.chance.random() < 0.15

    def some(self, things: list[T], least: int = 0) -> list[T]:
        return self.chance.sample(things, self.chance.randint(least, len(things)))

    def modes(self) -> dict[str, str]:
        return {module: self.chance.choice(["ALLOW", "DENY", "INHERIT"]) for module in MODULES}

    # --- contacts --------------------------------------------------------------------------------------------------------------------
    def as_administrator(self) -> Any:
        request = sessions_pb2.CreatePassportRequest(session_token=self.administrator, audience=AUDIENCE)
        return context.as_person(self.world.sessions.CreatePassport(request).passport)

    def _defaults(self) -> dict[str, str]:
        with self.as_administrator():
            found = self.settings.GetContactsSettings(settings_pb2.GetContactsSettingsRequest(name="settings/contacts"))
        assert found.time_zone == "Europe/Rome"
        return {module: permissions_pb2.Permissions.Mode.Name(getattr(found.default_permissions, module.lower())) for module in MODULES}

    def _group(self, display_name: str) -> UUID:
        with self.as_administrator():
            made = self.groups.CreateGroup(groups_pb2.CreateGroupRequest(group=groups_pb2.Group(display_name=display_name)))
        return id_of(made.name)

    def _customer(self, groups: list[UUID]) -> Customer:
        chosen, modes = self.some(groups), self.modes()
        new = customers_pb2.Customer(kind=customers_pb2.Customer.COMPANY, display_name=f"Azienda {uuid.uuid4().hex[:8]}")
        new.groups.extend(f"groups/{group}" for group in chosen)
        new.permissions.CopyFrom(_permissions(modes))
        with self.as_administrator():
            made = self.customers.CreateCustomer(customers_pb2.CreateCustomerRequest(customer=new))
        return Customer(id=id_of(made.name), groups=frozenset(chosen), modes=modes)

    def _contact(self, number: int, groups: list[UUID], customers: list[Customer], today: date) -> Contact:
        sure = number < len(_FLAWS)  # may enter, but for its flaw
        acts = {customer.id: self.modes() for customer in self.chance.sample(customers, self.chance.choice([1, 1, 2, 3]))}
        enabled = sure or not self.rarely()
        first, last = (None, None) if sure else self._window(today)
        new = contacts_pb2.Contact(first_name="Mario", last_name=f"Rossi {number}", customer=f"customers/{next(iter(acts))}")
        new.email = f"mario{number}@acme.example" if enabled or self.chance.random() < 0.5 else ""
        new.access.enabled = enabled
        new.access.start_date, new.access.end_date = first.isoformat() if first else "", last.isoformat() if last else ""
        chosen = self.some(groups)
        new.groups.extend(f"groups/{group}" for group in chosen)
        for customer, modes in acts.items():
            new.affiliations.add(name=f"customers/{customer}/affiliations/-", permissions=_permissions(modes))
        with self.as_administrator():
            made = self.contacts.CreateContact(contacts_pb2.CreateContactRequest(contact=new, skip_welcome=True))
            self.world.accounts.GetAccount(accounts_pb2.GetAccountRequest(name=f"accounts/{id_of(made.name)}"))
        accepted = sure or not self.rarely()
        method = Method.PASSWORD if sure else self.chance.choice([Method.PASSWORD, Method.PASSWORD, Method.MAGIC_LINK])
        return Contact(
            id=id_of(made.name),
            groups=frozenset(chosen),
            acts=acts,
            email=new.email,
            enabled=enabled,
            start=first,
            end=last,
            accepted=accepted,
            **self._session(number, id_of(made.name), method, accepted=accepted),
        )

    def _window(self, today: date) -> tuple[date | None, date | None]:
        """Mostly open; else it ends or begins today, or did not begin, or is over."""
        day = timedelta(days=1)
        open_today: list[tuple[date | None, date | None]] = [(None, None), (today, None), (None, today), (today, today)]
        shut: list[tuple[date | None, date | None]] = [(today + day, None), (None, today - day), (today - 9 * day, today - day)]
        return self.chance.choice(shut if self.rarely() else open_today)

    def _with_primaries(self, people: list[Contact]) -> list[Contact]:
        primaries: dict[UUID, set[UUID]] = {}
        for customer in dict.fromkeys(customer for person in people for customer in person.acts):
            chosen = self.chance.choice([person for person in people if customer in person.acts])
            name = f"customers/{customer}/affiliations/{chosen.id}"
            with self.as_administrator():
                self.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=name))
            primaries.setdefault(chosen.id, set()).add(customer)
        return [replace(person, primary=frozenset(primaries.get(person.id, ()))) for person in people]

    # --- identity --------------------------------------------------------------------------------------------------------------------
    def _operator(self, number: int, groups: list[UUID]) -> Operator:
        built_in = ["roles/administrator"] if number < len(_FLAWS) else self.some(sorted(oracle.ROLES))[:2]
        own = self.some(sorted(oracle.ROLES["roles/administrator"]))[:6] if self.chance.random() < 0.5 else []
        chosen = self.some(groups)
        if number == _LIMITED:
            built_in, own, chosen = ["roles/operator"], [], groups[:1]
        roles = list(built_in)
        if own:
            with self.as_administrator():
                roles.append(with_role(self.world, f"Ruolo {number}", *own).name)
        new = Account(
            id=new_id(),
            kind=Kind.OPERATOR,
            display_name=f"Operatore {number}",
            create_time=datetime.now(UTC),
            email=f"operatore{number}@studio.example",
            state=State.ACTIVE,
            roles=tuple(sorted(roles)),
            groups=frozenset(chosen),
        )
        with self.world.new_uow() as uow:
            uow.accounts.add(new)
            uow.commit()
        kind = self._session(number, new.id, Method.PASSWORD, accepted=False)
        return Operator(id=new.id, roles=tuple(built_in), own=frozenset(own), groups=frozenset(chosen), **kind)

    def _session(self, number: int, account_id: UUID, method: Method, *, accepted: bool) -> dict[str, Any]:
        """Open a session with flaws, the first few with one each and for sure; return what the oracle must know of it."""
        flaws = {_FLAWS[number]} if number < len(_FLAWS) else {flaw for flaw in _FLAWS if self.rarely() and number != _LIMITED}
        disabled, temporary, idle, late = (flaw in flaws for flaw in _FLAWS)
        now, token = datetime.now(UTC), uuid.uuid4().hex
        session = session_rules.opened(new_id(), account_id, method, Client("192.0.2.7", "a browser"), now)
        if idle:
            session = replace(session, last_use_time=now - timedelta(minutes=31))
        if late and session.fresh_until is not None:
            session = replace(session, fresh_until=now - timedelta(seconds=1))
        with self.world.new_uow() as uow:
            account = uow.accounts.get(account_id)
            state = State.DISABLED if disabled else State.ACTIVE
            uow.accounts.save(replace(account, state=state, password_change_required=temporary))
            uow.sessions.add(session, token)
            if accepted:
                policy = uow.policies.current()
                uow.policies.accept(Acceptance(new_id(), account_id, policy.id, policy.label, "it", "", now, "", ""))
            uow.commit()
        fresh = method is Method.PASSWORD and not late
        return {
            "disabled": disabled,
            "temporary": temporary,
            "idle": idle,
            "method": method.value,
            "fresh": fresh,
            "token": token,
        }


def id_of(name: str) -> UUID:
    return UUID(name.rpartition("/")[2])


def _permissions(modes: dict[str, str]) -> permissions_pb2.Permissions:
    permissions = permissions_pb2.Permissions()
    for module, mode in modes.items():
        setattr(permissions, module.lower(), permissions_pb2.Permissions.Mode.Value(mode))
    return permissions
