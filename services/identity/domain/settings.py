"""What the organisation decides about signing in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from libs.errors import InvalidArgument

LONGEST_MAGIC_LINK_DAYS = 30


@dataclass(frozen=True)
class IdentitySettings:
    """self_service_reset: contacts may ask for a link to set a new password themselves."""

    self_service_reset: bool = True
    magic_link_lifetime_days: int = 7
    administrators_need_second_factor: bool = False
    contacts_may_use_second_factor: bool = True
    version: int = 1

    @property
    def magic_link_life(self) -> timedelta:
        return timedelta(days=self.magic_link_lifetime_days)

    def checked(self) -> IdentitySettings:
        if not 1 <= self.magic_link_lifetime_days <= LONGEST_MAGIC_LINK_DAYS:
            text = f"must be 1 to {LONGEST_MAGIC_LINK_DAYS}"
            raise InvalidArgument.of("identity_settings.magic_link_lifetime_days", text, "OUT_OF_RANGE")
        return self
