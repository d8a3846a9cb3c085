"""Erasures: the end of a person's data, here and in every other service, with a receipt from each."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from libs.errors import NotFound

HERE = "contacts"
SERVICES = (HERE, "documents", "identity", "notifications")  # all that keep something; portal and gateway have no database


def nobody(language_code: str) -> str:
    """Return what stands in the place of a name; in English for every language but Italian."""
    return "Persona anonimizzata" if language_code[:2] in {"", "it"} else "Anonymised person"


class ErasureNotFound(NotFound):
    reason = "ERASURE_NOT_FOUND"


class Collection(enum.Enum):
    """Where a person's record stands."""

    CONTACTS = "contacts"
    LEADS = "leads"


@dataclass(frozen=True)
class ErasedPerson:
    """Whom an erasure is about: a contact or a lead."""

    collection: Collection
    id: UUID

    @property
    def name(self) -> str:
        return f"{self.collection.value}/{self.id}"


@dataclass(frozen=True)
class Receipt:
    """What one service erased and what the law makes it keep. version: of the request that it answers."""

    service: str
    version: int
    erased_count: int
    erase_time: datetime
    held: tuple[str, ...] = ()
    held_until: date | None = None


@dataclass(frozen=True)
class Erasure:
    """One for each person. version: grows when everybody has to erase anew, after a restore; receipts for an older one do not count.

    customers: for whom the person acted when it was erased. erased_customers: those that are the person itself.
    """

    person: ErasedPerson
    create_time: datetime
    customers: frozenset[UUID] = frozenset()
    erased_customers: frozenset[UUID] = frozenset()
    receipts: Sequence[Receipt] = field(default=())
    complete_time: datetime | None = None
    version: int = 1

    @property
    def counting(self) -> tuple[Receipt, ...]:
        return tuple(receipt for receipt in self.receipts if receipt.version >= self.version)

    @property
    def missing(self) -> tuple[str, ...]:
        given = {receipt.service for receipt in self.counting}
        return tuple(service for service in SERVICES if service not in given)

    @property
    def complete(self) -> bool:
        return self.complete_time is not None

    def with_receipt(self, receipt: Receipt) -> Erasure:
        """Return the erasure with the newest receipt of that service; complete when it was the last that was missing.

        A service that nobody waits for changes nothing, nor does an answer to an earlier request.
        """
        if receipt.service not in SERVICES or receipt.version < self.version:
            return self
        others = (one for one in self.receipts if one.service != receipt.service)
        told = replace(self, receipts=tuple(sorted((*others, receipt), key=lambda one: one.service)))
        return replace(told, complete_time=told.complete_time or (None if told.missing else receipt.erase_time))

    def again(self, at_least: int = 0) -> Erasure:
        """Return the erasure for everybody to do anew. at_least: the version of a ledger that may know more than ours."""
        return replace(self, version=max(self.version, at_least) + 1, complete_time=None)
