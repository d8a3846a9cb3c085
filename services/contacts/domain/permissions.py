"""What a contact may open and what it is told: its own choice over the customer's over the default."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache


class Section(enum.Enum):
    """A part of the portal. Credit notes belong to INVOICES, tasks to PROJECTS."""

    INVOICES = "invoices"
    ESTIMATES = "estimates"
    CONTRACTS = "contracts"
    PROPOSALS = "proposals"
    SUPPORT = "support"
    PROJECTS = "projects"


class Mode(enum.Enum):
    INHERIT = 1
    ALLOW = 2
    DENY = 3


class TicketScope(enum.Enum):
    OWN = 1
    CUSTOMER = 2


@dataclass(frozen=True)
class Permissions:
    """A section that `modes` does not name is undecided here."""

    modes: Mapping[Section, Mode] = field(default_factory=dict)
    ticket_scope: TicketScope | None = None

    @cached_property
    def _hash(self) -> int:
        return hash((frozenset(self.modes.items()), self.ticket_scope))

    def __hash__(self) -> int:
        return self._hash

    def decided(self, section: Section) -> Mode | None:
        """Return ALLOW or DENY; None when this set leaves it to the next one."""
        mode = self.modes.get(section)
        return None if mode is Mode.INHERIT else mode

    def allows(self, section: Section) -> bool:
        return self.modes.get(section) is Mode.ALLOW

    def changed_by(self, other: Permissions) -> Permissions:
        """Return this set with what `other` names."""
        return Permissions({**self.modes, **other.modes}, other.ticket_scope or self.ticket_scope)


NO_PERMISSIONS = Permissions()


@lru_cache(4096)
def effective(*sets: Permissions) -> Permissions:
    """Return what counts: for each section the first of the sets that decides, DENY when none does."""
    modes = {section: next((mode for one in sets if (mode := one.decided(section))), Mode.DENY) for section in Section}
    return Permissions(modes, next((one.ticket_scope for one in sets if one.ticket_scope), TicketScope.OWN))


def filled(own: Permissions, customer: Permissions, default: Permissions) -> Permissions:
    """Return the explicit set of a new contact: its own choice, else what the customer or the default says at this moment."""
    inherited = effective(customer, default)
    modes = {section: own.modes.get(section) or inherited.modes[section] for section in Section}
    return Permissions(modes, own.ticket_scope or inherited.ticket_scope)


# --- notifications -------------------------------------------------------------------------------------------------------------------
class Notification(enum.Enum):
    """A type of automatic e-mail, which each contact switches on or off."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    ESTIMATE = "estimate"
    PROPOSAL = "proposal"
    CONTRACT = "contract"
    TICKET = "ticket"
    PROJECT = "project"
    TASK = "task"


SECTION_OF = {
    Notification.INVOICE: Section.INVOICES,
    Notification.CREDIT_NOTE: Section.INVOICES,
    Notification.ESTIMATE: Section.ESTIMATES,
    Notification.PROPOSAL: Section.PROPOSALS,
    Notification.CONTRACT: Section.CONTRACTS,
    Notification.TICKET: Section.SUPPORT,
    Notification.PROJECT: Section.PROJECTS,
    Notification.TASK: Section.PROJECTS,
}
KINDS = {  # kind of message -> its type; what may be switched below a type
    "invoice_issued": Notification.INVOICE,
    "invoice_due_reminder": Notification.INVOICE,
    "invoice_overdue": Notification.INVOICE,
    "invoice_payment_received": Notification.INVOICE,
    "credit_note_issued": Notification.CREDIT_NOTE,
    "estimate_available": Notification.ESTIMATE,
    "estimate_expiry_reminder": Notification.ESTIMATE,
    "proposal_available": Notification.PROPOSAL,
    "contract_available": Notification.CONTRACT,
    "contract_expiry_reminder": Notification.CONTRACT,
    "contract_renewed": Notification.CONTRACT,
    "ticket_opened": Notification.TICKET,
    "ticket_replied": Notification.TICKET,
    "ticket_updated": Notification.TICKET,
    "ticket_closed": Notification.TICKET,
    "project_assigned": Notification.PROJECT,
    "project_updated": Notification.PROJECT,
    "project_file_uploaded": Notification.PROJECT,
    "task_assigned": Notification.TASK,
    "task_updated": Notification.TASK,
}


@dataclass(frozen=True)
class Preferences:
    """`switches` by type; `kinds` overrides single kinds of message. A type that `switches` does not name is not chosen yet."""

    switches: Mapping[Notification, bool] = field(default_factory=dict)
    kinds: Mapping[str, bool] = field(default_factory=dict)

    @cached_property
    def _hash(self) -> int:
        return hash((frozenset(self.switches.items()), frozenset(self.kinds.items())))

    def __hash__(self) -> int:
        return self._hash

    def on(self, kind: str) -> bool:
        return self.kinds.get(kind, self.switches.get(KINDS[kind], False))

    def wanted(self) -> frozenset[Notification]:
        """Return the types of which at least one kind is on."""
        return frozenset(type_ for kind, type_ in KINDS.items() if self.on(kind))

    def filled(self, default: Preferences) -> Preferences:
        """Return the explicit set of a new contact; an unchosen type takes the default's switch and its overrides."""
        unchosen = [type_ for type_ in Notification if type_ not in self.switches]
        kinds = {kind: on for kind, on in default.kinds.items() if KINDS[kind] in unchosen}
        switches = {type_: self.switches.get(type_, default.switches.get(type_, False)) for type_ in Notification}
        return Preferences(switches, {**kinds, **self.kinds})


SILENT = Preferences(dict.fromkeys(Notification, False))


class Warning(enum.Enum):  # noqa: A001 - the contract's word
    NOTIFICATION_WITHOUT_PERMISSION = 1
    NOTIFICATION_WITHOUT_EMAIL = 2


def warnings(preferences: Preferences, permissions: Permissions, email: str) -> tuple[Warning, ...]:
    """Say what does not fit; nothing of it stops a message but the missing address. permissions: the effective ones."""
    wanted = preferences.wanted()
    found = []
    if any(not permissions.allows(SECTION_OF[type_]) for type_ in wanted):
        found.append(Warning.NOTIFICATION_WITHOUT_PERMISSION)
    if wanted and not email:
        found.append(Warning.NOTIFICATION_WITHOUT_EMAIL)
    return tuple(found)
