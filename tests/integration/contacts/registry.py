"""A registry made at random whose every value names its owner, so that a look at an answer tells whose it holds."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.message import Message
from recapito.contacts.v1 import contacts_pb2, customers_pb2, erasures_pb2, leads_pb2

from libs.access import capabilities
from services.contacts import repository
from services.contacts.domain import Activity
from services.contacts.service.activities import Occurrence, record
from tests.integration.contacts.conftest import Api

CAPABILITIES = frozenset(name for name in capabilities() if name.startswith("contacts.")) - {"contacts.see_all"}


@dataclass(frozen=True)
class Row:
    """A contact, a customer or a lead. token: a word that stands in every text of it and nowhere else."""

    id: str
    token: str
    groups: frozenset[str]
    notes: list[str] = field(default_factory=list)

    @property
    def tells(self) -> tuple[bytes, ...]:
        return (self.id.encode(), self.token.encode())


@dataclass
class Registry:
    """Some customers and people in some groups, with all that hangs on them."""

    api: Api
    seed: int
    groups: list[str] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)
    merged: list[Row] = field(default_factory=list)  # are seen as those who took them over
    affiliations: list[tuple[Row, Row, str]] = field(default_factory=list)  # customer, contact, token of the pair
    names: list[str] = field(default_factory=list)

    # Methods that need what this registry does not hold: an import is seen by its maker alone.
    never_answer = frozenset({"GetImportJob", "ListImportRows", "DownloadRefusedRows"})

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.groups = [self.api.new_group(f"Gruppo {number} {uuid4().hex[:6]}").name for number in range(4)]
        self.names += [*self.groups, self.api.new_role(f"Ruolo {self._token()}").name]
        self.api.switch(custom_fields=True)
        self.names.append(self.api.new_field("Segno", filterable=True).name)
        for _ in range(6):
            self._new_customer()
        for _ in range(18):
            self._new_contact()
        for number in range(6):
            self._new_lead(converted=number % 2 == 0)
        self._relate()
        self._remember_what_they_did()
        self._erase_some()
        self._merge_some()
        with self.api.operator():
            self.names.append(self.api.save_view("Condivisa", shared=True).name)

    # --- making it ---------------------------------------------------------------------------------------------------------------
    def _some(self) -> frozenset[str]:
        return frozenset(self.random.sample(self.groups, self.random.choice((0, 1, 1, 2))))

    def _token(self) -> str:
        return "".join(self.random.choice("bcdfghlmnprstvz") + self.random.choice("aeiou") for _ in range(6))

    def _new_customer(self) -> None:
        token, groups = self._token(), self._some()
        made = self.api.new_customer(display_name=f"Ditta {token}", email=f"{token}@ditta.example", groups=sorted(groups))
        self.customers.append(row := Row(made.name.split("/")[1], token, groups))
        self.names.append(made.name)
        self._note(made.name, row)

    def _new_contact(self) -> None:
        token, groups = self._token(), self._some()
        home, *others = self.random.sample(self.customers, self.random.choice((1, 1, 2)))
        pairs = [(customer, self._token()) for customer in (home, *others)]
        made = self.api.new_contact(
            customers_pb2.Customer(name=f"customers/{home.id}"),
            first_name=f"Ada{token}",
            last_name=f"Neri{token}",
            email=f"{token}@persona.example",
            contact_points=[
                contacts_pb2.ContactPoint(kind=contacts_pb2.ContactPoint.EMAIL, value=f"altro.{token}@persona.example", label=token)
            ],
            groups=sorted(groups),
            profile={"segno": token, "source": token},
            affiliations=[
                contacts_pb2.Affiliation(name=f"customers/{customer.id}/affiliations/-", position=f"capo {pair}")
                for customer, pair in pairs
            ],
        )
        row = Row(made.name.split("/")[1], token, groups)
        self.contacts.append(row)
        self.affiliations += [(customer, row, pair) for customer, pair in pairs]
        self.names += [made.name, *(f"customers/{customer.id}/affiliations/{row.id}" for customer, _ in pairs)]
        self._note(made.name, row)

    def _new_lead(self, *, converted: bool) -> None:
        """A lead; one that has become a contact has nothing in common with it any more but that it names it."""
        token, groups = self._token(), self._some()
        lead = self.api.new_lead(
            first_name=f"Ada{token}", last_name=f"Neri{token}", email=f"{token}@lead.example", origin=token, groups=sorted(groups)
        )
        self.leads.append(Row(lead.name.split("/")[1], token, groups))
        self.names.append(lead.name)
        if converted:
            home = self.random.choice(self.customers)
            wanted = leads_pb2.ConvertLeadRequest(name=lead.name, customer=f"customers/{home.id}")
            token, groups = self._token(), self._some()
            with self.api.operator():
                made = self.api.leads.ConvertLead(wanted)
                self.api.update_contact(made, first_name=token, last_name=token, email=f"{token}@persona.example", groups=sorted(groups))
            self.contacts.append(row := Row(made.name.split("/")[1], token, groups))
            self.affiliations.append((home, row, self._token()))
            self.names += [made.name, f"customers/{home.id}/affiliations/{row.id}"]

    def _relate(self) -> None:
        """Link people under others, and let them report to others, whatever the groups."""
        for _ in range(16):
            above, below = sorted(self.random.sample(range(len(self.contacts)), 2))
            principal, person = (contacts_pb2.Contact(name=f"contacts/{self.contacts[number].id}") for number in (above, below))
            name = f"{principal.name}/subContacts/{self.contacts[below].id}"
            with self.api.operator():
                self.api.update_contact(person, "reports_to", reports_to=principal.name)
                if name not in self.names:
                    self.names.append(self.api.link(principal, person, "socio").name)

    def _erase_some(self) -> None:
        """Add somebody of each group and erase it."""
        for group in self.groups:
            token, home = self._token(), self.random.choice(self.customers)
            person = self.api.new_contact(customers_pb2.Customer(name=f"customers/{home.id}"), last_name=token, groups=[group])
            row = Row(person.name.split("/")[1], token, frozenset({group}))
            self.contacts.append(row)
            self.affiliations.append((home, row, self._token()))
            with self.api.operator():
                erasure = self.api.erasures.AnonymizeContact(erasures_pb2.AnonymizeContactRequest(name=person.name))
            self.names += [person.name, f"customers/{home.id}/affiliations/{row.id}", erasure.name]

    def _merge_some(self) -> None:
        """Add two records of one person in each group and merge them."""
        for group in self.groups:
            home = customers_pb2.Customer(name=f"customers/{self.random.choice(self.customers).id}")
            one, other = (self._one_of_two(home, group, rows) for rows in (self.contacts, self.merged))
            with self.api.operator():
                self.names.append(self.api.merge(one, other).name)

    def _one_of_two(self, home: customers_pb2.Customer, group: str, rows: list[Row]) -> contacts_pb2.Contact:
        token = self._token()
        made = self.api.new_contact(home, last_name=token, email=f"{token}@persona.example", groups=[group])
        rows.append(Row(made.name.split("/")[1], token, frozenset({group})))
        self.names.append(made.name)
        return made

    def _note(self, parent: str, row: Row) -> None:
        with self.api.operator():
            note = self.api.write_note(parent, f"nota {row.token}")
        row.notes.append(note.name)
        self.names.append(note.name)

    def _remember_what_they_did(self) -> None:
        at = datetime(2026, 11, 1, tzinfo=UTC)
        for customer, contact, _ in self.affiliations:
            did = Activity(
                uuid4(), uuid4(), UUID(contact.id), "recapito.documents.invoice.viewed.v1", at, UUID(customer.id), "", contact.token
            )
            record([Occurrence(did.event_id, (did,))], uow=repository.SqlUnitOfWork(self.api.engine, "contacts"))

    # --- asking about it ---------------------------------------------------------------------------------------------------------
    @property
    def words(self) -> list[str]:
        rows = self.random.sample([*self.contacts, *self.customers], 5)
        slips = (row.token[:6] + row.token[7:] for row in rows)
        return ["neri", "ditta", "persona.example", *(row.token for row in rows), *(row.token[:6] for row in rows), *slips]

    @property
    def filters(self) -> list[str]:
        return [f"customer = {customer.id}" for customer in self.customers] + [f"group = {group.split('/')[1]}" for group in self.groups]

    def names_like(self, patterns: Sequence[str]) -> Iterator[str]:
        """Give the names that fit one of the patterns, such as "contacts/{contact}"."""
        shapes = {_shape(pattern) for pattern in patterns}
        return (name for name in self.names if _shape(name) in shapes)

    def look_alikes(self, request: Any) -> Iterator[Message]:
        """Give requests that describe each person as if it were new."""
        for contact in self.contacts:
            asked = request()
            asked.contact.CopyFrom(
                contacts_pb2.Contact(
                    first_name=f"Ada{contact.token}", last_name=f"Neri{contact.token}", email=f"{contact.token}@persona.example"
                )
            )
            yield asked

    def some_groups(self, count: int) -> list[tuple[str, ...]]:
        return [tuple(sorted(self.random.sample(self.groups, self.random.choice((1, 1, 2))))) for _ in range(count)]

    def listed(self) -> tuple[set[str], set[str]]:
        """Return the ids of all contacts and customers that the lists show now."""
        contacts = self.api.contacts.ListContacts(contacts_pb2.ListContactsRequest(page_size=1000)).contacts
        customers = self.api.customers.ListCustomers(customers_pb2.ListCustomersRequest(page_size=1000)).customers
        return {one.name.split("/")[1] for one in contacts}, {one.name.split("/")[1] for one in customers}


@dataclass(frozen=True)
class Sights:
    """What an operator of these groups may see of a registry; without groups, everything."""

    registry: Registry
    groups: tuple[str, ...]

    def sees(self, groups: frozenset[str]) -> bool:
        return not self.groups or bool(groups & set(self.groups))

    @property
    def hidden(self) -> set[bytes]:
        """Return everything that no answer may hold: an affiliation needs both its ends."""
        rows = [*self.registry.contacts, *self.registry.customers, *self.registry.leads, *self.registry.merged]
        alone = {told for row in rows if not self.sees(row.groups) for told in row.tells}
        pairs = {token.encode() for customer, contact, token in self.registry.affiliations if not self._sees_both(customer, contact)}
        return alone | pairs

    def _sees_both(self, customer: Row, contact: Row) -> bool:
        return self.sees(customer.groups) and self.sees(contact.groups)


def _shape(name: str) -> str:
    """Return the collections of a name or a pattern: "contacts/*/notes/*"."""
    return "/".join(part if index % 2 == 0 else "*" for index, part in enumerate(name.split("/")))
