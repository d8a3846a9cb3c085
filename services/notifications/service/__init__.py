"""The use cases of notifications, and the protocols of what they need from outside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from libs import unit_of_work
from libs.access import Caller, Kind
from libs.listing import Listing
from services.notifications.domain.contents import Organisation, Phrases
from services.notifications.domain.holding import Hold
from services.notifications.domain.kinds import Purpose, Reason
from services.notifications.domain.messages import Dispatch, Message, Outcome, State
from services.notifications.domain.mime import Attachment
from services.notifications.domain.opens import Settings
from services.notifications.domain.selection import Candidate
from services.notifications.domain.templates import Fields, Source, Template

ITSELF = Caller(kind=Kind.SERVICE, service="notifications")  # who reads what a person may see of itself
MESSAGES_CHANNEL = "messages"  # woken when messages to be delivered were committed


# --- the database --------------------------------------------------------------------------------------------------------------------
class Dispatches(Protocol):
    """What the caller may not see does not exist: an operator sees those about customers of its groups."""

    def add(self, dispatches: Sequence[Dispatch]) -> None: ...
    def decided(self, event_ids: Collection[UUID]) -> set[tuple[UUID, str, str]]: ...  # event, kind and subject of what is decided
    def get(self, dispatch_id: UUID, caller: Caller) -> Dispatch: ...  # or NotFound
    def page(self, caller: Caller, listing: Listing) -> tuple[Sequence[Dispatch], str]: ...
    def counts(self, dispatch_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, int]]: ...  # messages by state


@dataclass(frozen=True)
class Settled:
    """How an attempt at a message ended, and when it is to be tried again. reason: of a decision that had to be taken anew."""

    message: Message
    outcome: Outcome
    due_time: datetime | None = None
    reason: Reason | None = None


class Messages(Protocol):
    def add(self, messages: Sequence[Message]) -> None: ...
    def get(self, message_id: UUID, caller: Caller) -> tuple[Message, Dispatch]: ...  # with its attempts; or NotFound
    def page(self, caller: Caller, listing: Listing) -> tuple[Sequence[Message], str]: ...
    def of_person(self, dispatch_id: UUID, person: str) -> Message | None: ...

    def claim(self, limit: int, now: datetime, lease_until: datetime) -> Sequence[tuple[Message, Dispatch]]:
        """Take messages that are due, or whose claim has run out, for this attempt alone."""
        ...

    def enter_data(self, messages: Sequence[Message], lease_until: datetime) -> Mapping[UUID, str]:
        """Mark as TRANSMITTING those that are still ours; return "" for each that may go, or the code of the hard block that stops it."""
        ...

    def settle(self, settled: Sequence[Settled], now: datetime) -> set[UUID]:
        """Write how attempts ended; return the ids of those that were still ours."""
        ...

    def waiting(self) -> Mapping[State, tuple[int, datetime]]: ...  # on their way: how many, and since when the oldest is
    def uncertain(self, since: datetime) -> int: ...  # how many of the messages made since then
    def give_up_lost(self, now: datetime) -> int: ...  # TRANSMITTING past its lease becomes UNCERTAIN

    def doubt(self, sure_from: UUID, failure: str) -> int:
        """Make UNCERTAIN what has not left and was caused by an event before this one; return how many messages."""
        ...

    def cancel_of(self, contact_id: UUID, failure: str) -> int: ...  # what has not left


class Suppressions(Protocol):
    def among(self, addresses: Collection[str]) -> frozenset[str]: ...  # folded addresses that take no mail
    def add(self, address: str, failure: str, message_id: UUID, now: datetime) -> None: ...


@dataclass(frozen=True)
class KnownCustomer:
    """What notifications keeps of a customer. version: grows with each change in contacts."""

    id: UUID
    version: int
    groups: Sequence[UUID]


class Customers(Protocol):
    """The projection of contacts' customers: their groups, which decide who sees their messages."""

    def apply(self, customer_id: UUID, version: int, groups: Sequence[UUID]) -> None: ...  # unless a newer one was applied
    def visible(self, customer_id: UUID, caller: Caller) -> bool: ...


