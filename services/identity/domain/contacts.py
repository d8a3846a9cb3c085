"""What identity knows of a contact, and the one rule of who may enter the client area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class Access:
    """The switch of the client area; first and last day, both included, None without a limit."""

    enabled: bool = False
    start_date: date | None = None
    end_date: date | None = None


NO_ACCESS = Access()


@dataclass(frozen=True)
class Contact:
    """permissions: for each customer it acts for, what counts there now, by the names of access.v1.Contact, PRIMARY among them.

    points: how many telephones and other points there are beside the address. roles: by customer, where it has one.
    version: grows with each change in contacts; 0 when it was not told.
    """

    id: UUID
    display_name: str = ""
    email: str = ""
    language_code: str = "it"
    right_to_left: bool = False
    customer_id: UUID | None = None
    groups: frozenset[UUID] = frozenset()
    access: Access = NO_ACCESS
    anonymized: bool = False
    permissions: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    points: int = 0
    roles: Mapping[UUID, str] = field(default_factory=dict)
    version: int = 0

    def acts_for(self, wanted: UUID | None) -> UUID | None:
        """Return the customer for whom it acts: the wanted one when it may, else the home customer, else any; None without one."""
        for customer_id in (wanted, self.customer_id):
            if customer_id in self.permissions:
                return customer_id
        return next(iter(self.permissions), None)


@dataclass(frozen=True)
class Area:
    """The client area as the organisation runs it at one moment. open: the module is on. today: in its zone."""

    today: date
    open: bool = True


@dataclass(frozen=True)
class Condition:
    """One thing that entering needs. refusal: why a person without it stays outside, by the codes of the set `entry`.

    value: what was found: an address, a period as in ISO 8601 with ".." for an open end.
    """

    code: str
    passed: bool
    refusal: str
    value: str = ""


def conditions(contact: Contact | None, *, disabled: bool, area: Area) -> list[Condition]:
    """Return everything that entering needs, in the order in which it is tried; of a contact that is gone nothing more is asked.

    contact: None when it was deleted. disabled: its account is.
    The privacy policy is the other half of the rule: a session stays POLICY_REQUIRED until it is accepted.
    """
    first = [
        Condition("AREA_ON", area.open, "ENTRY_AREA_OFF"),
        Condition("CONTACT_EXISTS", contact is not None, "ENTRY_CONTACT_DELETED"),
    ]
    if contact is None:
        return first
    return [
        *first,
        Condition("CONTACT_NOT_ANONYMIZED", not contact.anonymized, "ENTRY_CONTACT_ANONYMIZED"),
        Condition("EMAIL_PRESENT", bool(contact.email), "ENTRY_NO_EMAIL", contact.email),
        Condition("ACCOUNT_ENABLED", not disabled, "ENTRY_ACCESS_OFF"),
        Condition("ACCESS_ON", contact.access.enabled, "ENTRY_ACCESS_OFF"),
        _support_window(contact.access, area.today),
    ]


def _support_window(access: Access, today: date) -> Condition:
    first, last = access.start_date, access.end_date
    early, late = first is not None and today < first, last is not None and today > last
    refused = "ENTRY_PERIOD_NOT_STARTED" if early else "ENTRY_PERIOD_ENDED"
    value = f"{first or '..'}/{last or '..'}" if first or last else ""
    return Condition("SUPPORT_WINDOW", not (early or late), refused, value)


def refusal(contact: Contact | None, *, disabled: bool, area: Area) -> str:
    """Return why a contact may not enter the client area now: the refusal of the first condition that is not met; "" when all are."""
    tried = conditions(contact, disabled=disabled, area=area)
    return next((condition.refusal for condition in tried if not condition.passed), "")
