"""The organisation that runs the platform, and the defaults of new contacts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from libs.errors import InvalidArgument
from services.contacts.domain.fields import Block
from services.contacts.domain.permissions import Mode, Notification, Permissions, Preferences, Section, TicketScope
from services.contacts.domain.values import Checks, time_zone


@dataclass(frozen=True)
class Profile:
    """A set of preferences offered with one click."""

    id: str
    label_it: str
    label_en: str
    preferences: Preferences


def _only(*types: Notification) -> Preferences:
    return Preferences({type_: type_ in types for type_ in Notification})


ALL_ALLOWED = Permissions(dict.fromkeys(Section, Mode.ALLOW), TicketScope.OWN)
ALL_ON = Preferences(dict.fromkeys(Notification, True))
# R-NOT-17 and ruling R-NOT-18: "support" is the ticket type.
PROFILES = (
    Profile("finance", "Amministrazione", "Finance", _only(Notification.INVOICE, Notification.CREDIT_NOTE, Notification.CONTRACT)),
    Profile("technical", "Tecnico", "Technical", _only(Notification.PROJECT, Notification.TASK, Notification.TICKET)),
    Profile("management", "Direzione", "Management", _only(Notification.ESTIMATE, Notification.PROPOSAL, Notification.CONTRACT)),
)


@dataclass(frozen=True)
class Modules:
    """What an organisation may do without. Switching one off hides it and deletes nothing."""

    membership: bool = False
    reserved_area: bool = True
    custom_fields: bool = False


@dataclass(frozen=True)
class ContactsSettings:
    organization_name: str = "La mia organizzazione"
    time_zone: str = "Europe/Rome"
    language_code: str = "it"
    modules: Modules = Modules()
    hidden_blocks: frozenset[Block] = frozenset()
    default_permissions: Permissions = ALL_ALLOWED
    default_preferences: Preferences = ALL_ON
    profiles: tuple[Profile, ...] = PROFILES
    version: int = 1

    def checked(self) -> ContactsSettings:
        if Mode.INHERIT in self.default_permissions.modes.values():
            raise InvalidArgument.of("contacts_settings.default_permissions", "has nothing to inherit from", "NOTHING_TO_INHERIT")
        if _repeated([profile.id for profile in self.profiles]):
            raise InvalidArgument.of("contacts_settings.preference_profiles", "names an id twice", "DUPLICATE")
        if Block.REGISTRY in self.hidden_blocks:
            raise InvalidArgument.of("contacts_settings.hidden_blocks", "holds the block with the names", "BLOCK_ALWAYS_ON")
        with Checks("contacts_settings")() as checks:
            return replace(
                self,
                organization_name=checks.line("organization_name", self.organization_name, required=True),
                time_zone=checks.value("time_zone", time_zone, self.time_zone) or "Europe/Rome",
                language_code=self.language_code or "it",
            )

    @property
    def off_blocks(self) -> frozenset[Block]:
        """Return the blocks that forms leave out: those switched off, and those whose module is."""
        of_modules = {Block.MEMBERSHIP: self.modules.membership, Block.CUSTOM: self.modules.custom_fields}
        return self.hidden_blocks | {block for block, on in of_modules.items() if not on}


def _repeated(ids: Collection[str]) -> bool:
    return len(set(ids)) < len(ids)
