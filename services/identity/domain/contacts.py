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
    """permissions: for each customer it acts for, what counts there now, by the names of access.v1.Contact, PRIMARY among them."""

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

    def acts_for(self, wanted: UUID | None) -> UUID | None:
        """Return the customer for whom it acts: the wanted one when it may, else the home customer, else any; None without one."""
        for customer_id in (wanted, self.customer_id):
            if customer_id in self.permissions:
                return customer_id
        return next(iter(self.permissions), None)


def refusal(contact: Contact | None, *, disabled: bool, today: date) -> str:
    """Return why a contact may not enter the client area today, by the codes of the set `entry`; "" when it may.

    contact: None when it was deleted. disabled: its account is. today: in the organisation's zone.
    The privacy policy is the other half of the rule: a session stays POLICY_REQUIRED until it is accepted.
    """
    if contact is None:
        return "ENTRY_CONTACT_DELETED"
    if contact.anonymized:
        return "ENTRY_CONTACT_ANONYMIZED"
    if not contact.email:
        return "ENTRY_NO_EMAIL"
    if disabled or not contact.access.enabled:
        return "ENTRY_ACCESS_OFF"
    if contact.access.start_date is not None and today < contact.access.start_date:
        return "ENTRY_PERIOD_NOT_STARTED"
    if contact.access.end_date is not None and today > contact.access.end_date:
        return "ENTRY_PERIOD_ENDED"
    return ""
