"""Operators look: what was sent and what not, who would be told, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument, NotFound
from libs.listing import Listing
from services.notifications import service
from services.notifications.domain.contents import Link, values
from services.notifications.domain.kinds import Kind, Purpose, Type, kind_of
from services.notifications.domain.messages import Dispatch, Message
from services.notifications.domain.selection import Candidate, Circumstances, Decision, Tried, decide, explain, restore, select_recipients
from services.notifications.domain.selection import without_permission as lacks_permission
from services.notifications.domain.templates import Rendered
from services.notifications.service.delivering import render, template_of
from services.notifications.service.planning import Occurrence, Planner, facts_of, people_of

LINK_LIFE = timedelta(days=7)  # what a preview shows: the life of a link that it does not make
NOBODY = UUID(int=0)


# --- dispatches ----------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Counted:
    """A dispatch with its messages by state."""

    dispatch: Dispatch
    counts: Mapping[str, int]


def get_dispatch(dispatch_id: UUID, *, caller: Caller, read: service.Read) -> Counted:
    with read() as stored:
        dispatch = stored.dispatches.get(dispatch_id, caller)
        return Counted(dispatch, stored.dispatches.counts([dispatch_id]).get(dispatch_id, {}))


def list_dispatches(listing: Listing, *, caller: Caller, read: service.Read) -> tuple[Sequence[Counted], str]:
    with read() as stored:
        found, token = stored.dispatches.page(caller, listing)
        counts = stored.dispatches.counts([dispatch.id for dispatch in found]) if found else {}
    return [Counted(dispatch, counts.get(dispatch.id, {})) for dispatch in found], token


# --- messages ------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Shown:
    """A message as it may be shown; content: None where nothing was to be sent, or where it cannot be put together."""

    message: Message
    content: Rendered | None = None
    revision_number: int = 0


def list_messages(listing: Listing, *, caller: Caller, read: service.Read) -> tuple[Sequence[Message], str]:
    with read() as stored:
        return stored.messages.page(caller, listing)


def get_message(message_id: UUID, *, caller: Caller, read: service.Read, words: service.Words, sender: service.Sender) -> Shown:
    """Return a message with its text as it went or will go, a mark in the place of each link."""
    with read() as stored:
        message, dispatch = stored.messages.get(message_id, caller)
        number = stored.revisions.number(message.revision) if message.revision else 0
    if not message.revision or not message.reason.sends:
        return Shown(message)  # never composed: decided against, or withheld when it was about to leave
    mailbox = message.account_id is None
    try:
        content = render(
            message,
            dispatch,
            template_of(message, words, read),
            words=words,
            sender=sender,
            link=None if mailbox or message.seen.get("area_off") else _unmade_link(message, sender),
            attached=mailbox,
            mark=words.phrases.secret_mark[message.language],
        )
    except InvalidArgument:
        content = None  # a value is missing: the message failed for it, and its failure says so
    return Shown(message, content, number)


def _unmade_link(message: Message, sender: service.Sender) -> Link | None:
    if message.of_kind.purpose is None:
        return None
    code = "-" if message.of_kind.code else ""  # a mark stands for it, as for the link
    return Link(sender.area_url, (message.send_time or message.create_time) + _life(message.of_kind), code)


def _life(kind: Kind) -> timedelta:
    """How long identity lets such a link live, for the copy that shows no link."""
    match kind.purpose:
        case Purpose.RESET_PASSWORD:
            return timedelta(minutes=60)
        case Purpose.SET_PASSWORD | Purpose.INVITATION:
            return timedelta(hours=48)
        case _:
            return LINK_LIFE


# --- who would be told ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    decision: Decision
    without_permission: bool


@dataclass(frozen=True)
class Preview:
    """rows: a decision for each candidate. message, content: as the shown reader would see it; None when nobody is told."""

    rows: Sequence[Row]
    message: Message | None = None
    content: Rendered | None = None
    revision_number: int = 0


@dataclass(frozen=True)
class Foresight:
    """What looking ahead needs: the same planner that decides, and documents for what a message would say. Sends nothing."""

    planner: Planner
    documents: service.Documents
    read: service.Read

    def preview(self, kind: Kind, subject: str, reader: UUID | None, *, caller: Caller) -> Preview:
        """Say who would be told now, with the message as `reader`, or the first to be told, would see it."""
        occurrence, party = self._occurrence(kind, subject, caller)
        circumstances = self._circumstances(occurrence, party.candidates)
        decisions = select_recipients(kind, party.candidates, circumstances)
        rows = [Row(decision, lacks_permission(kind, decision.candidate)) for decision in decisions]
        shown = self._reader(decisions, reader)
        if shown is None or not shown.sends:
            return Preview(rows)
        return self._rendered(rows, shown, occurrence, party)

    def _reader(self, decisions: Sequence[Decision], reader: UUID | None) -> Decision | None:
        if reader is None:
            return next((decision for decision in decisions if decision.sends), None)
        found = next((decision for decision in decisions if decision.candidate.contact_id == reader), None)
        if found is None:
            raise NotFound(f"contacts/{reader} is no contact of this customer")
        return found

    def _rendered(self, rows: Sequence[Row], shown: Decision, occurrence: Occurrence, party: service.Party) -> Preview:
        words, sender, now = self.planner.words, self.planner.sender, self.planner.clock()
        kind = occurrence.kind.name
        dispatch = Dispatch(NOBODY, kind, occurrence.subject, occurrence.customer_id, NOBODY, facts_of(occurrence, party), "", now)
        message = self.planner.message(dispatch, shown, Circumstances(), now)
        language = message.language
        template = words.template(kind, language, shown.reason)
        filled = values(
            template.names,
            message,
            dispatch,
            fields=words.fields,
            phrases=words.phrases,
            organisation=sender.organisation,
            link=_unmade_link(message, sender) if message.account_id and not shown.candidate.area_off else None,
            attached=shown.candidate.mailbox,
        )
        for name in template.needed:
            if not filled.get(name):
                filled[name] = self._stand_in(name, occurrence.subject, language)
        content = template.render(filled, right_to_left=message.right_to_left, mark=words.phrases.secret_mark[language])
        return Preview(rows, message, content)

    def _stand_in(self, name: str, subject: str, language: str) -> str:
        """Return what a preview shows for a missing value: a draft gets it when issued; about no document, the sample stands."""
        words = self.planner.words
        if words.fields[name].kind == "url":
            return self.planner.sender.area_url
        return words.phrases.at_issue[language] if subject.startswith("invoices/") else words.sample(name, language)

    # --- why -------------------------------------------------------------------------------------------------------------------------
    def why(self, kind: Kind, subject: str, contact_id: UUID, *, caller: Caller) -> Explained:
        """Say what would be decided now about a contact, every rule tried."""
        occurrence, party = self._occurrence(kind, subject, caller)
        candidate = self._candidate(contact_id, occurrence, party, caller)
        circumstances = self._circumstances(occurrence, [candidate])
        return Explained(decide(kind, candidate, circumstances), explain(kind, candidate, circumstances))

    def why_then(self, dispatch_id: UUID, contact_id: UUID, *, caller: Caller) -> Explained:
        """Say what a dispatch decided about a contact; of one that it never considered, what it would have decided."""
        person = f"contacts/{contact_id}"
        with self.read() as stored:
            dispatch = stored.dispatches.get(dispatch_id, caller)
            message = stored.messages.of_person(dispatch_id, person)
        kind = kind_of(dispatch.kind)
        if message is not None:
            candidate, circumstances = restore(kind, person, message.seen)
            return Explained(Decision(candidate, message.reason), explain(kind, candidate, circumstances), message)
        if dispatch.customer_id is None:
            raise NotFound(f"{person} was not concerned")
        occurrence = Occurrence(dispatch.event_id, kind, dispatch.subject, dispatch.customer_id)
        (party,) = self.planner.parties([occurrence])
        candidate = self._candidate(contact_id, occurrence, party, caller)
        circumstances = self._circumstances(occurrence, [candidate])
        return Explained(decide(kind, candidate, circumstances), explain(kind, candidate, circumstances))

    # --- what it is about ------------------------------------------------------------------------------------------------------------
    def _occurrence(self, kind: Kind, subject: str, caller: Caller) -> tuple[Occurrence, service.Party]:
        collection, _, id_ = subject.partition("/")
        if collection == "invoices" and kind.type is Type.INVOICE:
            about = self.documents.invoice(subject)
            occurrence = Occurrence(NOBODY, kind, subject, about.customer_id, _without_empty(about.facts))
        elif collection == "customers":
            occurrence = Occurrence(NOBODY, kind, subject, _id(id_), {})
        elif collection == "contacts" and kind.type is None:
            home = self.planner.contacts.person(_id(id_)).customer_id
            occurrence = Occurrence(NOBODY, kind, subject, home, {}, people=frozenset({subject}))
        else:
            raise InvalidArgument.of("subject", f"{kind.name} is about no such resource", "SUBJECT_INVALID")
        self._see(occurrence.customer_id, subject, caller)
        (party,) = self.planner.parties([occurrence])
        if party.missing:
            raise NotFound(f"{subject} does not exist")
        return occurrence, replace(party, candidates=tuple(people_of(occurrence, party)))

    def _see(self, customer_id: UUID | None, subject: str, caller: Caller) -> None:
        with self.read() as stored:
            if customer_id is None or not stored.customers.visible(customer_id, caller):
                raise NotFound(f"{subject} does not exist")

    def _candidate(self, contact_id: UUID, occurrence: Occurrence, party: service.Party, caller: Caller) -> Candidate:
        """Return the contact as the customer's, or as one that does not act for it; the latter only when the caller may know of it."""
        found = party.candidate(contact_id)
        if found is not None:
            return found
        outsider = self.planner.contacts.person(contact_id)
        if not caller.sees_all and not outsider.groups & caller.groups:
            raise NotFound(f"contacts/{contact_id} does not exist")
        (home,) = self.planner.parties([replace(occurrence, customer_id=outsider.customer_id)])
        known = home.candidate(contact_id) or Candidate(f"contacts/{contact_id}", deleted=True)
        return replace(known, of_customer=False)

    def _circumstances(self, occurrence: Occurrence, candidates: Sequence[Candidate]) -> Circumstances:
        with self.read() as stored:
            suppressed = stored.suppressions.among({candidate.email for candidate in candidates})
        return self.planner.circumstances(occurrence, suppressed)


@dataclass(frozen=True)
class Explained:
    """tried: in the order of the rules. message: what the dispatch decided then; None: nobody had considered this contact."""

    decision: Decision
    tried: Sequence[Tried]
    message: Message | None = None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument.of("subject", "is not the name of a resource", "SUBJECT_INVALID") from None


def _without_empty(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}
