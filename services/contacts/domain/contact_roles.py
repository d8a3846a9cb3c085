"""Contact roles: what a contact is there for, in the words of the organisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from libs.errors import AlreadyExists, FailedPrecondition, FieldViolation, InvalidArgument
from services.contacts.domain.values import Checks, key_of


class ContactRoleTaken(AlreadyExists):
    reason = "NAME_TAKEN"

    def __init__(self, field: str) -> None:
        """field: "label_it" or "label_en"."""
        fault = FieldViolation(f"contact_role.{field}", "is the label of another role", self.reason)
        super().__init__(f"{fault.field}: {fault.description}", violations=[fault])


class ContactRoleInUse(FailedPrecondition):
    reason = "ROLE_IN_USE"


@dataclass(frozen=True)
class ContactRole:
    """label_en: empty when it is as in Italian. position: where it stands in lists. holder_count: affiliations that hold it."""

    id: UUID
    label_it: str
    label_en: str = ""
    position: int = 0
    holder_count: int = 0
    version: int = 1

    def checked(self) -> ContactRole:
        with Checks("contact_role")() as checks:
            return replace(
                self, label_it=checks.line("label_it", self.label_it, required=True), label_en=checks.line("label_en", self.label_en)
            )

    @property
    def key_it(self) -> str:
        return key_of(self.label_it)

    @property
    def key_en(self) -> str:
        return key_of(self.label_en or self.label_it)

    @property
    def sort_key(self) -> str:
        return f"{self.position:03} {self.key_it}"


@dataclass(frozen=True)
class Succession:
    """What those who hold a deleted role get: another role, none (`clear`), or nothing was said."""

    replacement_id: UUID | None = None
    clear: bool = False

    def check(self, role: ContactRole) -> None:
        """Raise ContactRoleInUse when somebody holds the role and nothing was said, InvalidArgument when it would succeed itself."""
        if self.replacement_id == role.id:
            raise unknown_role("replacement")
        if role.holder_count and self == Succession():
            raise ContactRoleInUse(f"contact role {role.id} is held: give a replacement or clear it")


def unknown_role(field: str) -> InvalidArgument:
    return InvalidArgument.of(field, "is no contact role that exists", "CONTACT_ROLE_UNKNOWN")
