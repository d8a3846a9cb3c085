"""Small classes that keep state, in the place of other services and of the mail server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from libs.errors import NotFound, Unavailable
from services.notifications import service
from services.notifications.domain.messages import Outcome, State
from services.notifications.domain.mime import Attachment
from services.notifications.domain.selection import Candidate
from tests.unit.notifications.builders import ACME, NOON


@dataclass
class FakeContacts:
    """candidates: by customer. persons: contacts that GetContact knows, with their home customer and groups."""

    candidates: dict[UUID, tuple[Candidate, ...]] = field(default_factory=dict)
    persons: dict[UUID, service.Person] = field(default_factory=dict)
    asked: list[list[UUID]] = field(default_factory=list)
    away: bool = False

    @classmethod
    def of(cls, *candidates: Candidate) -> FakeContacts:
        return cls({ACME: candidates})

    def parties(self, customer_ids: Sequence[UUID]) -> Sequence[service.Party]:
        if self.away:
            raise Unavailable("contacts is away")
        self.asked.append(list(customer_ids))
        return [
            service.Party(
                id_,
                "ACME S.r.l.",
                id_ not in self.candidates,
                self.candidates.get(id_, ()),
                "Studio Verdi",
                "Europe/Rome",
            )
            for id_ in customer_ids
        ]

    def person(self, contact_id: UUID) -> service.Person:
        if contact_id in self.persons:
            return self.persons[contact_id]
        for customer_id, candidates in self.candidates.items():
            if any(candidate.contact_id == contact_id for candidate in candidates):
                found = next(candidate for candidate in candidates if candidate.contact_id == contact_id)
                return service.Person(contact_id, customer_id, frozenset(), found.open_tracking)
        raise NotFound(f"contacts/{contact_id} does not exist")

    def organisation(self) -> tuple[str, str]:
        return "Studio Verdi", "Europe/Rome"


@dataclass
class FakeDocuments:
    invoices: dict[str, service.Invoice] = field(default_factory=dict)
    payments: dict[str, service.Payment] = field(default_factory=dict)

    def invoice(self, name: str) -> service.Invoice:
        if name not in self.invoices:
            raise NotFound(f"{name} does not exist")
        return self.invoices[name]

    def payment(self, name: str) -> service.Payment:
        if name not in self.payments:
            raise NotFound(f"{name} does not exist")
        return self.payments[name]

    def rendition(self, name: str) -> Attachment:
        return Attachment("INV-2026-000001.pdf", "application/pdf", b"%PDF-1.7 " + name.encode())


@dataclass
class FakeLinks:
    """refusals: by account. A token is the message's id in hex, so that tests can find it."""

    refusals: dict[UUID, str] = field(default_factory=dict)
    orders: list[service.LinkOrder] = field(default_factory=list)
    away: bool = False

    def mint(self, orders: Sequence[service.LinkOrder]) -> Mapping[UUID, service.Minted]:
        if self.away:
            raise Unavailable("identity is away")
        self.orders += orders
        return {
            order.message_id: service.Minted("", None, self.refusals[order.account_id])
            if order.account_id in self.refusals
            else service.Minted(f"secret-{order.message_id.hex}", NOON + timedelta(days=7), code="HK4T-9QPW" if order.with_code else "")
            for order in orders
        }


@dataclass
class FakeMailer:
    """outcomes: by address, SENT otherwise. letters: what was accepted."""

    width: int = 8
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    letters: list[service.Letter] = field(default_factory=list)

    def hand_over(self, letters: Sequence[service.Letter], enter_data: service.EnterData) -> Mapping[UUID, Outcome]:
        allowed = enter_data(letters)
        done: dict[UUID, Outcome] = {}
        for letter in letters:
            if letter.message.id in allowed:
                done[letter.message.id] = self.outcomes.get(letter.to_address, Outcome(State.SENT, "250 OK"))
                if done[letter.message.id].state is State.SENT:
                    self.letters.append(letter)
        return done
