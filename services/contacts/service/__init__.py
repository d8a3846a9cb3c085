"""Use cases of contacts, one file per resource; here what they need from outside, and who sees what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from libs import unit_of_work
from libs.access import Caller, Kind
from libs.listing import Listing
from services.contacts import domain
from services.contacts.domain import Sight


class Customers(Protocol):
    def get(self, customer_id: UUID, sight: Sight, *, lock: bool = False) -> domain.Customer:
        """Return the customer, or NotFound; lock: nobody else changes it or its contacts before the commit."""
        ...

    def visible(self, customer_ids: Collection[UUID], sight: Sight) -> dict[UUID, domain.Customer]: ...  # those of them that it may see
    def shown(self, found: Sequence[domain.Customer], sight: Sight) -> list[domain.Customer]:
        """Return the customers as the caller may see them: without a primary contact that is hidden from it."""
        ...

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[domain.Customer], str]: ...  # exact hits alone
    def search(self, listing: Listing, sight: Sight) -> tuple[Sequence[domain.Customer], str]: ...  # then those that a slip lets in
    def add(self, customer: domain.Customer) -> None: ...
    def save(self, customer: domain.Customer) -> domain.Customer: ...  # with its next version; Aborted if another was faster


class Contacts(Protocol):
    def get(self, contact_id: UUID, sight: Sight, *, lock: bool = False) -> domain.Contact: ...  # or NotFound
    def view(self, contact_id: UUID, sight: Sight) -> domain.ContactView: ...  # or NotFound
    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[domain.ContactView], str]: ...  # exact hits alone
    def search(self, listing: Listing, sight: Sight) -> domain.ContactsPage: ...  # then those that only a slip lets in
    def count(self, listing: Listing, sight: Sight) -> int: ...  # without those of a slip; 10,001: more than 10,000
    def add(self, contact: domain.Contact) -> None: ...  # EmailTaken
    def save(self, contact: domain.Contact) -> domain.Contact: ...  # EmailTaken; Aborted if another was faster
    def delete(self, contact_id: UUID, now: datetime) -> None: ...  # with its affiliations; keeps the id as deleted
    def restore(self, contact: domain.Contact) -> None: ...  # a deleted one, under its id; EmailTaken
    def links(self, contact_id: UUID, sight: Sight) -> list[domain.Links]: ...  # as far as the reader sees them
    def entered(self, contact_id: UUID, time: datetime) -> None: ...  # the latest access counts
    def seen(self, contact_ids: Collection[UUID], sight: Sight) -> set[UUID]: ...  # those that the caller may see
    def stays(self, contact_id: UUID, sight: Sight) -> bool: ...  # it may be seen, and is neither deleted nor erased before the commit
    def superiors(self, contact_id: UUID) -> list[UUID]: ...  # itself first, then to whom it reports and so on
    def subordinates(self, contact_id: UUID) -> list[UUID]: ...  # who report to it, locked
    def known(self, contact_ids: Collection[UUID]) -> set[UUID]: ...  # those that exist
    def holder_of(self, email_key: str, sight: Sight) -> UUID | None: ...  # None also when it is hidden


class Affiliations(Protocol):
    def get(self, customer_id: UUID, contact_id: UUID) -> domain.Affiliation: ...  # or NotFound
    def view(self, customer_id: UUID, contact_id: UUID, sight: Sight) -> domain.AffiliationView: ...  # or NotFound
    def page(self, customer_id: UUID | None, listing: Listing, sight: Sight) -> tuple[Sequence[domain.AffiliationView], str]: ...
    def of_contact(self, contact_id: UUID) -> list[domain.Affiliation]: ...
    def is_only_one(self, customer_id: UUID, contact_id: UUID) -> bool: ...  # nobody else acts for the customer
    def primary_of(self, contact_id: UUID) -> list[UUID]: ...  # customers
    def add(self, affiliation: domain.Affiliation) -> None: ...  # AlreadyAffiliated; the first of a customer makes its contact primary
    def restore(self, affiliation: domain.Affiliation, now: datetime) -> None: ...  # as `add`, one that had ended
    def save(self, affiliation: domain.Affiliation) -> domain.Affiliation: ...
    def delete(self, affiliation: domain.Affiliation) -> None: ...
    def candidates(self, queries: Sequence[domain.Query]) -> domain.Candidates: ...


class SubContacts(Protocol):
    def view(self, principal_id: UUID, contact_id: UUID, sight: Sight, *, lock: bool = False) -> domain.SubContactView: ...  # or NotFound
    def page(self, principal_id: UUID | None, listing: Listing, sight: Sight) -> tuple[Sequence[domain.SubContactView], str]: ...
    def add(self, link: domain.SubContact) -> None: ...  # AlreadyLinked
    def save(self, link: domain.SubContact) -> domain.SubContact: ...  # with its next version; Aborted if another was faster
    def delete(self, link: domain.SubContact) -> None: ...


class Duplicates(Protocol):
    def of(self, person: domain.Person, customer_id: UUID | None, sight: Sight) -> list[domain.Duplicate]: ...  # the likeliest first


class Merges(Protocol):
    def get(self, merge_id: UUID, sight: Sight) -> domain.Merge: ...  # or NotFound
    def page(self, contact_id: UUID, listing: Listing, sight: Sight) -> tuple[Sequence[domain.Merge], str]: ...
    def survivor_of(self, contact_id: UUID, sight: Sight) -> UUID | None: ...  # in the end; None also when it is hidden
    def merged_into(self, contact_id: UUID) -> list[UUID]: ...  # the ids that it had besides, none given back before the commit
    def into(self, contact_id: UUID) -> list[domain.Merge]: ...  # those that it survived and that may still be undone
    def lock_of(self, *contact_ids: UUID) -> None: ...  # none that they are part of is undone before the commit
    def add(self, merge: domain.Merge) -> None: ...
    def save(self, merge: domain.Merge) -> None: ...  # Aborted when it was undone
    def forget(self, before: datetime) -> None: ...  # the snapshots of older ones
    def hanging(self, contact_id: UUID) -> domain.Hanging: ...
    def pass_on(self, hanging: domain.Hanging, giver_id: UUID, taker_id: UUID) -> None: ...  # what is still the giver's of it
    def links(self, contact_id: UUID) -> list[domain.SubContact]: ...  # as principal and as linked person, locked


class Bulk(Protocol):
    """Affiliations by the filter of a list of contacts, `customer` and `contact_role` being their own."""

    def count(self, listing: Listing, sight: Sight, most: int) -> int: ...  # not further than `most`
    def lock(
        self, listing: Listing, sight: Sight, most: int
    ) -> list[domain.Reachable]: ...  # until the commit, with customers and contacts
    def save(self, affiliations: Sequence[domain.Affiliation]) -> None: ...  # locked ones, each with its next version


class Groups(Protocol):
    def get(self, group_id: UUID, sight: Sight) -> domain.Group: ...  # or NotFound
    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[domain.Group], str]: ...
    def add(self, group: domain.Group) -> None: ...  # NameTaken
    def save(self, group: domain.Group) -> domain.Group: ...  # NameTaken
    def delete(self, group: domain.Group) -> None: ...
    def ancestors(self, group_id: UUID) -> list[UUID]: ...  # itself first
    def unknown(self, group_ids: Collection[UUID]) -> set[UUID]: ...  # those that do not exist; the others stay until the commit
    def has_children(self, group_id: UUID) -> bool: ...


class ContactRoles(Protocol):
    def get(self, role_id: UUID, sight: Sight) -> domain.ContactRole: ...  # or NotFound
    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[domain.ContactRole], str]: ...
    def add(self, role: domain.ContactRole) -> None: ...  # ContactRoleTaken
    def save(self, role: domain.ContactRole) -> domain.ContactRole: ...  # ContactRoleTaken
    def delete(self, role: domain.ContactRole) -> None: ...  # ContactRoleInUse
    def unknown(self, role_ids: Collection[UUID]) -> set[UUID]: ...  # those that do not exist; the others stay until the commit
    def hand_over(self, role_id: UUID, replacement_id: UUID | None) -> None: ...  # from all who hold it; nobody gets it until the commit


class Leads(Protocol):
    def get(self, lead_id: UUID, sight: Sight, *, lock: bool = False) -> domain.Lead: ...  # or NotFound
    def shown(self, found: Sequence[domain.Lead], sight: Sight) -> list[domain.Lead]:
        """Return the leads as the caller may see them: without a contact that is hidden from it."""
        ...

    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[domain.Lead], str]: ...
    def add(self, lead: domain.Lead) -> None: ...
    def save(self, lead: domain.Lead) -> domain.Lead: ...  # with its next version; Aborted if another was faster
    def of_contact(self, contact_id: UUID) -> list[domain.Lead]: ...  # the leads that it was, locked
    def delete(self, lead: domain.Lead) -> None: ...


class Fields(Protocol):
    """The organisation's own fields, and the values that contacts hold of them."""

    def custom(self, *, lock: bool = False) -> list[domain.Field]:
        """Return them; lock: none changes or goes before the commit. Lock them before customers and contacts."""
        ...

    def change(self, field_id: UUID) -> None: ...  # locks it: no profile is written before the commit that it might not fit
    def add(self, field: domain.Field) -> None: ...  # FieldNameTaken
    def save(self, field: domain.Field) -> domain.Field: ...  # FieldNameTaken; Aborted if another was faster
    def delete(self, field: domain.Field) -> None: ...
    def value_count(self, field: domain.Field, sight: Sight, options: Collection[str] = ()) -> int: ...  # contacts that hold one of them
    def clear(self, field: domain.Field, options: Collection[str] = ()) -> None: ...  # takes all values, or these options, from contacts


