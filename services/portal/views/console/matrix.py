"""What a contact may open beside what it is told: one row for each section of the portal. The two are independent (R-NOT-14)."""

from __future__ import annotations

from dataclasses import dataclass

from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.contacts.v1.permissions_pb2 import Permissions, Preferences

from services.portal.views.console import words
from services.portal.views.i18n import gettext as _


@dataclass(frozen=True)
class Row:
    """told: "all", "some" or "none" of the types of this section. exceptions: single messages that differ from their type."""

    title: str
    may_open: bool
    inherited: bool
    told: str
    told_words: str
    exceptions: int

    @property
    def mismatch(self) -> bool:
        """Told about a section that it may not open: nothing wrong by itself, and worth a look (R-NOT-21)."""
        return not self.may_open and self.told != "none"


def rows(affiliation: Affiliation) -> list[Row]:
    return [_row(affiliation, section, _(title)) for section, title in words.SECTIONS.items()]


def told_in_words(affiliation: Affiliation) -> str:
    """Return the types a contact is told about, for one line under its name; empty when none."""
    return words.listed([type_ for type_ in words.TYPES if getattr(affiliation.preferences, type_) == Preferences.ON])


def _row(affiliation: Affiliation, section: str, title: str) -> Row:
    types, preferences = words.TYPES_OF_SECTION[section], affiliation.preferences
    on = [type_ for type_ in types if getattr(preferences, type_) == Preferences.ON]
    switch_of = {kind: type_ in on for type_ in types for kind in words.KINDS_OF_TYPE[type_]}
    own = {kind: switch == Preferences.ON for kind, switch in preferences.kinds.items() if kind in switch_of and switch}
    exceptions = {kind for kind, wanted in own.items() if wanted != switch_of[kind]}
    told = "all" if len(on) == len(types) else "some" if on else "none"
    return Row(
        title=title,
        may_open=getattr(affiliation.effective_permissions, section) == Permissions.ALLOW,
        inherited=getattr(affiliation.permissions, section) == Permissions.INHERIT,
        told="some" if told == "none" and any(own[kind] for kind in exceptions) else told,
        told_words=", ".join(_(words.TYPES[type_]) for type_ in on)
        or ", ".join(words.kind(kind) for kind in sorted(exceptions) if own[kind]),
        exceptions=len(exceptions),
    )
