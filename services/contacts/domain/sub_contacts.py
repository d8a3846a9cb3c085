"""People linked under a principal contact: the members of a household, the referents of a company, the board of an association."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.errors import AlreadyExists, InvalidArgument, NotFound
from services.contacts.domain.values import Checks


class SubContactNotFound(NotFound):
    reason = "SUB_CONTACT_NOT_FOUND"


class AlreadyLinked(AlreadyExists):
    reason = "ALREADY_LINKED"


@dataclass(frozen=True)
class SubContact:
    """contact_id: the linked person. relation: what it is for the principal, in free words. A link opens nothing and sends nothing."""

    principal_id: UUID
    contact_id: UUID
    create_time: datetime
    relation: str = ""
    version: int = 1

    def checked(self) -> SubContact:
        if self.contact_id == self.principal_id:
            raise InvalidArgument.of("sub_contact.contact", "is the principal itself", "SAME_CONTACT")
        with Checks("sub_contact")() as checks:
            return replace(self, relation=checks.line("relation", self.relation))


@dataclass(frozen=True)
class SubContactView:
    """A link with the names of both people, and the address of the linked one."""

    sub_contact: SubContact
    display_name: str
    email: str
    principal_name: str
