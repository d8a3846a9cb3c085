"""Who is told about an occasion, and why: ordered rules, of which the first that fits decides (ruling 14)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.domain.kinds import MAILBOX_TYPES, Kind, Reason, Type


@dataclass(frozen=True)
class Candidate:
    """One person who might be told, as contacts knew it at this moment.

    person: contacts/{uuid}, customers/{uuid} for the main mailbox, or accounts/{uuid} for an operator. of_customer: acts for the
    customer. needed: of a mailbox, that the customer has no contact. preferences: types that are on or off; a missing one is off.
    kinds: overrides below the types. area_off: of a contact, that nobody of theirs enters at
    present. may_enter: None when nobody asked identity. seen_version: of contact and affiliation.
    """

    person: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    language: str = "it"
    right_to_left: bool = False
    mailbox: bool = False
    needed: bool = True
    deleted: bool = False
    anonymized: bool = False
    of_customer: bool = True
    primary: bool = False
    preferences: Mapping[Type, bool] = field(default_factory=dict)
    kinds: Mapping[str, bool] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    block_ticket_email: bool = False
    open_tracking: bool = False
    area_off: bool = False
    may_enter: bool | None = None

    @property
    def id(self) -> UUID:
        return UUID(self.person.partition("/")[2])

    @property
    def contact_id(self) -> UUID | None:
        return self.id if self.person.startswith("contacts/") else None

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Circumstances:
    """What the decision needs to know besides occasion and person.

    disabled: kinds whose template is disabled. suppressed: folded addresses that take no mail. told: people who have a message
    about this very event. on_ticket: contacts that opened the ticket or watch it. project: the task belongs to a project of the
    customer. skip_welcome: the welcome was not wanted at creation.
    """

    disabled: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    on_ticket: frozenset[str] = frozenset()
    project: bool = True
    skip_welcome: bool = False


NO_CIRCUMSTANCES = Circumstances()


@dataclass(frozen=True)
class Decision:
    candidate: Candidate
    reason: Reason

    @property
    def sends(self) -> bool:
        return self.reason.sends


def fold(address: str) -> str:
    """Return the form in which addresses are compared."""
    return address.strip().casefold()


# --- the rules -----------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Case:
    kind: Kind
    candidate: Candidate
    circumstances: Circumstances

    @property
    def suppressed(self) -> bool:
        return fold(self.candidate.email) in self.circumstances.suppressed

    @property
    def override(self) -> bool | None:
        return self.candidate.kinds.get(self.kind.name)

    @property
    def preference(self) -> bool:
        return self.kind.type is not None and self.candidate.preferences.get(self.kind.type, False)


@dataclass(frozen=True)
class Rule:
    """fits: the rule decides. looked_at and value: what it read, and what stood there, for the explanation."""

    reason: Reason
    fits: Callable[[Case], bool]
    looked_at: Callable[[Case], str]
    value: Callable[[Case], str]


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _on(switch: bool | None) -> str:
    return "as the type" if switch is None else ("on" if switch else "off")


def _rule(reason: Reason, looked_at: str, fits: Callable[[Case], bool], value: Callable[[Case], str] | None = None) -> Rule:
    return Rule(
        reason, fits, lambda case: looked_at.format(kind=case.kind.name, type=_type(case)), value or (lambda case: _yes(fits(case)))
    )


def _type(case: Case) -> str:
    return case.kind.type.value if case.kind.type else ""


def _address(case: Case) -> str:
    return "present" if case.candidate.email else "missing"


_DELETED = _rule(Reason.SKIP_CONTACT_DELETED, "contact.deleted", lambda case: case.candidate.deleted)
_ANONYMIZED = _rule(Reason.SKIP_CONTACT_ANONYMIZED, "contact.anonymized", lambda case: case.candidate.anonymized)
_OUTSIDER = _rule(
    Reason.SKIP_NOT_OF_CUSTOMER,
    "affiliation",
    lambda case: not case.candidate.of_customer,
    lambda case: "present" if case.candidate.of_customer else "missing",
)
_TOLD = _rule(Reason.SKIP_ALREADY_TOLD, "earlier message about this event", lambda case: case.candidate.person in case.circumstances.told)
_NO_ADDRESS = _rule(Reason.SKIP_NO_ADDRESS, "email", lambda case: not case.candidate.email, _address)
_SUPPRESSED = _rule(Reason.SKIP_ADDRESS_SUPPRESSED, "suppressions[email]", lambda case: case.suppressed)
_DISABLED = _rule(
    Reason.SKIP_TEMPLATE_DISABLED,
    "templates[{kind}].disabled",
    lambda case: case.kind.name in case.circumstances.disabled,
)

AUTOMATIC: tuple[Rule, ...] = (
    _DELETED,
    _ANONYMIZED,
    _OUTSIDER,
    _TOLD,
    _rule(
        Reason.SKIP_MAILBOX_NOT_NEEDED,
        "customer.contacts",
        lambda case: case.candidate.mailbox and not case.candidate.needed,
        lambda case: "none" if case.candidate.mailbox and case.candidate.needed else "some",
    ),
    _rule(
        Reason.SKIP_MAILBOX_NOT_FOR_TYPE,
        "type of the message",
        lambda case: case.candidate.mailbox and case.kind.type not in MAILBOX_TYPES,
        _type,
    ),
    _NO_ADDRESS,
    _SUPPRESSED,
    _DISABLED,
    _rule(
        Reason.SKIP_TASK_WITHOUT_PROJECT,
        "task.project",
        lambda case: case.kind.type is Type.TASK and not case.circumstances.project,
        lambda case: "of the customer" if case.circumstances.project else "missing",
    ),
    _rule(
        Reason.SEND_CUSTOMER_MAILBOX,
        "recipient",
        lambda case: case.candidate.mailbox,
        lambda case: "customer mailbox" if case.candidate.mailbox else "contact",
    ),
    _rule(
        Reason.SKIP_NOT_ON_TICKET,
        "ticket.people",
        lambda case: case.kind.name == "ticket_replied" and case.candidate.person not in case.circumstances.on_ticket,
        lambda case: "on the ticket" if case.candidate.person in case.circumstances.on_ticket else "not on it",
    ),
    _rule(
        Reason.SKIP_TICKET_BLOCK,
        "contact.block_ticket_email",
        lambda case: case.kind.type is Type.TICKET and case.candidate.block_ticket_email,
        lambda case: _yes(case.candidate.block_ticket_email),
    ),
    _rule(Reason.SKIP_EVENT_OFF, "preferences.kinds[{kind}]", lambda case: case.override is False, lambda case: _on(case.override)),
    _rule(Reason.SEND_EVENT_ON, "preferences.kinds[{kind}]", lambda case: case.override is True, lambda case: _on(case.override)),
    _rule(Reason.SKIP_PREFERENCE_OFF, "preferences.{type}", lambda case: not case.preference, lambda case: _on(case.preference)),
    _rule(Reason.SEND_PREFERENCE_ON, "preferences.{type}", lambda _: True, lambda case: _on(case.preference)),
)


def _account(reason: Reason) -> Rule:
    return _rule(reason, "class of the message", lambda case: case.kind.why is reason, lambda case: case.kind.why.name[5:].lower())


ACCOUNT: tuple[Rule, ...] = (
    _DELETED,
    _ANONYMIZED,
    _OUTSIDER,
    _TOLD,
    _NO_ADDRESS,
    _SUPPRESSED,
    _DISABLED,
    _rule(
        Reason.SKIP_WELCOME_NOT_WANTED,
        "skip_welcome",
        lambda case: case.kind.why is Reason.SEND_WELCOME and case.circumstances.skip_welcome,
        lambda case: _yes(case.circumstances.skip_welcome),
    ),
    _rule(
        Reason.SKIP_AREA_OFF,
        "modules.reserved_area",
        lambda case: case.kind.only_area and case.candidate.area_off,
        lambda case: _on(not case.candidate.area_off),
    ),
    _rule(
        Reason.SKIP_ENTRY_CLOSED,
        "access",
        lambda case: case.kind.only_link and case.candidate.may_enter is False,
        lambda case: {True: "open", False: "closed", None: "asked when the link is made"}[case.candidate.may_enter],
    ),
    _account(Reason.SEND_WELCOME),
    _account(Reason.SEND_OPERATOR_ACTION),
    _account(Reason.SEND_OWN_ACTION),
    _account(Reason.SEND_MANDATORY),
)


def rules(kind: Kind) -> tuple[Rule, ...]:
    """Return the rules of this kind in their order."""
    return ACCOUNT if kind.type is None else AUTOMATIC


def decide(kind: Kind, candidate: Candidate, circumstances: Circumstances = NO_CIRCUMSTANCES) -> Decision:
    case = Case(kind, candidate, circumstances)
    return Decision(candidate, next(rule.reason for rule in rules(kind) if rule.fits(case)))


def select_recipients(kind: Kind, candidates: Iterable[Candidate], circumstances: Circumstances = NO_CIRCUMSTANCES) -> list[Decision]:
    """Return one decision for each candidate, in their order; nobody is left out silently."""
    return [decide(kind, candidate, circumstances) for candidate in candidates]


@dataclass(frozen=True)
class Tried:
    """One rule as it was tried."""

    reason: Reason
    decided: bool
    looked_at: str
    value: str


def explain(kind: Kind, candidate: Candidate, circumstances: Circumstances = NO_CIRCUMSTANCES) -> list[Tried]:
    """Return every rule that was tried, in order, the last one being the one that decided."""
    case = Case(kind, candidate, circumstances)
    tried: list[Tried] = []
    for rule in rules(kind):
        tried.append(Tried(rule.reason, rule.fits(case), rule.looked_at(case), rule.value(case)))
        if tried[-1].decided:
            break
    return tried


# --- permissions ---------------------------------------------------------------------------------------------------------------------
_SECTIONS = {  # R-PRM-16: credit notes follow invoices, tasks follow projects
    Type.INVOICE: "INVOICES",
    Type.CREDIT_NOTE: "INVOICES",
    Type.ESTIMATE: "ESTIMATES",
    Type.PROPOSAL: "PROPOSALS",
    Type.CONTRACT: "CONTRACTS",
    Type.TICKET: "SUPPORT",
    Type.PROJECT: "PROJECTS",
    Type.TASK: "PROJECTS",
}


@functools.cache
def section(kind: Kind) -> str:
    """Return the permission that opens what this kind points to; "" for none."""
    return _SECTIONS[kind.type] if kind.type else ""


def without_permission(kind: Kind, candidate: Candidate) -> bool:
    """Tell whether a contact may not open the section that the message points to; it is told all the same (R-NOT-21)."""
    return not candidate.mailbox and bool(section(kind)) and section(kind) not in candidate.permissions


# --- what a decision saw -------------------------------------------------------------------------------------------------------------
def snapshot(kind: Kind, candidate: Candidate, circumstances: Circumstances) -> dict[str, object]:
    """Return what the rules looked at, without names or addresses, so that the decision can be explained later as it was taken.

    Beside it stands the consent to open tracking, at which no rule looks.
    """
    case = Case(kind, candidate, circumstances)
    seen: dict[str, object] = {
        "deleted": candidate.deleted,
        "anonymized": candidate.anonymized,
        "of_customer": candidate.of_customer,
        "told": candidate.person in circumstances.told,
        "mailbox": candidate.mailbox,
        "needed": candidate.needed,
        "address": bool(candidate.email),
        "suppressed": case.suppressed,
        "disabled": kind.name in circumstances.disabled,
        "project": circumstances.project,
        "on_ticket": candidate.person in circumstances.on_ticket,
        "block": candidate.block_ticket_email,
        "event": case.override,
        "type": case.preference,
        "skip_welcome": circumstances.skip_welcome,
        "area_off": candidate.area_off,
        "may_enter": candidate.may_enter,
        "open_tracking": kind.sales and candidate.open_tracking,
    }
    return {name: value for name, value in seen.items() if value != _USUAL[name]}


_USUAL: dict[str, object] = {
    "deleted": False,
    "anonymized": False,
    "of_customer": True,
    "told": False,
    "mailbox": False,
    "needed": True,
    "address": True,
    "suppressed": False,
    "disabled": False,
    "project": True,
    "on_ticket": False,
    "block": False,
    "event": None,
    "type": False,
    "skip_welcome": False,
    "area_off": False,
    "may_enter": None,
    "open_tracking": False,
}
# What was seen when a decision had to be taken anew because identity made no link.
WITHHELD: Mapping[Reason, Mapping[str, object]] = {
    Reason.SKIP_AREA_OFF: {"area_off": True},
    Reason.SKIP_ENTRY_CLOSED: {"may_enter": False},
}


def restore(kind: Kind, person: str, seen: Mapping[str, object]) -> tuple[Candidate, Circumstances]:
    """Return a candidate and circumstances that the rules cannot tell from those of the snapshot."""
    what = {**_USUAL, **seen}
    address = "-" if what["address"] else ""
    event = what["event"]
    candidate = Candidate(
        person,
        email=address,
        mailbox=bool(what["mailbox"]),
        needed=bool(what["needed"]),
        deleted=bool(what["deleted"]),
        anonymized=bool(what["anonymized"]),
        of_customer=bool(what["of_customer"]),
        preferences={kind.type: bool(what["type"])} if kind.type else {},
        kinds={} if event is None else {kind.name: bool(event)},
        block_ticket_email=bool(what["block"]),
        area_off=bool(what["area_off"]),
        may_enter=None if what["may_enter"] is None else bool(what["may_enter"]),
    )
    circumstances = Circumstances(
        disabled=frozenset({kind.name}) if what["disabled"] else frozenset(),
        suppressed=frozenset({fold(address)}) if what["suppressed"] else frozenset(),
        told=frozenset({person}) if what["told"] else frozenset(),
        on_ticket=frozenset({person}) if what["on_ticket"] else frozenset(),
        project=bool(what["project"]),
        skip_welcome=bool(what["skip_welcome"]),
    )
    return candidate, circumstances
