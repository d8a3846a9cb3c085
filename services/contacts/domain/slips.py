"""Words that differ by one slip of the hand: a letter missing, doubled, wrong, or two swapped.

Both databases find them in one way: every word is kept under itself and under itself without one letter, and two words with one slip
between them share such a key (the symmetric deletion of SymSpell, https://github.com/wolfgarbe/SymSpell). So a search asks for equal
keys alone, which any index answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST, LONGEST = 5, 30  # of the words in which a slip is forgiven
MOST = 40  # words that one typed word may stand for

_LETTERS = re.compile(r"[^\W\d_]+")
_RUNS = re.compile(r"[^\W_]+")


def forgiving_words(text: str) -> frozenset[str]:
    """Return the words of a search text in which a slip is forgiven; an address without its marks is no word."""
    words = (word for part in text.split() if "@" not in part or "." in part for word in _LETTERS.findall(part))
    return frozenset(word for word in words if SHORTEST <= len(word) <= LONGEST)


def runs(query: str) -> list[str]:
    """Return the letters and digits of a folded query, without the marks between them."""
    return list(dict.fromkeys(_RUNS.findall(query)))


def keys_of(word: str) -> frozenset[str]:
    """Return what a word is kept under: itself, and itself without one letter."""
    return frozenset({word, *(word[:at] + word[at + 1 :] for at in range(len(word)))})


def may_slip(typed: str) -> bool:
    """Say whether a typed word may stand for another; it may lack a letter of the shortest one."""
    return typed.isalpha() and SHORTEST - 1 <= len(typed) <= LONGEST + 1


def one_slip(typed: str, word: str) -> bool:
    """Say whether exactly one slip lies between two words; at the first difference there is one way for each kind of slip."""
    at = next((at for at, (one, other) in enumerate(zip(typed, word, strict=False)) if one != other), min(len(typed), len(word)))
    left, right = typed[at:], word[at:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return left != right and (left[1:] == right or left == right[1:] or left[1:] == right[1:] or swapped)


def meant(typed: str, known: Iterable[str]) -> list[str]:
    """Return those of the known words that lie one slip away; those with the same first letter first, because there slips are rare."""
    near = {word for word in known if len(word) >= SHORTEST and one_slip(typed, word)}
    return sorted(near, key=lambda word: (word[0] != typed[0], word))[:MOST]
