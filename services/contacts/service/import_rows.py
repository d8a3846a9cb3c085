"""The rows of an import, a chunk in each transaction: each row by the use cases of one person, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from google.protobuf.message import Message

from libs.errors import ServiceError
from libs.ids import new_id
from libs.unit_of_work import Clock
from services.contacts import service, wire
from services.contacts.domain import (
    Affiliation,
    Catalogue,
    Contact,
    Customer,
    CustomerKeys,
    Draft,
    ImportJob,
    ImportRow,
    Outcome,
    RowRefused,
    Sight,
    Stage,
    problems_of,
    read_row,
)
from services.contacts.domain.imports import KEPT, Keys
from services.contacts.domain.values import key_of
from services.contacts.service.affiliations import save_affiliation
from services.contacts.service.contacts import NewContact, add_contact, save_contact
from services.contacts.service.customers import add_customer
from services.contacts.service.fields import catalogue
from services.contacts.wire import files

CHUNK = 500
ACCEPTED = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)
Limits = Callable[[Message], None]  # what the contract says of a request; InvalidArgument


class Customers(service.Customers, Protocol):
    def like(self, vat_number: str, tax_code: str, name: str) -> list[Customer]:
        """Return those prepared that the VAT number means, else the tax code, else the name, unless another tax id contradicts."""
        ...


class Groups(service.Groups, Protocol):
    def named(self, name_keys: Sequence[str], sight: Sight) -> dict[str, UUID]: ...  # by folded name


class ContactRoles(service.ContactRoles, Protocol):
    def named(self, keys: Sequence[str]) -> dict[str, UUID]: ...  # by folded label in either language


class Batch(service.UnitOfWork, Protocol):
    """A transaction that reads at once what many rows may mean, and writes at once what became of them."""

    @property
    def customers(self) -> Customers: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def contact_roles(self) -> ContactRoles: ...
    def prepare(self, keys: Keys, sight: Sight) -> None: ...
    def keep(self) -> None: ...  # what was done since the last keep or drop will be written
    def drop(self) -> None: ...  # it never happened
    def write(self) -> None: ...  # Aborted when somebody was faster; begin the chunk again
    def rehearsal(self) -> AbstractContextManager[None]: ...  # at its end nothing happened and nothing is announced


class ChunkFailed(Exception):
    """A chunk that broke off; nothing of it was kept. The cause says why."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"a chunk of import {job_id} failed")
        self.job_id = job_id


def next_chunk(*, uow: Batch, limits: Limits, clock: Clock) -> bool:
    """Do the next chunk of the job whose turn it is; False when there is none. Killed in between, nothing of the chunk has happened."""
    with uow:
        if (job := uow.imports.claim()) is None:
            return False
        try:
            job = _chunk(job, uow, limits, clock) if job.loaded else _load(job, uow, clock)
        except Exception as error:
            raise ChunkFailed(job.id) from error
        uow.imports.save_progress(job)
        uow.commit()
    return True


def give_up(job_id: UUID, *, uow: service.UnitOfWork, clock: Clock) -> None:
    """End a job whose next chunk fails again and again; what was imported stays, and running it again goes on there."""
    with uow:
        job = uow.imports.claim()
        if job is not None and job.id == job_id:
            uow.imports.save_progress(job.ended(Stage.FAILED, clock(), "IMPORT_BROKE_OFF"))
            uow.commit()


def sweep(*, uow: service.UnitOfWork, clock: Clock) -> None:
    with uow:
        uow.imports.sweep(clock() - KEPT)
        uow.commit()


def _load(job: ImportJob, uow: Batch, clock: Clock) -> ImportJob:
    """Read the file into rows: all of them, or the job has failed with the reason."""
    try:
        count = uow.imports.load(job.id, files.read(uow.imports.content(job.id)).rows)
    except files.FileRefused as refused:
        return job.ended(Stage.FAILED, clock(), refused.reason)
    return replace(job.advanced([], clock()), loaded=True, counts=replace(job.counts, total=count))


def _chunk(job: ImportJob, uow: Batch, limits: Limits, clock: Clock) -> ImportJob:
    now = clock()
    if not (rows := uow.imports.pending(job.id, CHUNK)):
        return job.ended(Stage.SUCCEEDED, now)
    with uow.rehearsal() if job.dry else nullcontext():
        done = list(_Chunk.of(job, rows, uow, limits, now).outcomes())
        if not job.dry:
            uow.write()
    uow.imports.record(job.id, done)
    return job.advanced([row.outcome for row in done if row.outcome], now)


