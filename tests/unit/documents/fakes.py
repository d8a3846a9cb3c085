"""What documents needs from outside, in memory."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from google.protobuf.message import Message

from libs.access import Caller, Kind
from libs.errors import Aborted, NotFound, RequestIdReused
from libs.listing import Listing
from libs.unit_of_work import Request
from services.documents.domain.customers import Customer
from services.documents.domain.invoices import Invoice, State, View
from services.documents.domain.payments import Entry, Payment
from services.documents.domain.renditions import Rendition
from services.documents.domain.settings import Kind as Series
from services.documents.domain.settings import Settings
from tests.unit.documents.builders import settings


class FakeContacts:
    """database: when given, asking while one of its transactions is open fails the test."""

    def __init__(self, *customers: Customer, database: FakeDatabase | None = None) -> None:
        self.known = {customer.id: customer for customer in customers}
        self._database = database

    def customer(self, customer_id: UUID) -> Customer:
        assert self._database is None or not self._database.open, "another service is asked while a transaction is open"
        if customer_id not in self.known:
            raise NotFound(f"customer {customer_id} does not exist")
        return self.known[customer_id]

    def customers(self) -> Iterator[Customer]:
        return iter(self.known.values())


class FakeRenderer:
    """Counts, and gives other bytes each time, as a renderer that prints the time would."""

    def __init__(self) -> None:
        self.rendered: list[Mapping[str, object]] = []

    def pdf(self, content: Mapping[str, object]) -> bytes:
        self.rendered.append(content)
        return f"%PDF {len(self.rendered)} {json.dumps(content)}".encode()


class FakeFiles:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, key: str, content: bytes) -> bool:
        return self.kept.setdefault(key, content) is content

    def get(self, key: str) -> bytes:
        return self.kept[key]


# --- the database -------------------------------------------------------------------------------------------------------------------
@dataclass
class Stored:
    """All that is committed."""

    invoices: dict[UUID, Invoice] = field(default_factory=dict)
    payments: dict[UUID, Payment] = field(default_factory=dict)
    customers: dict[UUID, Customer] = field(default_factory=dict)
    renditions: dict[UUID, Rendition] = field(default_factory=dict)
    settings: Settings = field(default_factory=settings)
    numbers: dict[tuple[Series, int], int] = field(default_factory=dict)
    event_versions: dict[UUID, int] = field(default_factory=dict)
    views: set[tuple[UUID, UUID]] = field(default_factory=set)
    handled: set[UUID] = field(default_factory=set)
    requests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    events: list[Message] = field(default_factory=list)


class FakeDatabase:
    """Keeps what was committed; its units of work change a copy. woken: the channels of the commits."""

    def __init__(self, *invoices: Invoice) -> None:
        self.stored = Stored(invoices={invoice.id: invoice for invoice in invoices})
        self.open = 0
        self.woken: list[str] = []

    def new_uow(self) -> FakeUnitOfWork:
        return FakeUnitOfWork(self)


class FakeUnitOfWork:
    """One transaction, or a reader when nothing is committed: the repositories are views of one copy."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database
        self._channels: list[str] = []

    def __enter__(self) -> Self:
        self._database.open += 1
        self.now = copy.deepcopy(self._database.stored)
        self.invoices, self.payments, self.customers = FakeInvoices(self.now), FakePayments(self.now), FakeCustomers(self.now)
        self.settings, self.numbers, self.renditions = FakeSettings(self.now), FakeNumbers(self.now), FakeRenditions(self.now)
        self.outbox, self.inbox, self.requests = FakeOutbox(self.now), FakeInbox(self.now), FakeRequests(self.now)
        return self

    def wake(self, channel: str) -> None:
        self._channels.append(channel)

    def commit(self) -> None:
        self._database.stored = self.now
        self._database.woken += self._channels

    def __exit__(self, *_: object) -> None:
        self._database.open -= 1


@dataclass
class _View:
    now: Stored


class FakeOutbox(_View):
    def add(self, event: Message) -> None:
        self.now.events.append(event)

    def withdraw(self, subject: str, kinds: Collection[type[Message]]) -> None:
        """Nothing waits here: what was added is what was told."""


class FakeInbox(_View):
    def add(self, event_id: UUID) -> bool:
        new = event_id not in self.now.handled
        self.now.handled.add(event_id)
        return new

    def add_all(self, event_ids: Collection[UUID]) -> set[UUID]:
        return {event_id for event_id in event_ids if self.add(event_id)}


