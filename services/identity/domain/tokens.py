"""Signing keys and the tokens of client applications: how long each lives."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.errors import InvalidArgument

ACCESS_TOKEN_LIFE = timedelta(minutes=5)
PUBLISHED_BEFORE_USE = timedelta(minutes=10)
PUBLISHED_AT_LEAST = timedelta(seconds=20)  # until each service has asked again: 5 s in the ring, 10 s between two questions
KEPT_AFTER_USE = timedelta(minutes=10)  # longer than any token lives


class InvalidGrant(InvalidArgument):
    reason = "invalid_grant"  # RFC 6749, section 5.2


def new_token() -> str:
    """Return 256 random bits for an address or a cookie."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class SigningKey:
    """id: the `kid`. secret: the private key, 32 bytes. use_time: from when it signs; it is published from its creation."""

    id: str
    secret: bytes
    create_time: datetime
    use_time: datetime


def signing(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key that signs now: the newest that has been published long enough."""
    return max((key for key in keys if key.use_time <= now), key=lambda key: key.use_time, default=None)


def outlived(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """Return the keys under which no living token can be signed any more."""
    by_use = sorted(keys, key=lambda key: key.use_time)
    return [key for key, successor in itertools.pairwise(by_use) if successor.use_time + KEPT_AFTER_USE <= now]


def due(keys: Sequence[SigningKey], now: datetime, life: timedelta) -> bool:
    """Tell whether the next key must be made, so that it is published in time."""
    newest = max((key.use_time for key in keys), default=None)
    return newest is None or now >= newest + life - PUBLISHED_BEFORE_USE


@dataclass(frozen=True)
class Limit:
    """How often something may be tried: after `free` tries come the waits, in seconds, the last one again and again.

    idle: the count starts anew when nothing was tried for `window_seconds`; else when they are over since the first try.
    """

    name: str
    free: int
    waits: tuple[int, ...]
    window_seconds: int = 900
    idle: bool = True


# Ten password checks in fifteen minutes: four at once, the tenth after some 8 minutes, then none for 15, when it starts anew.
PASSWORD_OF_ACCOUNT = Limit("password", free=4, waits=(15, 30, 60, 120, 240, 900))
# A whole company may stand behind one address: a hundred wrong passwords in fifteen minutes, then waits that grow. Right ones are
# not counted, and devices from which somebody signed in before do not wait for their neighbours.
PASSWORD_OF_NETWORK = Limit("network", free=99, waits=(15, 30, 60, 120, 240, 900), idle=False)
PROVIDER_OF_NETWORK = Limit("provider-network", free=99, waits=(15, 30, 60, 120, 240, 900), idle=False)
CHALLENGE_OF_NETWORK = Limit("challenge", free=299, waits=(15, 30, 60, 120, 240, 900), idle=False)
# Three mails an hour, five minutes apart.
LINK_OF_ADDRESS = Limit("link", free=0, waits=(300, 300, 3600), window_seconds=3600)
LINK_OF_NETWORK = Limit("link-network", free=59, waits=(60, 120, 240, 480, 900), window_seconds=3600, idle=False)
