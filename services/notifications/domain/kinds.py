"""The kinds of message, the types that a contact can switch, and the closed set of reasons."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from libs.errors import InvalidArgument


class Type(enum.Enum):
    """What a contact can switch on and off."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    ESTIMATE = "estimate"
    PROPOSAL = "proposal"
    CONTRACT = "contract"
    TICKET = "ticket"
    PROJECT = "project"
    TASK = "task"


class Reason(enum.Enum):
    """Why somebody is or is not sent a message; the words are in words/reasons.yaml."""

    SKIP_CONTACT_DELETED = "SKIP_CONTACT_DELETED"
    SKIP_CONTACT_ANONYMIZED = "SKIP_CONTACT_ANONYMIZED"
    SKIP_NOT_OF_CUSTOMER = "SKIP_NOT_OF_CUSTOMER"
    SKIP_ALREADY_TOLD = "SKIP_ALREADY_TOLD"
    SKIP_MAILBOX_NOT_NEEDED = "SKIP_MAILBOX_NOT_NEEDED"
    SKIP_MAILBOX_NOT_FOR_TYPE = "SKIP_MAILBOX_NOT_FOR_TYPE"
    SKIP_NO_ADDRESS = "SKIP_NO_ADDRESS"
    SKIP_ADDRESS_SUPPRESSED = "SKIP_ADDRESS_SUPPRESSED"
    SKIP_TEMPLATE_DISABLED = "SKIP_TEMPLATE_DISABLED"
    SKIP_TASK_WITHOUT_PROJECT = "SKIP_TASK_WITHOUT_PROJECT"
    SEND_CUSTOMER_MAILBOX = "SEND_CUSTOMER_MAILBOX"
    SKIP_NOT_ON_TICKET = "SKIP_NOT_ON_TICKET"
    SKIP_TICKET_BLOCK = "SKIP_TICKET_BLOCK"
    SKIP_EVENT_OFF = "SKIP_EVENT_OFF"
    SEND_EVENT_ON = "SEND_EVENT_ON"
    SKIP_PREFERENCE_OFF = "SKIP_PREFERENCE_OFF"
    SEND_PREFERENCE_ON = "SEND_PREFERENCE_ON"
    SKIP_WELCOME_NOT_WANTED = "SKIP_WELCOME_NOT_WANTED"
    SKIP_AREA_OFF = "SKIP_AREA_OFF"
    SKIP_ENTRY_CLOSED = "SKIP_ENTRY_CLOSED"
    SEND_WELCOME = "SEND_WELCOME"
    SEND_OPERATOR_ACTION = "SEND_OPERATOR_ACTION"
    SEND_OWN_ACTION = "SEND_OWN_ACTION"
    SEND_MANDATORY = "SEND_MANDATORY"

    @property
    def sends(self) -> bool:
        return self.name.startswith("SEND_")


class Purpose(enum.Enum):
    """What a link in a message is for, as identity calls it."""

    SET_PASSWORD = "SET_PASSWORD"  # noqa: S105 - a purpose
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - a purpose
    INVITATION = "INVITATION"
    MAGIC = "MAGIC"
    DISOWN = "DISOWN"


@dataclass(frozen=True)
class Kind:
    """One kind of message.

    type: None for account messages, which no preference stops; `why` is then the reason that sends them. security: a lost one is
    worse than a second one. purpose: of the link inside, None for none. code: has a place for a code beside its link.
    """

    name: str
    type: Type | None = None
    why: Reason = Reason.SEND_MANDATORY
    security: bool = False
    purpose: Purpose | None = None
    code: bool = False

    @property
    def sales(self) -> bool:
        """About a document of the sale: what may be tracked where it is allowed."""
        return self.type in SALES_TYPES

    @property
    def only_link(self) -> bool:
        """Nothing but its link: of no use to who may not enter."""
        return self.type is None and self.purpose not in {None, Purpose.DISOWN}

    @property
    def only_area(self) -> bool:
        """Of use to a contact in the client area alone."""
        return self.only_link or self.why is Reason.SEND_WELCOME

    @property
    def send_reasons(self) -> frozenset[Reason]:
        """Every reason for which this kind can go out."""
        if self.type is None:
            return frozenset({self.why})
        mailbox = {Reason.SEND_CUSTOMER_MAILBOX} if self.type in MAILBOX_TYPES else set()
        return frozenset({Reason.SEND_PREFERENCE_ON, Reason.SEND_EVENT_ON} | mailbox)


MAILBOX_TYPES = frozenset({Type.INVOICE, Type.ESTIMATE})  # R-CUS-04: estimates, invoices and receipts alone
SALES_TYPES = frozenset({Type.INVOICE, Type.CREDIT_NOTE, Type.ESTIMATE, Type.PROPOSAL, Type.CONTRACT})

_EVENTS: dict[Type, tuple[str, ...]] = {
    Type.INVOICE: ("issued", "due_reminder", "overdue", "payment_received"),
    Type.CREDIT_NOTE: ("issued",),
    Type.ESTIMATE: ("available", "expiry_reminder"),
    Type.PROPOSAL: ("available",),
    Type.CONTRACT: ("available", "expiry_reminder", "renewed"),
    Type.TICKET: ("opened", "replied", "updated", "closed"),
    Type.PROJECT: ("assigned", "updated", "file_uploaded"),
    Type.TASK: ("assigned", "updated"),
}
_WITHOUT_DOCUMENT = {Type.TICKET, Type.PROJECT, Type.TASK}


def _automatic() -> Iterable[Kind]:
    for of_type, events in _EVENTS.items():
        for event in events:
            yield Kind(f"{of_type.value}_{event}", of_type, purpose=None if of_type in _WITHOUT_DOCUMENT else Purpose.MAGIC)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *_automatic(),
        Kind("welcome", why=Reason.SEND_WELCOME),
        Kind("access_data", security=True, purpose=Purpose.SET_PASSWORD),
        Kind("set_password", why=Reason.SEND_OPERATOR_ACTION, security=True, purpose=Purpose.SET_PASSWORD),
        Kind("password_reset_by_operator", why=Reason.SEND_OPERATOR_ACTION, security=True, purpose=Purpose.SET_PASSWORD),
        Kind("password_reset_requested", why=Reason.SEND_OWN_ACTION, security=True, purpose=Purpose.RESET_PASSWORD),
        Kind("sign_in_link", why=Reason.SEND_OWN_ACTION, security=True, purpose=Purpose.MAGIC, code=True),
        Kind("operator_invited", why=Reason.SEND_OPERATOR_ACTION, security=True, purpose=Purpose.INVITATION),
        Kind("password_changed", security=True, purpose=Purpose.DISOWN),
        Kind("second_factor_changed", security=True, purpose=Purpose.DISOWN),
        Kind("new_sign_in", security=True, purpose=Purpose.DISOWN),
        Kind("access_reported", security=True),
    )
}


def kind_of(name: str, field: str = "kind") -> Kind:
    """Return the kind of this name; InvalidArgument names `field`."""
    if name not in KINDS:
        raise InvalidArgument.of(field, f"must be one of {', '.join(sorted(KINDS))}", "KIND_UNKNOWN")
    return KINDS[name]
