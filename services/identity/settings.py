"""What the environment must give to identity."""

from __future__ import annotations

from pydantic import Field, SecretStr

from libs.settings import ServiceSettings


class Settings(ServiceSettings):
    contacts_address: str = "localhost:50052"  # host:port or unix:path
    # At least 32 random characters. Links, sessions and refresh tokens are stored as HMACs under it, signing keys encrypted with it:
    # a copy of the database alone opens nothing. Changing it ends all sessions and links and makes new signing keys.
    identity_secret: SecretStr = Field(min_length=32)
    signing_key_days: int = Field(default=30, ge=1, le=365)
