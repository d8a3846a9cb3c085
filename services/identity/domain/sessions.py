"""Signed-in devices: how long a session lives, and what still stands between it and the pages."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from services.identity.domain.accounts import Account, Kind

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
ABSOLUTE_BY_LINK = timedelta(hours=1)
FRESH = timedelta(minutes=10)
TOUCH = timedelta(minutes=1)  # the last use is written at most this often


class Method(enum.Enum):
    PASSWORD = "PASSWORD"  # noqa: S105 - a method
    MAGIC_LINK = "MAGIC_LINK"
    PASSKEY = "PASSKEY"
    PROVIDER = "PROVIDER"


class State(enum.Enum):
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"
    PASSWORD_CHANGE_REQUIRED = "PASSWORD_CHANGE_REQUIRED"  # noqa: S105 - a state
    POLICY_REQUIRED = "POLICY_REQUIRED"
    OPEN = "OPEN"


@dataclass(frozen=True)
class Client:
    """The person's device, as the web front saw it."""

    ip_address: str = ""
    user_agent: str = ""

    @property
    def network(self) -> str:
        """The /24 of an IPv4 address, the /64 of an IPv6 one: what one subscriber holds, however the address is written."""
        try:
            address = ip_address(self.ip_address)
        except ValueError:
            return self.ip_address
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or address
        return str(ip_network((address, 24 if address.version == 4 else 64), strict=False))

    @property
    def device(self) -> str:
        """Such as "Firefox on Linux"; "" when it cannot be told."""
        browser = next((name for name, mark in _BROWSERS if mark in self.user_agent), "")
        system = next((name for name, mark in _SYSTEMS if mark in self.user_agent), "")
        return " on ".join(filter(None, (browser, system)))


_BROWSERS = (("Edge", "Edg/"), ("Opera", "OPR/"), ("Firefox", "Firefox/"), ("Chrome", "Chrome/"), ("Safari", "Safari/"), ("curl", "curl/"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("macOS", "Mac OS"), ("Linux", "Linux"))


@dataclass(frozen=True)
class Session:
    """end_time: whatever happens, it ends then. open_time: when the person was first let in; None while something was asked.

    second_factor_time: when one was given; a passkey is both factors in one.
    """

    id: UUID
    account_id: UUID
    method: Method
    create_time: datetime
    last_use_time: datetime
    end_time: datetime
    client: Client = Client()
    landing: str = ""
    fresh_until: datetime | None = None
    open_time: datetime | None = None
    second_factor_time: datetime | None = None

    @property
    def expire_time(self) -> datetime:
        return min(self.last_use_time + IDLE, self.end_time)

    def live(self, now: datetime) -> bool:
        return now < self.expire_time

    def fresh(self, now: datetime) -> bool:
        return self.fresh_until is not None and now < self.fresh_until

    def verified(self, now: datetime, *, second_factor: bool) -> Session:
        """Return the session after its person proved itself once more; one from a magic link does not become fresh."""
        return replace(
            self,
            last_use_time=now,
            fresh_until=None if self.method is Method.MAGIC_LINK else now + FRESH,
            second_factor_time=now if second_factor else self.second_factor_time,
        )


def opened(
    session_id: UUID,
    account_id: UUID,
    method: Method,
    client: Client,
    now: datetime,
    landing: str = "",
    proof_time: datetime | None = None,
) -> Session:
    """Return a session that starts now, fresh unless a link opened it. proof_time: when the person proved itself, None: now."""
    by_link = method is Method.MAGIC_LINK
    return Session(
        id=session_id,
        account_id=account_id,
        method=method,
        create_time=now,
        last_use_time=now,
        end_time=now + (ABSOLUTE_BY_LINK if by_link else ABSOLUTE),
        client=client,
        landing=landing,
        fresh_until=None if by_link else (proof_time or now) + FRESH,
        second_factor_time=now if method is Method.PASSKEY else None,
    )


def state_of(session: Session, account: Account, *, accepted: bool, factor_obligatory: bool) -> State:
    """Return what the session still waits for.

    accepted: the account accepted the current privacy policy, which operators need not. factor_obligatory: for administrators,
    who have to set one up at their next sign-in, before anything else.
    """
    ungiven = account.second_factor_set and session.second_factor_time is None
    unset = factor_obligatory and account.administrator and not account.second_factor_set and session.open_time is None
    if ungiven or unset:
        return State.SECOND_FACTOR_REQUIRED
    if account.password_change_required and session.method is Method.PASSWORD:
        return State.PASSWORD_CHANGE_REQUIRED
    if account.kind is Kind.CONTACT and not accepted:
        return State.POLICY_REQUIRED
    return State.OPEN
