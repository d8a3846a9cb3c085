"""What stands in the merge fields of one message, written in the language of its reader."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.notifications.domain.formats import written_date, written_day, written_moment, written_money
from services.notifications.domain.kinds import Kind
from services.notifications.domain.messages import Dispatch, Message
from services.notifications.domain.templates import Fields, one_line


@dataclass(frozen=True)
class Organisation:
    """Who writes, as this installation is set up. area_url: of the customers' area, with the slash at its end."""

    email: str
    legal: str
    area_url: str
    console_url: str


@dataclass(frozen=True)
class Phrases:
    """Words by language: greeting["it"]["named"], notification_type["it"]["invoice"], secret_mark["it"], …"""

    greeting: Mapping[str, Mapping[str, str]]
    notification_type: Mapping[str, Mapping[str, str]]
    attachment_note: Mapping[str, str]
    secret_mark: Mapping[str, str]
    at_issue: Mapping[str, str]
    factor_change: Mapping[str, Mapping[str, str]]
    device: Mapping[str, Mapping[str, str]]

    def greet(self, first_name: str, language: str) -> str:
        words = self.greeting[language]
        return words["named"].replace("{first_name}", first_name) if first_name else words["unnamed"]

    def device_of(self, device: str, language: str) -> str:
        """device: as identity tells it, "Firefox on Linux", one of the two, or "" when it cannot be told."""
        words = self.device[language]
        browser, on, system = device.partition(" on ")
        if not on:
            return device or words["unknown"]
        return words["both"].replace("{browser}", browser).replace("{system}", system)


@dataclass(frozen=True)
class Link:
    """A whole address. expire_time: None for a page that anybody may ask for and that asks to sign in. code: beside it, to be typed."""

    url: str
    expire_time: datetime | None = None
    code: str = field(default="", repr=False)


LINK_FIELDS = frozenset({"set_password_url", "reset_password_url", "sign_in_url", "document_url", "invitation_url", "disown_url"})


def values(
    names: Iterable[str],
    message: Message,
    dispatch: Dispatch,
    *,
    fields: Fields,
    phrases: Phrases,
    organisation: Organisation,
    link: Link | None = None,
    attached: bool = False,
) -> dict[str, str]:
    """Return a text for each name that has one; a field without value is left out."""
    language = message.language
    given: dict[str, Any] = {
        **dispatch.facts,
        "contact_firstname": message.first_name,
        "contact_lastname": message.last_name,
        "contact_email": message.to_address,
        "account_email": message.to_address,
        "organisation_email": organisation.email,
        "organisation_legal": organisation.legal,
        "crm_url": organisation.area_url,
    }
    if link is not None and link.expire_time is not None:
        given["link_expiry"] = link.expire_time.isoformat()
    if attached:
        given["attachment_note"] = phrases.attachment_note[language]
    found: dict[str, str] = {}
    for name in names:
        if name in LINK_FIELDS:
            found[name] = link.url if link is not None else ""
        elif name == "link_code":
            found[name] = link.code if link is not None else ""
        elif (words := _phrase(name, message, dispatch, phrases)) is not None:
            found[name] = words
        elif (value := given.get(name)) not in (None, ""):
            found[name] = written(value, fields[name].kind, language, dispatch.facts.get("time_zone", "Europe/Rome"))
    return found


def _phrase(name: str, message: Message, dispatch: Dispatch, phrases: Phrases) -> str | None:
    """Return what our own words say in a field; None for a field that holds a fact."""
    language = message.language
    match name:
        case "greeting":
            return phrases.greet(one_line(message.first_name), language)
        case "notification_type":
            return _type_words(message.of_kind, phrases, language)
        case "factor_change":
            return phrases.factor_change[language].get(dispatch.facts.get(name, ""))  # a preview speaks of no change
        case "device":
            return phrases.device_of(one_line(dispatch.facts.get(name, "")), language)
        case _:
            return None


def _type_words(kind: Kind, phrases: Phrases, language: str) -> str:
    return phrases.notification_type[language][kind.type.value] if kind.type else ""


@functools.lru_cache(4096)
def written(value: Any, kind: str, language: str, zone: str) -> str:
    """Return a fact as text. Money is stored as "122.00 EUR", days and moments as ISO 8601.

    Remembered, because the readers of one dispatch share its facts.
    """
    match kind:
        case "money":
            amount, _, currency = str(value).partition(" ")
            return written_money(Decimal(amount), currency, language)
        case "day":
            return written_day(date.fromisoformat(value), language)
        case "date":
            return written_date(date.fromisoformat(value), language)
        case "moment":
            return written_moment(datetime.fromisoformat(value), zone, language)
        case "longtext":
            return str(value)
        case _:
            return one_line(str(value))
