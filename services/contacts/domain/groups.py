"""Groups: offices or categories, which decide what operators see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from libs.errors import AlreadyExists, FailedPrecondition, FieldViolation, InvalidArgument
from services.contacts.domain.values import Checks, key_of


class NameTaken(AlreadyExists):
    reason = "NAME_TAKEN"

    def __init__(self) -> None:
        fault = FieldViolation("group.display_name", "is the name of another group", self.reason)
        super().__init__("group.display_name: is the name of another group", violations=[fault])


class GroupNotEmpty(FailedPrecondition):
    reason = "GROUP_NOT_EMPTY"


@dataclass(frozen=True)
class Group:
    """parent_id: for order only; seeing a group does not show its sub-groups. member_count: customers, contacts and leads in it."""

    id: UUID
    display_name: str
    parent_id: UUID | None = None
    member_count: int = 0
    version: int = 1

    def checked(self) -> Group:
        with Checks("group")() as checks:
            return replace(self, display_name=checks.line("display_name", self.display_name, required=True))

    def below(self, ancestors: Iterable[UUID]) -> Group:
        """Return the group under its parent. ancestors: the parent, the parent's parent and so on."""
        if self.id in ancestors:
            raise InvalidArgument.of("group.parent_group", "lies below this group", "GROUP_LOOP")
        return self

    @property
    def name_key(self) -> str:
        return key_of(self.display_name)


@dataclass(frozen=True)
class Sight:
    """The rows that a caller sees: all, those of some groups, or what belongs to one contact. Nothing by default.

    primary_of: a customer whose other contacts that contact sees too, for as long as it is the primary one.
    """

    everything: bool = False
    groups: frozenset[UUID] = frozenset()
    contact_id: UUID | None = None
    primary_of: UUID | None = None


EVERYTHING = Sight(everything=True)


def allowed_groups(wanted: frozenset[UUID], before: frozenset[UUID], sight: Sight, field: str) -> frozenset[UUID]:
    """Return the groups when the caller may give them; InvalidArgument otherwise.

    Who sees only some groups adds and removes only those, and may not lose sight of the record by mistake.
    """
    if sight.everything:
        return wanted
    if (wanted ^ before) - sight.groups:
        raise InvalidArgument.of(field, "names or drops a group that is not yours", "GROUP_NOT_YOURS")
    if not wanted & sight.groups:
        raise InvalidArgument.of(field, "must keep at least one of your groups", "GROUP_NOT_YOURS")
    return wanted
