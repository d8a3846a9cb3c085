"""A dispatch, its messages, and how far each of them got."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.notifications.domain.kinds import Kind, Reason, kind_of

OLDEST = timedelta(hours=24)  # after that nothing is tried again
_BACKOFF_MINUTES = (1, 5, 15, 60, 120, 240)


class State(enum.Enum):
    """As Message.State of the contract."""

    QUEUED = "QUEUED"
    CLAIMED = "CLAIMED"
    TRANSMITTING = "TRANSMITTING"
    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    SUPPRESSED = "SUPPRESSED"
    CANCELLED = "CANCELLED"


UNSENT = (State.QUEUED, State.CLAIMED, State.DEFERRED)  # may still be cancelled
ON_THE_WAY = (*UNSENT, State.TRANSMITTING)


@dataclass(frozen=True)
class Dispatch:
    """One occasion to tell somebody. facts: what the templates need to know about it, by merge field, not yet written out."""

    id: UUID
    kind: str
    subject: str
    customer_id: UUID | None
    event_id: UUID
    facts: Mapping[str, Any]
    traceparent: str
    create_time: datetime


@dataclass(frozen=True)
class Attempt:
    """One try to hand the message over. reply: code and text of the mail server, without addresses."""

    number: int
    time: datetime
    state: State
    reply: str


@dataclass(frozen=True)
class Message:
    """What one person is sent, or is not sent on purpose.

    person: contacts/{uuid}, customers/{uuid} or accounts/{uuid}. seen: what the rules looked at. attempt: number of the claim; what
    is written about an older one is ignored. due_time: when it is to be tried, or until when the claim holds; None at the end.
    failure: code of words/reasons.yaml. revision: of the template. open_time: the first hint that it was opened.
    """

    id: UUID
    dispatch_id: UUID
    kind: str
    subject: str
    person: str
    contact_id: UUID | None
    customer_id: UUID | None
    event_id: UUID
    reason: Reason
    seen: Mapping[str, Any]
    state: State
    to_address: str
    first_name: str
    last_name: str
    language: str
    right_to_left: bool
    message_id: str
    revision: str
    create_time: datetime
    attempt: int = 0
    due_time: datetime | None = None
    send_time: datetime | None = None
    open_time: datetime | None = None
    failure: str = ""
    version: int = 1
    attempts: tuple[Attempt, ...] = field(default=())

    @property
    def of_kind(self) -> Kind:
        return kind_of(self.kind)

    @property
    def trackable(self) -> bool:
        """Whether its reader had consented to open tracking when it was decided, and it is about a document."""
        return self.contact_id is not None and self.of_kind.sales and bool(self.seen.get("open_tracking"))

    @property
    def account_id(self) -> UUID | None:
        """The account that a link can be made for; a customer's mailbox has none."""
        kind, _, id_ = self.person.partition("/")
        return None if kind == "customers" else UUID(id_)


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. failure: code of words/reasons.yaml, "" when there is none."""

    state: State
    reply: str = ""
    failure: str = ""
    bad_address: bool = False  # the address itself was refused for good


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after this many attempts: 1 minute, then longer, 4 hours at most."""
    return timedelta(minutes=_BACKOFF_MINUTES[min(attempt, len(_BACKOFF_MINUTES)) - 1])


def settled(outcome: Outcome, message: Message, now: datetime) -> tuple[Outcome, datetime | None]:
    """Return the outcome that counts and when to try again: what is too old to be tried once more has failed."""
    if outcome.state is State.DEFERRED:
        due = now + backoff(message.attempt)
        if due - message.create_time > OLDEST:
            return Outcome(State.FAILED, outcome.reply, outcome.failure), None
        return outcome, due
    if outcome.state is State.QUEUED:
        if now - message.create_time > OLDEST:
            return Outcome(State.FAILED, outcome.reply, outcome.failure), None
        return outcome, now + timedelta(seconds=min(2 ** min(message.attempt, 9), 300))
    return outcome, None
