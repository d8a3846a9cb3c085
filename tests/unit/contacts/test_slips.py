"""One slip of the hand: the rule itself, beside the plain definition of it."""

from __future__ import annotations

import random
from itertools import product

import pytest

from services.contacts.domain.slips import forgiving_words, keys_of, may_slip, meant, one_slip, runs


@pytest.mark.parametrize(
    ("typed", "slip"),
    [
        ("binchi", "a letter missing"),
        ("biancchi", "a letter doubled"),
        ("bisnchi", "a wrong letter"),
        ("bainchi", "two letters swapped"),
        ("bianch", "the last letter missing"),
        ("ianchi", "the first letter missing"),
        ("ibanchi", "the first two swapped"),
        ("bianchii", "one too many at the end"),
    ],
)
def test_a_word_is_meant_behind_one_slip(typed: str, slip: str) -> None:
    assert meant(typed, ["bianchi", "verdi"]) == ["bianchi"], slip


@pytest.mark.parametrize("typed", ["bianchi", "bnchi", "banhci", "chianbi", "", "b", "bianchiii"])
def test_the_word_itself_and_two_slips_are_not_one(typed: str) -> None:
    assert meant(typed, ["bianchi"]) == []


def _one_slip_away(word: str, letters: str) -> set[str]:
    places = range(len(word) + 1)
    gone = {word[:at] + word[at + 1 :] for at in places[:-1]}
    wrong = {word[:at] + letter + word[at + 1 :] for at, letter in product(places[:-1], letters)}
    more = {word[:at] + letter + word[at:] for at, letter in product(places, letters)}
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-2]}
    return (gone | wrong | more | swapped) - {word}


def test_the_rule_is_what_its_definition_says() -> None:
    letters = random.Random(7)
    for _ in range(300):
        word = "".join(letters.choice("abc") for _ in range(letters.randint(1, 6)))
        other = "".join(letters.choice("abc") for _ in range(letters.randint(0, 7)))
        assert one_slip(other, word) == (other in _one_slip_away(word, "abc")), (other, word)


def test_words_with_one_slip_between_them_share_a_key() -> None:
    for typed in _one_slip_away("rossini", "rosinae"):
        assert keys_of(typed) & keys_of("rossini"), typed


def test_short_words_and_numbers_stand_for_themselves() -> None:
    assert forgiving_words(" neri mario 12345 mario.bianchi@abc1.example") == {"mario", "bianchi", "example"}
    assert [may_slip(word) for word in ("ner", "nero", "neris", "12345", "a" * 32)] == [False, True, True, False, False]
    assert meant("nero", ["neri"]) == [], "the word meant has five letters"
    assert meant("mrio", ["mario"]) == ["mario"]


def test_a_query_falls_into_runs_of_letters_and_digits() -> None:
    assert runs("laura.bianci@abc.example 39-345 laura") == ["laura", "bianci", "abc", "example", "39", "345"]


def test_those_with_the_same_first_letter_stand_first() -> None:
    assert meant("rossi", ["bossi", "rosso", "rosti"]) == ["rosso", "rosti", "bossi"]
