"""Second factors: codes of an app, passkeys, and the recovery codes for who lost both."""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from libs.errors import AlreadyExists, FailedPrecondition, PermissionDenied

MOST = 10  # of one account
ENROLMENT_LIFE = timedelta(hours=1)
CHALLENGE_LIFE = timedelta(minutes=5)
RECOVERY_CODES = 10
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 that are not taken for one another
_RECOVERY_LENGTH = 10  # 50 random bits


class Kind(enum.Enum):
    TOTP = "TOTP"  # RFC 6238
    PASSKEY = "PASSKEY"  # WebAuthn


class WrongCode(PermissionDenied):
    reason = "WRONG_CODE"


class NoSecondFactor(FailedPrecondition):
    reason = "NO_SECOND_FACTOR"


class TooManyFactors(FailedPrecondition):
    reason = "TOO_MANY_FACTORS"


class PasskeyTaken(AlreadyExists):
    reason = "PASSKEY_TAKEN"


@dataclass(frozen=True)
class Passkey:
    """public_key: COSE. sign_count: of its last use; it stays 0 for passkeys that live on several devices."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class Factor:
    """secret: of TOTP. passkey: once confirmed."""

    id: UUID
    account_id: UUID
    kind: Kind
    display_name: str
    create_time: datetime
    secret: bytes = b""
    passkey: Passkey | None = None
    confirm_time: datetime | None = None
    last_use_time: datetime | None = None

    @property
    def confirmed(self) -> bool:
        return self.confirm_time is not None

    def expired(self, now: datetime) -> bool:
        return not self.confirmed and now >= self.create_time + ENROLMENT_LIFE


def new_recovery_codes() -> list[str]:
    """Return ten codes such as "7KQ2M-XW9RD"."""
    half = _RECOVERY_LENGTH // 2
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def typed(code: str) -> str:
    """Return a code as it counts: letter case, blanks and hyphens do not."""
    return "".join(letter for letter in code.upper() if letter.isalnum())
