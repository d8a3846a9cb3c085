"""The use cases of documents, and the protocols of what they need from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from libs import unit_of_work
from libs.access import Caller, Kind
from libs.listing import Listing
from services.documents.domain.customers import Customer
from services.documents.domain.invoices import Invoice, View
from services.documents.domain.payments import Entry, Payment
from services.documents.domain.renditions import Rendition
from services.documents.domain.settings import Kind as Series
from services.documents.domain.settings import Settings as DocumentsSettings

ITSELF = Caller(kind=Kind.SERVICE, service="documents")  # who reads in a consumer or a job
RENDITIONS_CHANNEL = "renditions"  # woken when an invoice without its PDF was committed


class Invoices(Protocol):
    """What the caller may not see does not exist: operators by group, contacts their customer's, issued ones only."""

    def get(self, invoice_id: UUID, caller: Caller) -> Invoice: ...  # or NotFound
    def hold(self, invoice_id: UUID, caller: Caller) -> Invoice: ...  # locked until the commit; or NotFound
    def page(self, caller: Caller, listing: Listing, today: date) -> tuple[Sequence[Invoice], str]: ...
    def add(self, invoice: Invoice) -> None: ...
    def save_draft(self, invoice: Invoice) -> Invoice: ...  # all of it, while the stored one is a DRAFT; next version, or Aborted
    def save_issued(self, invoice: Invoice) -> Invoice: ...  # what may change after issue; next version, or Aborted
    def delete_draft(self, invoice: Invoice) -> None: ...
    def last_issue(self, customer_ids: Collection[UUID]) -> date | None: ...  # to one of these customers
    def next_event(self, invoice_id: UUID) -> int: ...  # version of the next event about it
    def viewed(self, invoice_id: UUID, session_id: UUID) -> bool: ...
    def views_of(self, contact_id: UUID, caller: Caller) -> Sequence[View]: ...  # of customers that the caller sees, the oldest first
    def add_view(self, invoice_id: UUID, session_id: UUID, contact_id: UUID, time: datetime) -> bool: ...  # False: was there


class Payments(Protocol):
    def get(self, payment_id: UUID, caller: Caller) -> Payment: ...  # or NotFound
    def page(self, caller: Caller, listing: Listing) -> tuple[Sequence[Payment], str]: ...
    def add(self, payment: Payment) -> None: ...
    def entries(self, customer_id: UUID) -> Sequence[Entry]: ...  # issued invoices and payments, all of one moment


class Customers(Protocol):
    """The projection of contacts' customers."""

    def visible(self, customer_id: UUID, caller: Caller) -> bool: ...
    def add(self, customer: Customer, now: datetime) -> None: ...  # unless it is known
    def apply(self, customer: Customer, now: datetime) -> None: ...  # unless a newer version was applied


class Numbers(Protocol):
    def next(self, series: Series, year: int) -> int: ...  # gapless: locked until the commit


class Settings(Protocol):
    def get(self) -> DocumentsSettings: ...
    def hold(self) -> DocumentsSettings: ...  # locked until the commit
    def save(self, changed: DocumentsSettings) -> DocumentsSettings: ...  # with its next version; Aborted if another was faster


class Renditions(Protocol):
    def get(self, invoice_id: UUID) -> Rendition: ...
    def add(self, rendition: Rendition) -> None: ...
    def complete(self, rendition: Rendition, now: datetime) -> None: ...  # once: a second copy changes nothing
    def claim(self, limit: int, now: datetime) -> Sequence[UUID]: ...  # invoices without a PDF, leased for a minute


class Reader(Protocol):
    """Reads what is committed, each query for itself."""

    @property
    def invoices(self) -> Invoices: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def renditions(self) -> Renditions: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class UnitOfWork(Reader, unit_of_work.UnitOfWork, Protocol):
    @property
    def numbers(self) -> Numbers: ...
    def wake(self, channel: str) -> None: ...


class Contacts(Protocol):
    """The service that owns customers."""

    def customer(self, customer_id: UUID) -> Customer: ...  # or NotFound
    def customers(self) -> Iterator[Customer]: ...


class Renderer(Protocol):
    def pdf(self, content: Mapping[str, object]) -> bytes: ...


class Files(Protocol):
    def put(self, key: str, content: bytes) -> bool: ...  # False: there was one under this key, and it stays
    def get(self, key: str) -> bytes: ...
