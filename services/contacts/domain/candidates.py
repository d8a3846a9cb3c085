"""Who might be told about something that concerns a customer: all that the selection of recipients needs, as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.contacts.domain.contacts import Direction, State
from services.contacts.domain.permissions import Permissions, Preferences


@dataclass(frozen=True)
class Query:
    """A customer, and contacts named by hand, of this customer or another."""

    customer_id: UUID
    contact_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """contact_id None: the customer's main mailbox, a candidate only while the customer has no contact."""

    contact_id: UUID | None
    deleted: bool = False
    state: State = State.ACTIVE
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    language_code: str = ""
    direction: Direction = Direction.LTR
    primary: bool = False
    contact_role_id: UUID | None = None
    preferences: Preferences = field(default_factory=Preferences)
    effective: Permissions = field(default_factory=Permissions)
    block_ticket_email: bool = False
    newsletter: bool = False
    open_tracking: bool = False
    contact_version: int = 0
    affiliation_version: int = 0


@dataclass(frozen=True)
class Party:
    """A customer with its candidates, the primary first; `missing` when there is no such customer."""

    customer_id: UUID
    missing: bool = False
    display_name: str = ""
    language_code: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Candidates:
    parties: Sequence[Party]
    organization_name: str
    time_zone: str
    area_on: bool
