"""What makes two contacts look like one person."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from difflib import SequenceMatcher
from uuid import UUID

from services.contacts.domain.contacts import Contact, ContactPoint, PointKind
from services.contacts.domain.values import email_key, folded

TAX_CODE = "tax_code"  # the field of the profile
_ALIKE = 0.86  # of 1: one letter in seven may differ
_ADDRESSES = {PointKind.EMAIL, PointKind.CERTIFIED_EMAIL}


class Resemblance(enum.Enum):
    """The strongest first."""

    SAME_EMAIL = 1
    SAME_TAX_CODE = 2
    SAME_PHONE = 3
    SIMILAR_NAME = 4


@dataclass(frozen=True)
class Person:
    """As much of a contact as comparing needs."""

    id: UUID
    first_name: str
    last_name: str
    email: str = ""
    contact_points: tuple[ContactPoint, ...] = ()
    tax_code: str = ""

    @classmethod
    def of(cls, contact: Contact) -> Person:
        return cls(
            contact.id, contact.first_name, contact.last_name, contact.email, contact.contact_points, str(contact.profile.get(TAX_CODE, ""))
        )

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def addresses(self) -> frozenset[str]:
        """Return all its addresses, principal or not, as they are compared."""
        all_ = [self.email, *(point.value for point in self.contact_points if point.kind in _ADDRESSES)]
        return frozenset(key for address in all_ if (key := email_key(address)))

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset(point.value for point in self.contact_points if point.kind not in _ADDRESSES)

    @property
    def name_key(self) -> str:
        """Return the words of the name in one order: first and last name are often swapped."""
        return " ".join(sorted(folded(self.display_name).split()))


@dataclass(frozen=True)
class Duplicate:
    """A contact that looks like another one, and why."""

    person: Person
    reasons: tuple[Resemblance, ...]


def resemblances(one: Person, other: Person, *, colleagues: bool) -> tuple[Resemblance, ...]:
    """Return all that two have in common, the strongest first. colleagues: they act for one customer, where a like name counts."""
    found = (
        (Resemblance.SAME_EMAIL, bool(one.addresses & other.addresses)),
        (Resemblance.SAME_TAX_CODE, bool(one.tax_code) and one.tax_code == other.tax_code),
        (Resemblance.SAME_PHONE, bool(one.numbers & other.numbers)),
        (Resemblance.SIMILAR_NAME, colleagues and _alike(one.name_key, other.name_key)),
    )
    return tuple(reason for reason, holds in found if holds)


def _alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE
