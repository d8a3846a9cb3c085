"""Roles: sets of capabilities, built in or the organisation's own; and who holds enough to give or to touch one."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from libs.errors import AlreadyExists, FailedPrecondition, FieldViolation, InvalidArgument, PermissionDenied

ADMINISTRATOR = "roles/administrator"
SEES_ALL = "roles/sees-all"  # of an operator who is not held to groups; it allows nothing by itself
LONGEST_NAME = 100
SEE_ALL = "contacts.see_all"  # lifts the limit to groups
NOTES_OF_OTHERS = "contacts.notes.others"  # lets notes be changed that somebody else wrote
METHODLESS = frozenset({SEE_ALL, NOTES_OF_OTHERS})  # no method asks for them, services look at them beside the method's own


class NameTaken(AlreadyExists):
    reason = "NAME_TAKEN"

    def __init__(self) -> None:
        fault = FieldViolation("role.display_name", "is the name of another role", self.reason)
        super().__init__("role.display_name: is the name of another role", violations=[fault])


class RoleInUse(FailedPrecondition):
    reason = "ROLE_IN_USE"


class RoleBuiltIn(FailedPrecondition):
    reason = "ROLE_BUILT_IN"


class MoreCapabilities(PermissionDenied):
    reason = "MORE_CAPABILITIES"


class MoreGroups(PermissionDenied):
    reason = "MORE_GROUPS"


@dataclass(frozen=True)
class Role:
    """name: "roles/administrator" of a built-in one, else "roles/{uuid}"."""

    name: str
    display_name: str
    capabilities: frozenset[str]
    built_in: bool = False
    version: int = 1

    def changed(self, *, display_name: str, capabilities: Iterable[str]) -> Role:
        if self.built_in:
            raise RoleBuiltIn(f"{self.name} is part of Recapito: create a role of your own")
        return replace(self, display_name=display_name.strip(), capabilities=frozenset(capabilities))


# --- built in ------------------------------------------------------------------------------------------------------------------------
_READ = frozenset({"contacts.read", "contacts.notes", "documents.read", "notifications.read"})
_NOTING = frozenset({"contacts.notes.write"})
_INVOICING = frozenset({"documents.write", "documents.issue", "documents.payments"})
_CONTACTS = frozenset({"contacts.write", "contacts.delete", "identity.read", "identity.access"})
_TRANSFERS = frozenset({"contacts.import", "contacts.export"})
_SETTINGS = frozenset({"contacts.settings", "documents.settings", "notifications.settings", "identity.accounts", "identity.policies"})
_OVERSIGHT = frozenset({"identity.audit", "identity.settings", "contacts.anonymize"})

ROLES: Mapping[str, frozenset[str]] = {
    ADMINISTRATOR: _READ | _INVOICING | _CONTACTS | _NOTING | _SETTINGS | _OVERSIGHT | _TRANSFERS | {"notifications.send", *METHODLESS},
    "roles/operator": _READ | _INVOICING | _CONTACTS | _NOTING | {"notifications.send"},
    "roles/accountant": _READ | _INVOICING | _NOTING,
    "roles/reader": _READ,
    SEES_ALL: frozenset({SEE_ALL}),
}
_NAMES: Mapping[str, tuple[str, str]] = {  # Italian, English
    ADMINISTRATOR: ("Amministratore", "Administrator"),
    "roles/operator": ("Operatore", "Operator"),
    "roles/accountant": ("Contabile", "Accountant"),
    "roles/reader": ("Lettore", "Reader"),
    SEES_ALL: ("Vede tutto", "Sees everything"),
}


def built_in(language: str = "it") -> list[Role]:
    """Return the built-in roles with their names in a language."""
    return [Role(name, _NAMES[name][language == "en"], held, built_in=True) for name, held in ROLES.items()]


# --- rules ---------------------------------------------------------------------------------------------------------------------------
def fold(display_name: str) -> str:
    """Return what two names are compared by: letter case, forms of the same letter and spaces do not count.

    One character may become eighteen, hence the limit.
    """
    return " ".join(unicodedata.normalize("NFKC", display_name).casefold().split())[:LONGEST_NAME]


_TAKEN = frozenset(fold(name) for names in _NAMES.values() for name in names)


def checked(role: Role, known: Collection[str]) -> Role:
    """Return the role; InvalidArgument for a blank name or a capability that is not known, NameTaken for a built-in one's name."""
    if not role.display_name:
        raise InvalidArgument.of("role.display_name", "is required", "REQUIRED")
    for capability in sorted(role.capabilities):
        if capability not in known:
            raise InvalidArgument.of("role.capabilities", f'there is no capability "{capability}"', "UNKNOWN_CAPABILITY")
    if fold(role.display_name) in _TAKEN:
        raise NameTaken
    return role


def checked_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of roles sorted, each once; InvalidArgument for one that cannot be a role's. Own roles may still not exist."""
    wanted = tuple(sorted(set(names)))
    for name in wanted:
        if name not in ROLES and id_of(name) is None:
            raise unknown(name)
    return wanted


def unknown(name: str) -> InvalidArgument:
    return InvalidArgument.of("account.roles", f'there is no role "{name}"', "ROLE_UNKNOWN")


def id_of(name: str) -> UUID | None:
    """Return the id of an organisation's own role; None for any other name."""
    prefix, _, segment = name.rpartition("/")
    try:
        found = UUID(segment)
    except ValueError:
        return None
    return found if (prefix, segment) == ("roles", str(found)) else None


# --- who may give what ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Authority:
    """What somebody may do, and the groups it sees."""

    capabilities: frozenset[str] = frozenset()
    groups: frozenset[UUID] = frozenset()

    def check_covers(self, other: Authority) -> None:
        """Raise PermissionDenied when the other may do or see more.

        Else whoever administers operators could make itself an administrator: by a role, or by the address of one who is.
        """
        if more := other.capabilities - self.capabilities:
            raise MoreCapabilities(f"this needs what you may not do yourself: {', '.join(sorted(more))}")
        if SEE_ALL not in self.capabilities and not other.groups <= self.groups:
            raise MoreGroups("this needs groups that you do not see yourself")