@dataclass
class _Chunk:
    """Rows of one transaction. drafts: what each says; a refusal says nothing more. keys: addresses that an accepted row has."""

    job: ImportJob
    rows: Sequence[ImportRow]
    drafts: Sequence[Draft | RowRefused]
    keys: set[str]
    groups: dict[str, UUID]
    roles: dict[str, UUID]
    catalogue: Catalogue
    uow: Batch
    limits: Limits
    now: datetime

    @classmethod
    def of(cls, job: ImportJob, rows: Sequence[ImportRow], uow: Batch, limits: Limits, now: datetime) -> _Chunk:
        drafts = [_read(job, row) for row in rows]
        said = [draft for draft in drafts if isinstance(draft, Draft)]
        wanted = Keys(_customer_keys(job, said), frozenset(key for one in said if (key := one.email_key)), job.given.update_existing)
        known = catalogue(uow, lock=True)  # before customers and contacts, as everybody does
        uow.prepare(wanted, job.sight)
        groups = uow.groups.named([key_of(name) for one in said for name in one.list("groups")], job.sight)
        roles = uow.contact_roles.named([key_of(one.texts["contact_role"]) for one in said if "contact_role" in one.texts])
        return cls(job, rows, drafts, uow.imports.accepted_keys(job.id, wanted.email_keys), groups, roles, known, uow, limits, now)

    def outcomes(self) -> Iterator[ImportRow]:
        for row, draft in zip(self.rows, self.drafts, strict=True):
            try:
                done = self._done(row, draft)
            except RowRefused as refused:
                done = replace(row, outcome=Outcome.REFUSED, problems=refused.problems)
            except ServiceError as error:
                done = replace(row, outcome=Outcome.REFUSED, problems=problems_of(error))
            if done.outcome is Outcome.REFUSED:
                self.uow.drop()
            else:
                self.uow.keep()
            yield done

    def _done(self, row: ImportRow, draft: Draft | RowRefused) -> ImportRow:
        if isinstance(draft, RowRefused):
            raise draft
        key = draft.email_key
        if key is not None and key in self.keys:
            raise RowRefused("email: ROW_EMAIL_TWICE_IN_FILE")
        outcome, contact_id = self._person(draft, key)
        if key is not None:
            self.keys.add(key)
        real = not self.job.dry
        there = real or outcome is not Outcome.CREATED
        return replace(row, outcome=outcome, imported=real, contact_id=contact_id if there else None, email_key=key)

    def _person(self, draft: Draft, key: str | None) -> tuple[Outcome, UUID]:
        if key is not None and self.job.given.update_existing and (held := self.uow.contacts.holder_of(key, self.job.sight)) is not None:
            return self._update(self.uow.contacts.get(held, self.job.sight, lock=True), draft), held
        contact = self._create(draft)
        return Outcome.CREATED, contact.id

    # --- a new person --------------------------------------------------------------------------------------------------------------
    def _create(self, draft: Draft) -> Contact:
        customer = self._customer(draft)
        id_, given = new_id(), self.job.given
        blank = Contact(id_, customer.id, "", "", self.now, self.now, groups=given.groups | self._groups_of(draft), tags=given.tags)
        contact = draft.applied_to(blank, self.catalogue)
        here = Affiliation(customer.id, id_, self.now, draft.texts.get("position", ""), self._role_of(draft))
        contact = self._checked(contact, None, here.position)
        if "newsletter" not in draft.texts:
            contact = replace(contact, newsletter=bool(contact.email))
        return add_contact(NewContact(contact, [here], skip_welcome=True), self.job.sight, uow=self.uow)

    def _checked(self, contact: Contact, before: Contact | None, position: str) -> Contact:
        """Return the contact in its one form, by the rules of the domain and the limits of the contract."""
        try:
            checked = contact.checked(self.catalogue, before)
            self.limits(wire.contact_to_create(checked, position))
        except ServiceError as error:
            raise RowRefused(*problems_of(error, contact)) from None
        return checked

    def _customer(self, draft: Draft) -> Customer:
        given = self.job.given
        if (found := self._found(draft)) is not None:
            return found
        if given.new_customers is None:
            raise RowRefused(f"{_named(draft)}: ROW_CUSTOMER_UNKNOWN")
        wanted = draft.customer(new_id(), given.new_customers, self.now).checked()
        wanted = replace(wanted, groups=given.groups | self._groups_of(draft))
        self.limits(wire.customer_to_create(wanted))
        return add_customer(wanted, self.job.sight, uow=self.uow)

    def _found(self, draft: Draft) -> Customer | None:
        """Return the customer that a row means; None when there is none that may be seen."""
        if self.job.given.customer_id is not None:
            return self.uow.customers.get(self.job.given.customer_id, self.job.sight, lock=True)
        name = draft.texts.get("customer.display_name", "")
        codes = draft.codes
        if not any((name, *codes)):
            raise RowRefused("customer.display_name: REQUIRED")
        found = self.uow.customers.like(*codes, name)
        if len(found) > 1:
            raise RowRefused(f"{_named(draft)}: ROW_CUSTOMER_AMBIGUOUS")
        return found[0] if found else None

    def _groups_of(self, draft: Draft) -> frozenset[UUID]:
        names = [key_of(name) for name in draft.list("groups")]
        if any(name not in self.groups for name in names):
            raise RowRefused("groups: ROW_GROUP_NOT_FOUND")
        return frozenset(self.groups[name] for name in names)

    def _role_of(self, draft: Draft) -> UUID | None:
        if "contact_role" not in draft.texts:
            return None
        if (found := self.roles.get(key_of(draft.texts["contact_role"]))) is None:
            raise RowRefused("contact_role: ROW_ROLE_UNKNOWN")
        return found

    # --- one that is there ---------------------------------------------------------------------------------------------------------
    def _update(self, before: Contact, draft: Draft) -> Outcome:
        affiliation = self._affiliation(before, draft)
        groups = before.groups | self.job.given.groups | self._groups_of(draft)
        wanted = draft.applied_to(replace(before, groups=groups, tags=(*before.tags, *self.job.given.tags)), self.catalogue)
        position = draft.texts.get("position", affiliation.position if affiliation else "")
        contact = self._checked(wanted, before, position)
        changed = contact != before
        if changed:
            save_contact(replace(contact, update_time=self.now), before, self.job.sight, uow=self.uow)
        if affiliation is not None:
            role = self._role_of(draft) or affiliation.contact_role_id
            here = replace(affiliation, position=position, contact_role_id=role).checked()
            if here != affiliation:
                save_affiliation(here, affiliation, contact, uow=self.uow)
                changed = True
        return Outcome.UPDATED if changed else Outcome.UNCHANGED

    def _affiliation(self, contact: Contact, draft: Draft) -> Affiliation | None:
        """Return what the person is for the customer of the row, else for its own; None when that customer is not to be seen."""
        named = self.job.given.customer_id or any(name.startswith("customer.") for name in draft.texts)
        customer = self._found(draft) if named else None
        if named and customer is None:
            raise RowRefused(f"{_named(draft)}: ROW_CUSTOMER_UNKNOWN")
        wanted = customer.id if customer is not None else contact.customer_id
        found = next((one for one in self.uow.affiliations.of_contact(contact.id) if one.customer_id == wanted), None)
        if named and found is None:
            raise RowRefused(f"{_named(draft)}: ROW_OTHER_CUSTOMER")
        if not named and not self._sees(wanted):
            return None
        return found

    def _sees(self, customer_id: UUID) -> bool:
        try:
            self.uow.customers.get(customer_id, self.job.sight, lock=True)
        except ServiceError:
            return False
        return True


def _read(job: ImportJob, row: ImportRow) -> Draft | RowRefused:
    try:
        draft = read_row(job.columns, row.values)
        _ = draft.codes  # a number that cannot be one is found here, before anybody looks for it
    except RowRefused as refused:
        return refused
    return draft


def _customer_keys(job: ImportJob, drafts: Sequence[Draft]) -> CustomerKeys:
    if (customer_id := job.given.customer_id) is not None:
        return CustomerKeys(ids=frozenset({customer_id}))
    codes = [draft.codes for draft in drafts]
    names = (draft.texts.get("customer.display_name", "") for draft in drafts)
    return CustomerKeys(
        vat_numbers=frozenset(vat for vat, _ in codes if vat),
        tax_codes=frozenset(tax for _, tax in codes if tax),
        names=frozenset(key_of(name) for name in names if name),
    )


def _named(draft: Draft) -> str:
    """Return the field by which a row names its customer."""
    fields = ("customer.vat_number", "customer.tax_code", "customer.display_name")
    return next((field for field in fields if field in draft.texts), "customer.display_name")