class FakeRequests(_View):
    def claim(self, request: Request, result: str) -> str | None:
        if not request.id:
            return None
        fingerprint, earlier = self.now.requests.setdefault((request.caller, request.id), (request.fingerprint, result))
        if fingerprint != request.fingerprint:
            raise RequestIdReused(f"request_id {request.id} was used for another request")
        return None if earlier is result else earlier


class FakeInvoices(_View):
    def last_issue(self, customer_ids: Collection[UUID]) -> date | None:
        days = [one.issue_date for one in self.now.invoices.values() if one.customer_id in customer_ids and one.issue_date]
        return max(days, default=None)

    def get(self, invoice_id: UUID, caller: Caller) -> Invoice:
        found = self.now.invoices.get(invoice_id)
        hidden = (
            caller.kind is Kind.CONTACT and found is not None and (found.customer_id != caller.customer_id or found.state is State.DRAFT)
        )
        if found is None or hidden:
            raise NotFound(f"invoice {invoice_id} does not exist")
        return found

    hold = get

    def page(self, caller: Caller, listing: Listing, today: date) -> tuple[Sequence[Invoice], str]:
        return list(self.now.invoices.values())[: listing.size], ""

    def add(self, invoice: Invoice) -> None:
        self.now.invoices[invoice.id] = invoice

    def save_draft(self, invoice: Invoice) -> Invoice:
        return self._save(invoice, draft=True)

    def save_issued(self, invoice: Invoice) -> Invoice:
        return self._save(invoice, draft=False)

    def _save(self, invoice: Invoice, *, draft: bool) -> Invoice:
        stored = self.now.invoices[invoice.id]
        if stored.version != invoice.version or (stored.state is State.DRAFT) is not draft:
            raise Aborted(f"invoice {invoice.id} was changed by someone else")
        self.now.invoices[invoice.id] = replace(invoice, version=invoice.version + 1)
        return self.now.invoices[invoice.id]

    def delete_draft(self, invoice: Invoice) -> None:
        del self.now.invoices[invoice.id]

    def next_event(self, invoice_id: UUID) -> int:
        self.now.event_versions[invoice_id] = self.now.event_versions.get(invoice_id, 0) + 1
        return self.now.event_versions[invoice_id]

    def viewed(self, invoice_id: UUID, session_id: UUID) -> bool:
        return (invoice_id, session_id) in self.now.views

    def views_of(self, contact_id: UUID, caller: Caller) -> Sequence[View]:
        raise NotImplementedError  # asked of the real one alone: tests/integration/documents

    def add_view(self, invoice_id: UUID, session_id: UUID, contact_id: UUID, time: datetime) -> bool:
        new = not self.viewed(invoice_id, session_id)
        self.now.views.add((invoice_id, session_id))
        return new


class FakePayments(_View):
    def get(self, payment_id: UUID, caller: Caller) -> Payment:
        return self.now.payments[payment_id]

    def page(self, caller: Caller, listing: Listing) -> tuple[Sequence[Payment], str]:
        return list(self.now.payments.values())[: listing.size], ""

    def add(self, payment: Payment) -> None:
        self.now.payments[payment.id] = payment

    def entries(self, customer_id: UUID) -> Sequence[Entry]:
        return []


class FakeCustomers(_View):
    def visible(self, customer_id: UUID, caller: Caller) -> bool:
        return customer_id in self.now.customers

    def add(self, customer: Customer, now: datetime) -> None:
        self.now.customers.setdefault(customer.id, customer)

    def apply(self, customer: Customer, now: datetime) -> None:
        if customer.id not in self.now.customers or self.now.customers[customer.id].version <= customer.version:
            self.now.customers[customer.id] = customer


class FakeNumbers(_View):
    def next(self, series: Series, year: int) -> int:
        self.now.numbers[series, year] = self.now.numbers.get((series, year), 0) + 1
        return self.now.numbers[series, year]


class FakeSettings(_View):
    def get(self) -> Settings:
        return self.now.settings

    hold = get

    def save(self, changed: Settings) -> Settings:
        self.now.settings = replace(changed, version=changed.version + 1)
        return self.now.settings


class FakeRenditions(_View):
    def get(self, invoice_id: UUID) -> Rendition:
        return self.now.renditions[invoice_id]

    def add(self, rendition: Rendition) -> None:
        self.now.renditions[rendition.invoice_id] = rendition

    def complete(self, rendition: Rendition, now: datetime) -> None:
        if not self.now.renditions[rendition.invoice_id].stored:
            self.now.renditions[rendition.invoice_id] = rendition

    def claim(self, limit: int, now: datetime) -> Sequence[UUID]:
        missing: list[Any] = [invoice_id for invoice_id, rendition in self.now.renditions.items() if not rendition.stored]
        return missing[:limit]
