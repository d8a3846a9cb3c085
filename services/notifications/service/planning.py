"""Facts come in: who is told is decided once, and every decision is stored as a message, sent or suppressed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from libs import telemetry
from libs.ids import new_id
from libs.unit_of_work import Clock
from services.notifications import service
from services.notifications.domain.kinds import Kind, kind_of
from services.notifications.domain.messages import Dispatch, Message, State
from services.notifications.domain.selection import Candidate, Circumstances, Decision, select_recipients, snapshot
from services.notifications.service.metrics import DECISIONS, MESSAGES

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Occurrence:
    """Something happened that somebody may be told about.

    people: None for everybody whom the customer's contacts and mailbox offer; else these persons alone, and nobody in their place.
    candidates: people that contacts does not know, such as operators. facts: by merge field, not yet written out.
    """

    event_id: UUID
    kind: Kind
    subject: str
    customer_id: UUID | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    people: frozenset[str] | None = None
    candidates: tuple[Candidate, ...] = ()
    circumstances: Circumstances = field(default_factory=Circumstances)
    traceparent: str = ""


@dataclass(frozen=True)
class Planner:
    """What planning needs besides the facts."""

    new_uow: service.NewUnitOfWork
    contacts: service.Contacts
    words: service.Words
    sender: service.Sender
    clock: Clock

    def plan(self, occurrences: Sequence[Occurrence], event_ids: Sequence[UUID]) -> None:
        """Decide about a group of occurrences: contacts is asked once, then all is written in one transaction.

        event_ids: every event of the group, also those that tell nobody. An event that was handled before changes nothing.
        """
        parties = self.parties(occurrences)
        with self.new_uow() as uow:
            fresh = uow.inbox.add_all(set(event_ids))
            chosen = [(occurrence, party) for occurrence, party in zip(occurrences, parties, strict=True) if occurrence.event_id in fresh]
            if chosen:
                self._write(chosen, uow)
            uow.commit()

    def parties(self, occurrences: Sequence[Occurrence]) -> Sequence[service.Party]:
        """Return for each occurrence its customer with the people; without a customer, the people that came with it."""
        asked = list(dict.fromkeys(occurrence.customer_id for occurrence in occurrences if occurrence.customer_id is not None))
        with telemetry.resumed(occurrences[0].traceparent if occurrences else ""):
            found = dict(zip(asked, self.contacts.parties(asked), strict=True)) if asked else {}
            name, zone = self.contacts.organisation() if any(one.customer_id is None for one in occurrences) else ("", "")
        return [
            service.Party(None, candidates=one.candidates, organisation=name, time_zone=zone)
            if one.customer_id is None
            else found[one.customer_id]
            for one in occurrences
        ]

    def _write(self, chosen: Sequence[tuple[Occurrence, service.Party]], uow: service.UnitOfWork) -> None:
        now = self.clock()
        suppressed = uow.suppressions.among({candidate.email for _, party in chosen for candidate in party.candidates})
        # The inbox forgets after a month; an event that is redriven later must not be decided anew.
        decided = uow.dispatches.decided({occurrence.event_id for occurrence, _ in chosen})
        people = {candidate.contact_id for occurrence, party in chosen for candidate in people_of(occurrence, party)}
        gone = uow.deleted_contacts.among({contact_id for contact_id in people if contact_id is not None})
        dispatches, messages = [], []
        for occurrence, party in chosen:
            if (occurrence.event_id, occurrence.kind.name, occurrence.subject) in decided:
                continue
            dispatch = self._dispatch(occurrence, party, now)
            circumstances = self.circumstances(occurrence, suppressed)
            decisions = select_recipients(occurrence.kind, _without(gone, people_of(occurrence, party)), circumstances)
            dispatches.append(dispatch)
            messages += [self.message(dispatch, decision, circumstances, now) for decision in decisions]
        uow.dispatches.add(dispatches)
        uow.messages.add(messages)
        if any(message.state is State.QUEUED for message in messages):
            uow.wake(service.MESSAGES_CHANNEL)
        _count(messages)

    def circumstances(self, occurrence: Occurrence, suppressed: frozenset[str]) -> Circumstances:
        """Return what came with the occurrence, with the templates and addresses that are switched off now."""
        return replace(occurrence.circumstances, disabled=self.sender.disabled, suppressed=suppressed)

    def _dispatch(self, occurrence: Occurrence, party: service.Party, now: datetime) -> Dispatch:
        return Dispatch(
            new_id(),
            occurrence.kind.name,
            occurrence.subject,
            occurrence.customer_id,
            occurrence.event_id,
            facts_of(occurrence, party),
            occurrence.traceparent,
            now,
        )

    def message(self, dispatch: Dispatch, decision: Decision, circumstances: Circumstances, now: datetime) -> Message:
        id_, candidate, kind = new_id(), decision.candidate, kind_of(dispatch.kind)
        language = service.language_of(candidate.language)
        return Message(
            id=id_,
            dispatch_id=dispatch.id,
            kind=dispatch.kind,
            subject=dispatch.subject,
            person=candidate.person,
            contact_id=candidate.contact_id,
            customer_id=dispatch.customer_id,
            event_id=dispatch.event_id,
            reason=decision.reason,
            seen=snapshot(kind, candidate, circumstances),
            state=State.QUEUED if decision.sends else State.SUPPRESSED,
            to_address=candidate.email,
            first_name=candidate.first_name,
            last_name=candidate.last_name,
            language=language,
            right_to_left=candidate.right_to_left,
            message_id=f"<{id_.hex}@{self.sender.domain}>",
            revision=self.words.template(kind.name, language, decision.reason).source.revision if decision.sends else "",
            create_time=now,
            due_time=now if decision.sends else None,
        )


def people_of(occurrence: Occurrence, party: service.Party) -> Sequence[Candidate]:
    """Return those about whom is decided; one that is not among the customer's people counts as deleted."""
    if occurrence.people is None:
        return party.candidates
    known = {candidate.person: candidate for candidate in party.candidates}
    return [known.get(person) or Candidate(person, deleted=True) for person in sorted(occurrence.people)]


