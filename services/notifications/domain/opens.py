"""The hint that an e-mail may have been opened: an image of one pixel, fetched under a token that says nothing."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

MOST_COUNTED = 100  # fetches of one image


@dataclass(frozen=True)
class Settings:
    """open_tracking: messages about documents carry the image, for contacts that consent."""

    open_tracking: bool = False
    version: int = 1


def new_token() -> str:
    """Return 256 random bits for the address of an image."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def with_image(html: str, address: str) -> str:
    """Return the HTML with the image at its end: it means nothing, and without it nothing is missing."""
    before, end, after = html.rpartition("</body>")
    return f'{before}<img src="{address}" width="1" height="1" alt="">{end}{after}'
