"""Days, moments and money as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.notifications.domain.contents import written
from services.notifications.domain.formats import written_money
from services.notifications.domain.messages import OLDEST, Outcome, State, backoff, settled
from services.notifications.service import language_of
from tests.unit.notifications.builders import NOON, message


@pytest.mark.parametrize(
    ("kind", "value", "italian", "english"),
    [
        ("money", "1220.00 EUR", "1.220,00 €", "€1,220.00"),
        ("money", "-5.5 USD", "-5,50 $", "-$5.50"),
        ("money", "1000000.005 CHF", "1.000.000,01 CHF", "CHF 1,000,000.01"),
        ("day", "2026-12-23", "mercoledì 23 dicembre 2026", "Wednesday, 23 December 2026"),
        ("date", "2026-11-24", "24 novembre 2026", "24 November 2026"),
        ("moment", "2026-11-26T09:42:00+00:00", "giovedì 26 novembre 2026, ore 10:42", "Thursday, 26 November 2026, 10:42"),
        (
            "moment",
            datetime(2026, 6, 30, 22, 30, tzinfo=UTC).isoformat(),
            "mercoledì 1 luglio 2026, ore 00:30",
            "Wednesday, 1 July 2026, 00:30",
        ),
        ("text", "two\r\nlines", "two lines", "two lines"),
    ],
)
def test_values_are_written_in_the_readers_language_and_the_organisations_zone(kind: str, value: str, italian: str, english: str) -> None:
    assert written(value, kind, "it", "Europe/Rome") == italian
    assert written(value, kind, "en", "Europe/Rome") == english


def test_money_is_exact() -> None:
    assert written_money(Decimal("12345678901234567.89"), "EUR", "it") == "12.345.678.901.234.567,89 €"
    assert date(2026, 2, 28).isoformat() == "2026-02-28"


@pytest.mark.parametrize(("code", "language"), [("it", "it"), ("en-GB", "en"), ("de", "en"), ("", "it"), ("IT", "it")])
def test_a_reader_gets_the_nearest_of_our_languages(code: str, language: str) -> None:
    assert language_of(code) == language


def test_attempts_come_less_and_less_often_and_end_after_a_day() -> None:
    waits = [backoff(attempt) for attempt in range(1, 10)]
    assert waits == sorted(waits)
    young = message(attempt=1)
    outcome, due = settled(Outcome(State.DEFERRED, "451 later", "FAIL_SERVER_BUSY"), young, NOON)
    assert (outcome.state, due) == (State.DEFERRED, NOON + waits[0])
    outcome, due = settled(Outcome(State.DEFERRED, "451 later", "FAIL_SERVER_BUSY"), young, NOON + OLDEST)
    assert (outcome.state, outcome.failure, due) == (State.FAILED, "FAIL_SERVER_BUSY", None)
    outcome, due = settled(Outcome(State.QUEUED), young, NOON + OLDEST * 2)
    assert outcome.state is State.FAILED