class DeletedContacts(Protocol):
    """Contacts that were deleted or erased: nothing more is sent to them."""

    def add(self, contact_id: UUID, now: datetime, *, erased: bool = False) -> None: ...
    def remove(self, contact_id: UUID) -> None: ...  # of a contact that is back; one that was erased stays gone

    def among(self, contact_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those that are gone; until the commit nobody of the others is erased."""
        ...


class Erasures(Protocol):
    """What was said to a person, and where to."""

    def close_gate(self) -> None: ...  # waits until nobody writes about people, and lets nobody until the commit

    def erase(self, people: Collection[str], customer_ids: Collection[UUID]) -> int:
        """Empty all about these; return how many rows it was. people: as messages name them. customer_ids: that are the person."""
        ...


class Holding(Protocol):
    """The switch that holds all mail."""

    def get(self, *, lock: bool = False, share: bool = False) -> Hold: ...  # share: nobody changes it until the commit
    def save(self, hold: Hold) -> None: ...


class Opens(Protocol):
    """What is kept of opened messages, and the setting that allows it. Tokens come as their hashes."""

    def settings(self, *, lock: bool = False) -> Settings: ...
    def save_settings(self, changed: Settings) -> Settings: ...  # with its next version; Aborted if another was faster
    def forget_tokens(self) -> None: ...  # of all messages
    def keep(self, tokens: Mapping[UUID, bytes]) -> None: ...  # by message, in the place of an older one
    def contact_of(self, token_hash: bytes) -> UUID | None: ...  # who was sent the message; None: no such token, or it is still on its way
    def count(self, token_hash: bytes, now: datetime) -> Message | None: ...  # the message, when it was the first time


class PersonalData(Protocol):
    """What was said to a person, as far as the caller sees it. people: as messages name the person."""

    def messages(self, people: Collection[str], caller: Caller) -> Sequence[UUID]: ...  # the oldest first
    def refused_addresses(self, people: Collection[str], caller: Caller) -> Iterator[dict[str, Any]]: ...
    def opens(self, people: Collection[str], caller: Caller) -> Iterator[dict[str, Any]]: ...  # of messages that were opened
    def occasions(self, people: Collection[str], caller: Caller) -> Iterator[dict[str, Any]]: ...  # that were about the person itself


class Revisions(Protocol):
    """The words of every template that was ever sent."""

    def keep(self, sources: Iterable[Source], now: datetime) -> None: ...  # those not kept yet
    def get(self, revision: str) -> Source: ...
    def number(self, revision: str) -> int: ...  # counts from 1 in each kind, language and reason


class Repositories(Protocol):
    @property
    def dispatches(self) -> Dispatches: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def suppressions(self) -> Suppressions: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def deleted_contacts(self) -> DeletedContacts: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def holding(self) -> Holding: ...
    @property
    def opens(self) -> Opens: ...
    @property
    def personal_data(self) -> PersonalData: ...
    @property
    def revisions(self) -> Revisions: ...


class UnitOfWork(unit_of_work.UnitOfWork, Repositories, Protocol):
    def wake(self, channel: str) -> None: ...


NewUnitOfWork = Callable[[], UnitOfWork]
Read = Callable[[], AbstractContextManager[Repositories]]  # for single statements that only read


# --- other services ------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Party:
    """A customer as contacts knows it now; None: what is about no customer. organisation, time_zone: of who writes."""

    customer_id: UUID | None
    display_name: str = ""
    missing: bool = False
    candidates: tuple[Candidate, ...] = ()
    organisation: str = ""
    time_zone: str = "Europe/Rome"

    def candidate(self, contact_id: UUID) -> Candidate | None:
        return next((found for found in self.candidates if found.contact_id == contact_id), None)


@dataclass(frozen=True)
class Person:
    """What contacts knows of one contact: its home customer, its groups, whether it consents to open tracking."""

    contact_id: UUID
    customer_id: UUID
    groups: frozenset[UUID]
    open_tracking: bool = False


class Contacts(Protocol):
    def parties(self, customer_ids: Sequence[UUID]) -> Sequence[Party]: ...  # in their order
    def person(self, contact_id: UUID) -> Person: ...  # or NotFound
    def organisation(self) -> tuple[str, str]: ...  # its name and time zone


@dataclass(frozen=True)
class Invoice:
    """What documents says of an invoice; facts by merge field. draft: it has no number yet."""

    customer_id: UUID
    facts: Mapping[str, Any]
    draft: bool = False


@dataclass(frozen=True)
class Payment:
    """amounts: what it settles of each invoice, as "122.00 EUR"."""

    receive_date: str
    amounts: Mapping[str, str]


class Documents(Protocol):
    def invoice(self, name: str) -> Invoice: ...  # or NotFound
    def payment(self, name: str) -> Payment: ...  # or NotFound
    def rendition(self, name: str) -> Attachment: ...  # the PDF


@dataclass(frozen=True)
class LinkOrder:
    message_id: UUID
    account_id: UUID
    purpose: Purpose
    landing: str = ""  # the resource that a magic link opens
    with_code: bool = False


@dataclass(frozen=True)
class Minted:
    """token: "" when there is none, and refusal says why. code: beside a link, where the order wanted one."""

    token: str = field(repr=False)
    expire_time: datetime | None = None
    refusal: str = ""
    code: str = field(default="", repr=False)


class Links(Protocol):
    def mint(self, orders: Sequence[LinkOrder]) -> Mapping[UUID, Minted]: ...  # by message


# --- mail ----------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class MailServer:
    """How to reach the mail server. security: "starttls", "tls" or "none"."""

    host: str
    port: int
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout_seconds: float = 60.0
    helo: str = "localhost"


@dataclass(frozen=True)
class Letter:
    """Finished bytes for one recipient. insist: when the reply is lost, the same bytes are offered once more."""

    message: Message
    from_address: str
    to_address: str
    content: bytes = field(repr=False)
    insist: bool = False
    traceparent: str = ""


EnterData = Callable[[Sequence[Letter]], Collection[UUID]]


class Mailer(Protocol):
    width: int  # letters that travel together

    def hand_over(self, letters: Sequence[Letter], enter_data: EnterData) -> Mapping[UUID, Outcome]:
        """Offer up to `width` letters, each on a connection of its own.

        enter_data is called once, after the recipients were accepted and before any DATA, with the letters about to go; it returns the
        ids of the messages that may. The answer has an outcome for each letter but those that enter_data held back.
        """
        ...


class Words(Protocol):
    """Templates, reasons and phrases, in Italian and English."""

    @property
    def fields(self) -> Fields: ...
    @property
    def phrases(self) -> Phrases: ...
    def sources(self) -> Iterable[Source]: ...  # every kind, language and reason
    def template(self, kind: str, language: str, reason: Reason) -> Template: ...
    def revised(self, source: Source) -> Template: ...  # compiled from words of another day
    def code(self, code: str, language: str) -> tuple[str, str]: ...  # label and sentence of a reason, a state or a failure
    def sample(self, name: str, language: str) -> str: ...  # of a merge field
    def suspends(self, failure: str) -> bool: ...


@dataclass(frozen=True)
class Sender:
    """Under whose name and address mail leaves, and where its links lead."""

    name: str
    address: str
    reply_to: str
    organisation_email: str
    organisation_legal: str
    area_url: str
    console_url: str
    opens_url: str
    disabled: frozenset[str] = frozenset()  # kinds whose template is disabled
    lease_seconds: float = 120.0

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def organisation(self) -> Organisation:
        return Organisation(self.organisation_email, self.organisation_legal, self.area_url, self.console_url)


LANGUAGES = ("it", "en")


def language_of(code: str) -> str:
    """Return the language that a person gets: theirs where we have it, English for other speakers, Italian when unsaid."""
    short = code[:2].lower()
    if not short:
        return "it"
    return short if short in LANGUAGES else "en"
