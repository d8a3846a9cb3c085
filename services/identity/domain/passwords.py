"""Which passwords are good enough: length and guessability, no rules of composition."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from libs.errors import InvalidArgument

SHORTEST = 12  # characters
LONGEST_BYTES = 1024
_LEET = str.maketrans("01345678@$!", "oieasbtbasi")
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p")


def check(password: str, *, field: str, common: Container[str], about: Iterable[str] = ()) -> None:
    """Raise InvalidArgument when the password is too short, too long or easily guessed.

    common: passwords of public leaks, folded. about: words that others know of the person, such as name and address.
    """
    if len(password) < SHORTEST:
        raise InvalidArgument.of(field, f"must have at least {SHORTEST} characters", "PASSWORD_TOO_SHORT")
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise InvalidArgument.of(field, f"must have at most {LONGEST_BYTES} bytes", "PASSWORD_TOO_LONG")
    if guessable(password, common, about):
        raise InvalidArgument.of(field, "is easily guessed: well known, a pattern, or the person's own data", "PASSWORD_TOO_COMMON")


def guessable(password: str, common: Container[str], about: Iterable[str] = ()) -> bool:
    folded = password.casefold()
    if folded in common or folded.translate(_LEET) in common or _repeated(folded) or _run(folded):
        return True
    left = folded
    for word in sorted(_words(about), key=len, reverse=True):
        left = left.replace(word, "")
    # Of a well-known password or one's own name, what is left must stand for itself.
    return left != folded and len(re.sub(r"[\W\d_]", "", left)) < SHORTEST // 3


def _words(about: Iterable[str]) -> set[str]:
    parts = (part for text in about for part in re.split(r"[\W_]+", text.casefold()))
    return {part for part in parts if len(part) >= 4}


def _repeated(password: str) -> bool:
    """Whether it is a short piece again and again, as "abcabcabcabc"."""
    return any(password == (password[:size] * len(password))[: len(password)] for size in range(1, 1 + len(password) // 2))


def _run(password: str) -> bool:
    """Whether it only follows the alphabet, the digits or the keys, either way."""
    return any(password in run * 3 or password in run[::-1] * 3 for run in _RUNS)
