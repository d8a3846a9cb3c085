"""One-time links in e-mails: what they are for, how long they live, and what became of them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from libs.errors import FailedPrecondition, ServiceError


class Purpose(enum.Enum):
    SET_PASSWORD = "SET_PASSWORD"  # noqa: S105 - a purpose
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - a purpose
    INVITATION = "INVITATION"
    MAGIC = "MAGIC"
    DISOWN = "DISOWN"  # "this was not me", in security notices


PASSWORD_PURPOSES = (Purpose.SET_PASSWORD, Purpose.RESET_PASSWORD, Purpose.INVITATION)
LIVES: Mapping[Purpose, timedelta] = {
    Purpose.SET_PASSWORD: timedelta(hours=48),
    Purpose.RESET_PASSWORD: timedelta(minutes=60),
    Purpose.INVITATION: timedelta(hours=48),
    Purpose.MAGIC: timedelta(days=7),  # unless configured
    Purpose.DISOWN: timedelta(days=7),
}


class State(enum.Enum):
    USABLE = "USABLE"
    SPENT = "SPENT"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Link:
    """login, generation: of the account when the link was made; when they changed, the link is dead. message: its id, or ""."""

    id: UUID
    account_id: UUID
    purpose: Purpose
    login: str
    generation: int
    create_time: datetime
    expire_time: datetime
    message: str = ""
    landing: str = ""
    use_time: datetime | None = None
    use_ip_address: str = ""
    cancel_time: datetime | None = None

    def state(self, now: datetime) -> State:
        if self.use_time is not None:
            return State.SPENT
        if self.cancel_time is not None:
            return State.CANCELLED
        return State.USABLE if now <= self.expire_time else State.EXPIRED


def unusable(state: State | None, kind: type[ServiceError] = FailedPrecondition) -> ServiceError:
    """Return the error for a link that cannot be used; None: there is no such link."""
    match state:
        case State.SPENT:
            return kind("this link was used before", reason="LINK_SPENT")
        case State.EXPIRED:
            return kind("this link has expired", reason="LINK_EXPIRED")
        case State.CANCELLED | State.USABLE:
            return kind("this link was cancelled", reason="LINK_CANCELLED")
        case _:
            return kind("this link is not known", reason="LINK_UNKNOWN")


def entry_closed(kind: type[ServiceError] = FailedPrecondition) -> ServiceError:
    """Return the error for a sound link of a person who may not enter."""
    return kind("this person may not enter now", reason="LINK_ENTRY_CLOSED")
