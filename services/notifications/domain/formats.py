"""Days, moments and money as people write them in Italian and English."""

from __future__ import annotations

import functools
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

MONTHS = {
    "it": [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    "en": ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
}
WEEKDAYS = {
    "it": ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF"}
_CENT = Decimal("0.01")


@functools.lru_cache(4096)
def written_date(value: date, language: str) -> str:
    """Return "24 novembre 2026"."""
    return f"{value.day} {MONTHS[language][value.month - 1]} {value.year}"


@functools.lru_cache(4096)
def written_day(value: date, language: str) -> str:
    """Return "martedì 24 novembre 2026", in English with a comma behind the weekday."""
    comma = "" if language == "it" else ","
    return f"{WEEKDAYS[language][value.weekday()]}{comma} {written_date(value, language)}"


def written_moment(value: datetime, zone: str, language: str) -> str:
    """Return day and time of day in this zone (IANA name)."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{written_day(local.date(), language)}, {'ore ' if language == 'it' else ''}{local:%H:%M}"


@functools.lru_cache(4096)
def written_money(amount: Decimal, currency: str, language: str) -> str:
    """Return "1.220,00 €" or "€1,220.00"; to the cent. An unknown currency keeps its code."""
    rounded = amount.quantize(_CENT, ROUND_HALF_UP)
    figures = f"{abs(rounded):,.2f}"
    sign = "-" if rounded < 0 else ""
    symbol = _SYMBOLS.get(currency, currency)
    if language == "it":
        return f"{sign}{figures.translate(_ITALIAN)} {symbol}"
    return f"{sign}{symbol}{'' if len(symbol) == 1 else ' '}{figures}"


_ITALIAN = str.maketrans(",.", ".,")
