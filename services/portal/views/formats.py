"""Money, numbers, days and times as people read them; formatted here only, never in the browser."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from flask import Flask, g
from google.protobuf.timestamp_pb2 import Timestamp
from markupsafe import Markup
from recapito.documents.v1.invoices_pb2 import Invoice

from libs.errors import ServiceError
from services.portal.views.i18n import gettext as _
from services.portal.views.i18n import language, locale, ngettext


class Named(Protocol):
    @property
    def name(self) -> str: ...


Day = str | date
Instant = Timestamp | datetime
MINUS = "−"


# --- money and numbers ---------------------------------------------------------------------------------------------------------------
def _decimal(amount: str | Decimal) -> Decimal:
    try:
        return Decimal(amount or 0)
    except InvalidOperation:
        return Decimal(0)


def money_text(amount: str | Decimal, currency_code: str) -> str:
    """Return "1.234,50 €", "€1,234.50"; always two decimals, grouped."""
    written: str = format_currency(_decimal(amount), currency_code or "EUR", locale=locale(), currency_digits=False, format=None)
    return written.replace("-", MINUS)


def money(amount: str | Decimal, currency_code: str) -> Markup:
    """As money_text, kept together and in its own order in any text direction."""
    return Markup('<bdi class="rc-num" dir="ltr">{}</bdi>').format(money_text(amount, currency_code))


def number(value: str | Decimal | int) -> str:
    written: str = format_decimal(_decimal(str(value)), locale=locale())
    return written.replace("-", MINUS)


def percent(value: str | Decimal) -> str:
    """Return "22 %" in Italian and "22%" in English of 22."""
    written: str = format_percent(_decimal(value) / 100, locale=locale(), format="#,##0.##%")
    return written.replace("%", "\N{NO-BREAK SPACE}%") if language() == "it" else written


# --- days and times ------------------------------------------------------------------------------------------------------------------
def _day(value: Day) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def zone() -> ZoneInfo:
    """Return the organisation's time zone; Rome's while it cannot be asked or names none."""
    if "zone" not in g:
        try:
            g.zone = ZoneInfo(g.organization().time_zone or "Europe/Rome")
        except (ServiceError, KeyError, ValueError, AttributeError):
            g.zone = ZoneInfo("Europe/Rome")
    found: ZoneInfo = g.zone
    return found


def moment(value: Instant) -> datetime:
    """Return an instant in the organisation's zone."""
    instant = value.ToDatetime(UTC) if isinstance(value, Timestamp) else value
    return instant.astimezone(zone())


def today() -> date:
    return datetime.now(zone()).date()


def day(value: Day) -> Markup:
    """Return "22 novembre 2026"; "" for no day."""
    return _time_tag(value, "d MMMM y")


def short_day(value: Day) -> Markup:
    """Return "22 nov 2026"; "" for no day."""
    return _time_tag(value, "d MMM y")


def _time_tag(value: Day, pattern: str) -> Markup:
    found = _day(value)
    if found is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(), format_date(found, pattern, locale=locale()))


def on_day(value: Day) -> Markup:
    """Return "il 22 novembre 2026", "l’8 novembre 2026", "on 22 November 2026"."""
    found = _day(value)
    if found is None:
        return Markup("")
    if language() == "en":
        return Markup("on {}").format(day(found))
    return (Markup("l’{}") if found.day in {8, 11} else Markup("il {}")).format(day(found))


def time_of_day(value: Instant) -> str:
    return str(format_time(moment(value), "HH:mm", locale=locale()))


def date_time(value: Instant) -> Markup:
    """Return "22 nov 2026, 09:12", "oggi, 09:12", "ieri, 09:12"."""
    found = moment(value)
    days = (today() - found.date()).days
    word = {0: _("oggi"), 1: _("ieri")}.get(days)
    text = f"{word}, {time_of_day(found)}" if word else format_datetime(found, "d MMM y, HH:mm", locale=locale())
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(timespec="seconds"), text)


def local_time(value: Instant) -> str:
    """Return an instant as a field of date and time holds it, in the organisation's zone."""
    return moment(value).replace(tzinfo=None).isoformat(timespec="milliseconds")


def exact_time(value: Instant) -> Markup:
    """Return date and time with seconds and zone, for evidence."""
    found = moment(value)
    text = format_datetime(found, "d MMM y, HH:mm:ss (OOOO)", locale=locale())
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(timespec="seconds"), text)


def greeting() -> str:
    """Return what one says at this time of day, where the organisation is."""
    return _("Buongiorno") if 5 <= datetime.now(zone()).hour < 18 else _("Buonasera")


def overdue_days(value: Day) -> str:
    """Return "scaduta da 42 giorni"."""
    found = _day(value)
    days = max(1, (today() - found).days) if found is not None else 1
    return ngettext("scaduta da un giorno", "scaduta da %(num)s giorni", days)


def initials(name: str) -> str:
    """Return "MR" of "Mario Rossi", "A" of "ABC"."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0].upper() for word in (words[:1] + words[1:][-1:] if len(words) > 1 else words))


def state_name(message: Invoice) -> str:
    """Return the name of a message's state, such as "PAID"."""
    return Invoice.State.Name(message.state)


def is_positive(amount: str | Decimal) -> bool:
    return _decimal(amount) > 0


def moment_day(value: Instant) -> date:
    """Return the day of an instant, in the organisation's zone."""
    return moment(value).date()


def id_of(name: Named | str) -> str:
    """Return the last part of a resource's name: what stands in the address of its page."""
    return (name if isinstance(name, str) else name.name).rsplit("/", 1)[-1]


FILTERS = {
    "id": id_of,
    "is_positive": is_positive,
    "moment_day": moment_day,
    "initials": initials,
    "state_name": state_name,
    "money_text": money_text,
    "money": money,
    "number": number,
    "percent": percent,
    "day": day,
    "short_day": short_day,
    "on_day": on_day,
    "time_of_day": time_of_day,
    "date_time": date_time,
    "exact_time": exact_time,
    "local_time": local_time,
    "overdue_days": overdue_days,
}


def add_to(app: Flask) -> None:
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["greeting"] = greeting
