"""What the environment must give to identity."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from libs.settings import ServiceSettings


class Settings(ServiceSettings):
    contacts_address: str = "localhost:50052"  # host:port or unix:path
    # At least 32 random characters. Links, sessions and refresh tokens are stored as HMACs under it, signing keys encrypted with it:
    # a copy of the database alone opens nothing. Changing it ends all sessions and links and makes new signing keys.
    identity_secret: SecretStr = Field(min_length=32)
    # Where signed heads of the audit are appended too, on a disk that the database's administrators do not reach; they are always logged.
    audit_head_file: Path | None = None
    signing_key_days: int = Field(default=30, ge=1, le=365)
