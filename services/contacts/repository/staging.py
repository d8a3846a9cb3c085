"""One transaction for many people: what an import needs is read at once, kept in memory, and written at once.

The use cases are those of one person; only their repositories differ. A person that is refused leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar
from uuid import UUID

import sqlalchemy as sa

from libs.errors import Aborted
from services.contacts.domain import Affiliation, Contact, ContactsSettings, Customer, EmailTaken, Sight
from services.contacts.domain.imports import Keys
from services.contacts.domain.values import key_of
from services.contacts.repository import SqlUnitOfWork
from services.contacts.repository.affiliations import SqlAffiliations
from services.contacts.repository.contact_roles import SqlContactRoles
from services.contacts.repository.contacts import SqlContacts
from services.contacts.repository.customers import SqlCustomers
from services.contacts.repository.erasures import SqlErasures
from services.contacts.repository.groups import SqlGroups
from services.contacts.repository.settings import SqlSettings
from services.contacts.repository.tables import erasures

T = TypeVar("T")
_NOTHING: Any = object()
NEW = 0


@dataclass
class _Stage:
    """What was read, as it stands after the rows before. Every change goes through `put`, so that it can be taken back."""

    customers: dict[UUID, Customer] = field(default_factory=dict)
    named: dict[tuple[str, str], tuple[UUID, ...]] = field(default_factory=dict)  # ids of customers by what they are found by
    contacts: dict[UUID, Contact] = field(default_factory=dict)
    holders: dict[str, UUID] = field(default_factory=dict)  # of addresses; of hidden contacts too
    affiliations: dict[UUID, tuple[Affiliation, ...]] = field(default_factory=dict)  # by contact
    written: dict[object, int] = field(default_factory=dict)  # what is to be written, by its key: the version that is stored; 0: none
    erased: dict[UUID, bool] = field(default_factory=dict)  # primary contacts that were asked for
    known: dict[UUID, bool] = field(default_factory=dict)  # groups and roles that were asked for
    settings: ContactsSettings | None = None
    log: list[tuple[MutableMapping[Any, Any], Any, Any]] = field(default_factory=list)

    def put(self, table: MutableMapping[Any, Any], key: Any, value: Any) -> None:
        self.log.append((table, key, table.get(key, _NOTHING)))
        table[key] = value

    def changed(self, key: object, version: int) -> None:
        if key not in self.written:
            self.put(self.written, key, version)

    def name(self, customer: Customer) -> None:
        for key in _keys_of(customer):
            self.put(self.named, key, (*self.named.get(key, ()), customer.id))

    def take_back(self) -> None:
        for table, key, before in reversed(self.log):
            if before is _NOTHING:
                del table[key]
            else:
                table[key] = before
        self.log.clear()


def _keys_of(customer: Customer) -> list[tuple[str, str]]:
    identity = customer.tax_identity
    keys = [("vat_number", identity.vat_number), ("tax_code", identity.tax_code), ("name", customer.sort_name)]
    return [(kind, value) for kind, value in keys if value]


@dataclass(frozen=True)
class _Customers(SqlCustomers):
    stage: _Stage

    def get(self, customer_id: UUID, sight: Sight, *, lock: bool = False) -> Customer:
        return self.stage.customers.get(customer_id) or super().get(customer_id, sight, lock=lock)

    def like(self, vat_number: str, tax_code: str, name: str) -> list[Customer]:
        for key in (("vat_number", vat_number), ("tax_code", tax_code), ("name", key_of(name))):
            found = [self.stage.customers[id_] for id_ in self.stage.named.get(key, ())]
            if found := [one for one in found if one.may_be(vat_number, tax_code)]:
                return found
        return []

    def add(self, customer: Customer) -> None:
        self.stage.put(self.stage.customers, customer.id, customer)
        self.stage.put(self.stage.written, customer.id, NEW)
        self.stage.name(customer)

    def save(self, customer: Customer) -> Customer:
        saved = replace(customer, version=customer.version + 1)
        self.stage.put(self.stage.customers, customer.id, saved)
        self.stage.changed(customer.id, customer.version)
        return saved


@dataclass(frozen=True)
class _Contacts(SqlContacts):
    stage: _Stage

    def get(self, contact_id: UUID, sight: Sight, *, lock: bool = False) -> Contact:
        return self.stage.contacts.get(contact_id) or super().get(contact_id, sight, lock=lock)

    def holder_of(self, email_key: str, sight: Sight) -> UUID | None:
        found = self.stage.holders.get(email_key)
        return found if found in self.stage.contacts else None

    def add(self, contact: Contact) -> None:
        if (key := contact.email_key) is not None:
            if key in self.stage.holders:
                raise EmailTaken
            self.stage.put(self.stage.holders, key, contact.id)
        self.stage.put(self.stage.contacts, contact.id, contact)
        self.stage.put(self.stage.written, contact.id, NEW)

    def save(self, contact: Contact) -> Contact:
        saved = replace(contact, version=contact.version + 1)
        self.stage.put(self.stage.contacts, contact.id, saved)
        self.stage.changed(contact.id, contact.version)
        return saved


@dataclass(frozen=True)
class _Affiliations(SqlAffiliations):
    stage: _Stage

    def get(self, customer_id: UUID, contact_id: UUID) -> Affiliation:
        found = (one for one in self.of_contact(contact_id) if one.customer_id == customer_id)
        return next(found, None) or super().get(customer_id, contact_id)

    def of_contact(self, contact_id: UUID) -> list[Affiliation]:
        return list(self.stage.affiliations.get(contact_id, ()))

    def add(self, affiliation: Affiliation) -> None:
        self._put(affiliation)
        self.stage.put(self.stage.written, (affiliation.customer_id, affiliation.contact_id), NEW)

    def save(self, affiliation: Affiliation) -> Affiliation:
        saved = replace(affiliation, version=affiliation.version + 1)
        self._put(saved)
        self.stage.changed((affiliation.customer_id, affiliation.contact_id), affiliation.version)
        return saved

    def _put(self, affiliation: Affiliation) -> None:
        others = (one for one in self.of_contact(affiliation.contact_id) if one.customer_id != affiliation.customer_id)
        self.stage.put(self.stage.affiliations, affiliation.contact_id, (*others, affiliation))


@dataclass(frozen=True)
class _Groups(SqlGroups):
    stage: _Stage

    def unknown(self, group_ids: Collection[UUID]) -> set[UUID]:
        return _unknown(group_ids, super().unknown, self.stage)


@dataclass(frozen=True)
class _ContactRoles(SqlContactRoles):
    stage: _Stage

    def unknown(self, role_ids: Collection[UUID]) -> set[UUID]:
        return _unknown(role_ids, super().unknown, self.stage)


def _unknown(ids: Collection[UUID], ask: Any, stage: _Stage) -> set[UUID]:
    """Ask once for each; those that exist stay locked until the commit."""
    if fresh := [id_ for id_ in ids if id_ not in stage.known]:
        missing = ask(fresh)
        stage.known.update({id_: id_ not in missing for id_ in fresh})
    return {id_ for id_ in ids if not stage.known[id_]}


@dataclass(frozen=True)
class _Erasures(SqlErasures):
    stage: _Stage

    def asked(self, person_ids: set[UUID]) -> dict[UUID, bool]:
        found = self.connection.execute(sa.select(erasures.c.person_id).where(erasures.c.person_id.in_(person_ids))).scalars().all()
        return {id_: id_ in found for id_ in person_ids}

    def erased(self, person_id: UUID) -> bool:
        if person_id not in self.stage.erased:
            self.stage.erased[person_id] = self.stage.written.get(person_id) != NEW and super().erased(person_id)
        return self.stage.erased[person_id]


@dataclass(frozen=True)
class _Settings(SqlSettings):
    stage: _Stage

    def get(self, *, lock: bool = False) -> ContactsSettings:
        if self.stage.settings is None:
            self.stage.settings = super().get(lock=lock)
        return self.stage.settings


class SqlBatch(SqlUnitOfWork):
    """A transaction of many people. What its use cases read must be prepared; other repositories are as ever."""

    def __enter__(self) -> Self:
        self._stage, self._kept_events = _Stage(), 0
        return super().__enter__()

    @property
    def customers(self) -> _Customers:
        return _Customers(self.connection, self._stage)

    @property
    def contacts(self) -> _Contacts:
        return _Contacts(self.connection, self._stage)

    @property
    def affiliations(self) -> _Affiliations:
        return _Affiliations(self.connection, self.clock, self._stage)

    @property
    def groups(self) -> _Groups:
        return _Groups(self.connection, self._stage)

    @property
    def contact_roles(self) -> _ContactRoles:
        return _ContactRoles(self.connection, self.clock, self._stage)

    @property
    def erasures(self) -> _Erasures:
        return _Erasures(self.connection, self._stage)

    @property
    def settings(self) -> _Settings:
        return _Settings(self.connection, self.clock, self._stage)

    def prepare(self, keys: Keys, sight: Sight) -> None:
        """Read and lock what the keys mean: customers, then contacts, each by id, as everybody does."""
        stage = self._stage
        for customer in SqlCustomers(self.connection).matching(keys.customers, sight):
            stage.customers[customer.id] = customer
            stage.name(customer)
        primary = {one.primary_contact_id for one in stage.customers.values() if one.primary_contact_id is not None}
        stage.erased.update(self.erasures.asked(primary))
        contacts = SqlContacts(self.connection)
        stage.holders.update(contacts.holders_of(keys.email_keys))
        if keys.changes:
            stage.contacts.update({one.id: one for one in contacts.locked(set(stage.holders.values()), sight)})
            for affiliation in SqlAffiliations(self.connection, self.clock).of_contacts(stage.contacts):
                of = affiliation.contact_id
                stage.affiliations[of] = (*stage.affiliations.get(of, ()), affiliation)
        self.keep()

    def keep(self) -> None:
        """Let what was done since the last `keep` or `drop` be written."""
        self._stage.log.clear()
        self._kept_events = len(self.outbox.events)

    def drop(self) -> None:
        """Take back what was done since the last `keep` or `drop`."""
        self._stage.take_back()
        del self.outbox.events[self._kept_events :]

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Undo at the end whatever is done inside, and announce nothing of it."""
        with self.connection.begin_nested() as inner:
            yield
            inner.rollback()
        self._stage = _Stage()
        del self.outbox.events[:]

    def write(self) -> None:
        """Write what was kept. Aborted when somebody took an address meanwhile: nothing is written, begin again."""
        try:
            self._write()
        except sa.exc.IntegrityError as error:
            raise Aborted("somebody was faster with one of these rows") from error

    def _write(self) -> None:
        stage = self._stage
        customers, contacts = SqlCustomers(self.connection), SqlContacts(self.connection)
        if new := self._new(stage.customers):
            customers.add_all(new)
        for customer, version in self._changed(stage.customers):
            customers.save(replace(customer, version=version))
        if people := self._new(stage.contacts):
            contacts.add_all(people, {one.id: self._texts_of_customers(one.id) for one in people})
        for person, version in self._changed(stage.contacts):
            contacts.save(replace(person, version=version))
        self._write_affiliations({(one.customer_id, one.contact_id): one for of in stage.affiliations.values() for one in of})

    def _new(self, table: Mapping[Any, T]) -> list[T]:
        return [one for key, one in table.items() if self._stage.written.get(key) == NEW]

    def _changed(self, table: Mapping[Any, T]) -> list[tuple[T, int]]:
        return [(one, version) for key, one in table.items() if (version := self._stage.written.get(key, NEW)) != NEW]

    def _texts_of_customers(self, contact_id: UUID) -> str:
        return "".join(self._stage.customers[one.customer_id].search_text for one in self._stage.affiliations.get(contact_id, ()))

    def _write_affiliations(self, found: Mapping[tuple[UUID, UUID], Affiliation]) -> None:
        affiliations = SqlAffiliations(self.connection, self.clock)
        if added := self._new(found):
            primary = {id_: one.primary_contact_id for id_, one in self._stage.customers.items()}
            affiliations.add_all([(one, primary.get(one.customer_id) or one.contact_id) for one in added])
        for affiliation, version in self._changed(found):
            affiliations.save(replace(affiliation, version=version))