def _without(gone: Collection[UUID], people: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return the people, of those who went since contacts was asked no more than that."""
    return [Candidate(one.person, deleted=True) if one.contact_id in gone else one for one in people]


def facts_of(occurrence: Occurrence, party: service.Party) -> dict[str, Any]:
    facts = {"organisation_name": party.organisation, "time_zone": party.time_zone, **occurrence.facts}
    if party.display_name:
        facts["company_name"] = party.display_name
    return facts


def _count(messages: Sequence[Message]) -> None:
    for message in messages:
        DECISIONS.labels(message.kind, message.reason.name).inc()
        MESSAGES.labels(message.state.name).inc()


# --- what a contact's end means ------------------------------------------------------------------------------------------------------
def forget_contact(contact_id: UUID, event_id: UUID, *, uow: service.UnitOfWork, clock: Clock) -> None:
    """Cancel what has not left for a deleted contact, and let nothing more leave."""
    with uow:
        if not uow.inbox.add(event_id):
            return
        uow.deleted_contacts.add(contact_id, clock())
        cancelled = uow.messages.cancel_of(contact_id, "CANCEL_PERSON_GONE")
        uow.commit()
    MESSAGES.labels(State.CANCELLED.name).inc(cancelled)


def take_up_contact(contact_id: UUID, event_id: UUID, *, uow: service.UnitOfWork) -> None:
    """Send again to a contact that had been deleted and is back; what was cancelled stays so."""
    with uow:
        if uow.inbox.add(event_id):
            uow.deleted_contacts.remove(contact_id)
            uow.commit()


def reproject_customers(known: Iterable[service.KnownCustomer], *, new_uow: Callable[[], service.UnitOfWork]) -> int:
    """Take over every customer from contacts, and return how many; what an event told meanwhile is newer and stays."""
    count = 0
    for customer in known:
        with new_uow() as uow:
            uow.customers.apply(customer.id, customer.version, customer.groups)
            uow.commit()
        count += 1
    return count


def keep_customer(customer_id: UUID, version: int, groups: Sequence[UUID], event_id: UUID, *, uow: service.UnitOfWork) -> None:
    """Keep the groups of a customer, which decide who sees its messages."""
    with uow:
        if uow.inbox.add(event_id):
            uow.customers.apply(customer_id, version, groups)
            uow.commit()
