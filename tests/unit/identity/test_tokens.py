"""When signing keys are made, used and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.identity.clients.signing import JoseSigner
from services.identity.domain import tokens
from services.identity.domain.tokens import ACCESS_TOKEN_LIFE, PUBLISHED_BEFORE_USE, SigningKey

START = datetime(2026, 11, 1, tzinfo=UTC)
LIFE = timedelta(days=1)


def key(number: int, use_time: datetime) -> SigningKey:
    return SigningKey(str(number), bytes([number % 256]) * 32, use_time - PUBLISHED_BEFORE_USE, use_time)


@given(st.lists(st.integers(1, 180), min_size=50, max_size=400), st.sets(st.integers(0, 399), max_size=5))
def test_every_token_is_signed_by_a_key_that_stays_published_as_long_as_the_token_lives(pauses: list[int], forced: set[int]) -> None:
    """The housekeeping runs at irregular times, and somebody rotates by hand now and then."""
    keys: list[SigningKey] = []
    signed: list[tuple[str, datetime]] = []  # key, and until when its token lives
    now = START
    for turn, minutes in enumerate(pauses):
        keys = [kept for kept in keys if kept not in tokens.outlived(keys, now)]
        if turn in forced or tokens.due(keys, now, LIFE):
            use_time = now + PUBLISHED_BEFORE_USE if tokens.signing(keys, now) else now
            keys.append(key(turn, use_time))
        published = {known.id for known in keys}
        assert all(used in published for used, until in signed if until > now)
        current = tokens.signing(keys, now)
        assert current is not None
        signed = [(used, until) for used, until in signed if until > now] + [(current.id, now + ACCESS_TOKEN_LIFE)]
        now += timedelta(minutes=minutes)


def test_a_key_is_published_before_it_signs() -> None:
    first, second = key(1, START), key(2, START + LIFE)
    assert tokens.signing([first, second], START + LIFE - timedelta(seconds=1)) == first
    assert tokens.signing([first, second], START + LIFE) == second


def test_the_public_key_set_holds_no_private_part() -> None:
    published = JoseSigner().key_set([key(1, START)])
    assert b'"x"' in published
    assert b'"d"' not in published