class Notes(Protocol):
    def get(self, note_id: UUID, subject: domain.Subject, sight: Sight, *, lock: bool = False) -> domain.Note: ...  # or NotFound
    def page(self, subject: domain.Subject, listing: Listing, sight: Sight) -> tuple[Sequence[domain.Note], str]: ...
    def add(self, note: domain.Note) -> None: ...
    def save(self, note: domain.Note) -> domain.Note: ...  # with its next version; Aborted if another was faster
    def delete(self, note: domain.Note) -> None: ...


class Views(Protocol):
    """Of the views of others only the shared ones are there for an operator. account_id: who asks."""

    def get(self, view_id: UUID, account_id: UUID, *, lock: bool = False) -> domain.View: ...  # or NotFound
    def page(self, listing: Listing, account_id: UUID) -> tuple[Sequence[domain.View], str]: ...
    def count(self, account_id: UUID) -> int: ...  # of its own
    def add(self, view: domain.View) -> None: ...  # ViewNameTaken
    def save(self, view: domain.View) -> domain.View: ...  # ViewNameTaken; Aborted if another was faster
    def delete(self, view: domain.View) -> None: ...
    def set_default(self, account_id: UUID, collection: str, view_id: UUID | None) -> None: ...


class Erasures(Protocol):
    """The ledger of erased people, and what goes with them."""

    def get(self, person_id: UUID, sight: Sight) -> domain.Erasure: ...  # or NotFound
    def find(self, person_id: UUID) -> domain.Erasure | None: ...  # locked until the commit
    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[domain.Erasure], str]: ...
    def all(self) -> Iterator[domain.Erasure]: ...  # without receipts, the oldest first
    def waiting(self) -> tuple[int, datetime | None]: ...  # how many are not complete, and when the oldest of them was asked for
    def add(self, erasure: domain.Erasure) -> None: ...  # Aborted if another was faster
    def save(self, erasure: domain.Erasure) -> None: ...
    def erased(self, person_id: UUID) -> bool: ...
    def was_contact(self, contact_id: UUID) -> bool: ...  # and was deleted
    def colleague(self, customer_id: UUID, contact_id: UUID) -> UUID | None: ...  # who was there first of those that are not erased

    def forget_mentions(self, first_name: str, last_name: str, email: str) -> int: ...  # in words that operators chose; how many

    def forget(self, contact_id: UUID, email_key: str | None, customer_ids: Collection[UUID]) -> int:
        """Remove whatever stands beside the records of these and could say who the person was; return how much it was."""
        ...


