"""Money, numbers, days and times as the guide's table says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import Flask, g

from libs.errors import Unavailable
from services.portal.views import formats, i18n

SPACE = "\N{NO-BREAK SPACE}"


@contextmanager
def page(language: str, time_zone: str = "Europe/Rome") -> Iterator[None]:
    with Flask("test").test_request_context():
        g.language = language
        g.organization = lambda: SimpleNamespace(time_zone=time_zone)
        yield


@pytest.mark.parametrize(
    ("language", "amount", "currency", "expected"),
    [
        ("it", "1234.5", "EUR", f"1.234,50{SPACE}€"),
        ("it", "0", "EUR", f"0,00{SPACE}€"),
        ("it", "-1000.00", "EUR", f"−1.000,00{SPACE}€"),
        ("it", "1234567.891", "EUR", f"1.234.567,89{SPACE}€"),
        ("it", "1234.50", "USD", f"1.234,50{SPACE}USD"),
        ("it", "", "", f"0,00{SPACE}€"),
        ("it", "not a number", "EUR", f"0,00{SPACE}€"),
        ("en", "1234.5", "EUR", "€1,234.50"),
        ("en", "-5", "EUR", "−€5.00"),
    ],
)
def test_money(language: str, amount: str, currency: str, expected: str) -> None:
    with page(language):
        assert formats.money_text(amount, currency) == expected


def test_money_keeps_its_order_in_any_direction() -> None:
    with page("it"):
        assert formats.money("1", "EUR") == f'<bdi class="rc-num" dir="ltr">1,00{SPACE}€</bdi>'


@pytest.mark.parametrize(
    ("language", "value", "expected"), [("it", "22", f"22{SPACE}%"), ("en", "22", "22%"), ("it", "4.5", f"4,5{SPACE}%")]
)
def test_percent(language: str, value: str, expected: str) -> None:
    with page(language):
        assert formats.percent(value) == expected


@pytest.mark.parametrize(
    ("language", "day", "expected"),
    [
        ("it", "2026-11-22", "il 22 novembre 2026"),
        ("it", "2026-11-08", "l’8 novembre 2026"),
        ("it", "2026-10-11", "l’11 ottobre 2026"),
        ("en", "2026-11-22", "on 22 November 2026"),
    ],
)
def test_a_day_in_a_sentence(language: str, day: str, expected: str) -> None:
    with page(language):
        assert formats.on_day(day).striptags() == expected


def test_days_carry_their_machine_form() -> None:
    with page("it"):
        assert formats.short_day("2026-11-22") == '<time datetime="2026-11-22">22 nov 2026</time>'


def test_no_day_is_nothing() -> None:
    with page("it"):
        assert formats.day("") == formats.on_day("") == formats.short_day("soon") == ""


def test_times_are_the_organisations() -> None:
    instant = datetime(2026, 1, 31, 23, 30, 5, tzinfo=UTC)
    with page("it"):
        assert formats.date_time(instant).striptags() == "1 feb 2026, 00:30"
        assert formats.exact_time(instant).striptags() == "1 feb 2026, 00:30:05 (GMT+01:00)"
    with page("en", "America/New_York"):
        assert formats.date_time(instant).striptags() == "31 Jan 2026, 18:30"


def test_near_times_are_said_in_words() -> None:
    with page("it", "UTC"):
        now = datetime.now(UTC)
        assert formats.date_time(now).striptags() == f"oggi, {now:%H:%M}"
        assert formats.date_time(now - timedelta(days=1)).striptags() == f"ieri, {now:%H:%M}"
    with page("en", "UTC"):
        assert formats.date_time(now).striptags() == f"today, {now:%H:%M}"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd"])
def test_a_zone_that_is_none_falls_back(zone: str) -> None:
    with page("it", zone):
        assert formats.zone().key == "Europe/Rome"


def test_without_settings_pages_still_have_a_zone() -> None:
    with page("it"):

        def away() -> None:
            raise Unavailable("contacts is away")

        g.organization = away
        assert formats.zone().key == "Europe/Rome"


@pytest.mark.parametrize(
    ("days", "language", "expected"),
    [(42, "it", "scaduta da 42 giorni"), (1, "it", "scaduta da un giorno"), (42, "en", "42 days overdue"), (1, "en", "one day overdue")],
)
def test_overdue_days(days: int, language: str, expected: str) -> None:
    with page(language, "UTC"):
        assert formats.overdue_days(formats.today() - timedelta(days=days)) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("Mario Rossi", "MR"), ("ABC S.r.l.", "AS"), ("Ada", "A"), ("", ""), ("— x", "X"), ("anna maria de luca", "AL")]
)
def test_initials(name: str, expected: str) -> None:
    assert formats.initials(name) == expected


def test_a_percent_sign_of_a_text_survives_translation() -> None:
    with page("it"):
        assert i18n.gettext("sconto 10 %%, %(name)s", name="100%") == "sconto 10 %, 100%"
