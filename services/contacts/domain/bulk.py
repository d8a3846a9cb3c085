"""One change to many affiliations at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from libs.errors import Aborted
from services.contacts.domain.contacts import Affiliation

Change = Callable[[Affiliation], Affiliation]


class CountChanged(Aborted):
    reason = "COUNT_CHANGED"

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} match now", metadata={"count": str(count)})


@dataclass(frozen=True)
class Reachable:
    """An affiliation, and whether its contact has an address."""

    affiliation: Affiliation
    has_email: bool


@dataclass(frozen=True)
class BulkResult:
    """How many were found, how many of those changed, and how many could not because a notification needs an address."""

    matched: int
    updated: int = 0
    without_email: int = 0

    @property
    def text(self) -> str:
        return f"{self.matched} {self.updated} {self.without_email}"

    @classmethod
    def read(cls, text: str) -> BulkResult:
        return cls(*map(int, text.split()))


def planned(found: Sequence[Reachable], change: Change) -> tuple[list[Affiliation], BulkResult]:
    """Return the affiliations that a change makes different, as they will be, and the figures.

    change: must depend on role, permissions and preferences alone: it is asked once for each different set of them.
    """
    answers: dict[object, Affiliation] = {}
    changed, without_email = [], 0
    for one in found:
        before = one.affiliation
        held = (before.contact_role_id, before.permissions, before.preferences)
        if held not in answers:
            answers[held] = change(before)
        after = answers[held]
        if held == (after.contact_role_id, after.permissions, after.preferences):
            continue
        if after.preferences.wanted() and not one.has_email:
            without_email += 1
            continue
        changed.append(replace(before, contact_role_id=after.contact_role_id, permissions=after.permissions, preferences=after.preferences))
    return changed, BulkResult(len(found), len(changed), without_email)