class PersonalData(Protocol):
    """What says something about a person and no other repository gives."""

    def states(self, contact_id: UUID, sight: Sight) -> Iterator[tuple[str, dict[str, Any]]]: ...  # of the history, each with its kind
    def imported(self, contact_id: UUID, email_key: str | None) -> Iterator[dict[str, Any]]: ...  # rows of files, whoever brought them


class Imports(Protocol):
    def get(self, job_id: UUID, owner_id: UUID | None, *, lock: bool = False) -> domain.ImportJob: ...  # or NotFound
    def page(self, listing: Listing, owner_id: UUID | None) -> tuple[Sequence[domain.ImportJob], str]: ...
    def add(self, job: domain.ImportJob, content: bytes) -> None: ...
    def save(self, job: domain.ImportJob) -> domain.ImportJob: ...  # with its next version; Aborted if another was faster
    def save_progress(self, job: domain.ImportJob) -> None: ...  # of a locked job; its version stays
    def delete(self, job_id: UUID) -> None: ...
    def sweep(self, before: datetime) -> None: ...  # forgets jobs whose last change is older
    def claim(self) -> domain.ImportJob | None: ...  # one that waits for its next chunk, locked; None when all rest or are in other hands
    def content(self, job_id: UUID) -> bytes: ...
    def load(self, job_id: UUID, rows: Iterable[Sequence[str]]) -> int: ...  # the count; all rows or, when reading fails, none
    def forget_report(self, job_id: UUID) -> domain.Counts: ...  # of rows that are not imported; the counts of those that are
    def pending(self, job_id: UUID, limit: int) -> list[domain.ImportRow]: ...
    def accepted_keys(self, job_id: UUID, keys: Collection[str]) -> set[str]: ...  # addresses that an accepted row has already
    def record(self, job_id: UUID, rows: Sequence[domain.ImportRow]) -> None: ...
    def rows(self, job_id: UUID, listing: Listing) -> tuple[Sequence[domain.ImportRow], str]: ...
    def refused(self, job_id: UUID) -> Iterator[domain.ImportRow]: ...


class Settings(Protocol):
    def get(self, *, lock: bool = False) -> domain.ContactsSettings: ...
    def save(self, settings: domain.ContactsSettings) -> domain.ContactsSettings: ...


class Activities(Protocol):
    def add(self, activities: Sequence[domain.Activity]) -> None: ...  # those of a known event change nothing
    def page(
        self, contact_id: UUID | None, customer_id: UUID | None, listing: Listing, sight: Sight
    ) -> tuple[Sequence[domain.Activity], str]: ...


class Past(Protocol):
    """What decided at an instant. Who sees it is asked of today; NotFound before the creation and after the end."""

    def contact(self, contact_id: UUID, time: datetime, sight: Sight) -> domain.ContactView: ...
    def affiliation(self, customer_id: UUID, contact_id: UUID, time: datetime, sight: Sight) -> domain.AffiliationView: ...
    def affiliations(
        self, customer_id: UUID | None, time: datetime, listing: Listing, sight: Sight
    ) -> tuple[Sequence[domain.AffiliationView], str]: ...


class Repositories(Protocol):
    @property
    def customers(self) -> Customers: ...
    @property
    def contacts(self) -> Contacts: ...
    @property
    def affiliations(self) -> Affiliations: ...
    @property
    def sub_contacts(self) -> SubContacts: ...
    @property
    def duplicates(self) -> Duplicates: ...
    @property
    def merges(self) -> Merges: ...
    @property
    def bulk(self) -> Bulk: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def contact_roles(self) -> ContactRoles: ...
    @property
    def leads(self) -> Leads: ...
    @property
    def fields(self) -> Fields: ...
    @property
    def notes(self) -> Notes: ...
    @property
    def views(self) -> Views: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def imports(self) -> Imports: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def activities(self) -> Activities: ...
    @property
    def personal_data(self) -> PersonalData: ...
    @property
    def past(self) -> Past: ...


class UnitOfWork(unit_of_work.UnitOfWork, Repositories, Protocol):
    """Repositories of one transaction."""

    def wake(self, channel: str) -> None: ...  # at the commit, whoever waits for it


Reading = Callable[[], AbstractContextManager[Repositories]]  # repositories outside a transaction, for what only reads


def sight_of(caller: Caller) -> Sight:
    """Return the rows that a caller sees: services all, operators and clients those of their groups, a contact its own."""
    match caller.kind:
        case Kind.SERVICE:
            return domain.EVERYTHING
        case Kind.OPERATOR | Kind.CLIENT if "contacts.read" in caller.capabilities:
            return Sight(everything=caller.sees_all, groups=caller.groups)
        case Kind.CONTACT:
            return Sight(contact_id=caller.account_id)
        case _:
            return Sight()


def colleague_sight_of(caller: Caller) -> Sight:
    """As `sight_of`; the primary contact of the customer for which it acts sees its colleagues there too.

    Only what a primary contact may do for its colleagues asks for it, so that nothing else ever shows it more than itself.
    """
    sight = sight_of(caller)
    if caller.kind is Kind.CONTACT and "PRIMARY" in caller.permissions and caller.customer_id is not None:
        return replace(sight, primary_of=caller.customer_id)
    return sight
