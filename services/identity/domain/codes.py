"""Codes that stand beside a sign-in link, to be typed when the link cannot be followed."""

from __future__ import annotations

import secrets
from datetime import timedelta

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is read as something else: no 0 and O, no 1, I and L, no U beside V
LENGTH = 8  # 39 bits, of which five tries in a quarter of an hour find nothing
LIFE = timedelta(minutes=15)
TRIES = 5  # wrong ones; then the code is dead, and the link beside it still works


def new_code() -> str:
    """Return a code as it is written: "HK4T-9QPW"."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def read(typed: str) -> str:
    """Return the letters of a code however it was typed: small letters, blanks and dashes do not count."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())
