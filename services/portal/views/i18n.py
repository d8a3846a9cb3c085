"""Languages: Italian is what the sources say, English comes from translations/en/*.po, read when the process starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.core import Locale
from babel.messages.pofile import read_po
from flask import g, request

TRANSLATIONS = Path(__file__).parent.parent / "translations"
LANGUAGES = {"it": "Italiano", "en": "English"}
LOCALES = {"it": Locale("it"), "en": Locale("en", "GB")}

Catalogue = dict[str, tuple[str, ...]]  # text, or its singular -> translation, or its singular and plural


def load(language: str) -> Catalogue:
    """Read what is translated; a text without a translation stays Italian, and a test names it."""
    found: Catalogue = {}
    for path in sorted((TRANSLATIONS / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string:
                    singular = message.id if isinstance(message.id, str) else message.id[0]
                    found[singular] = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return found


_CATALOGUES: dict[str, Catalogue] = {"it": {}, "en": load("en")}


def language() -> str:
    """Return the language of this page, "it" or "en"."""
    return str(g.get("language", "it"))


def locale() -> Locale:
    return LOCALES[language()]


def negotiate(preferred: str) -> str:
    """Return the language chosen in this browser, else the person's, else what the browser asks for, else Italian."""
    for candidate in (request.cookies.get("language", ""), preferred[:2]):
        if candidate in LANGUAGES:
            return candidate
    return request.accept_languages.best_match(list(LANGUAGES)) or "it"


def N_(text: str) -> str:  # noqa: N802 - the usual name of the mark for what is translated later
    """Mark a text for the catalogue; `gettext` translates it where it is shown."""
    return text


def translate(text: str) -> str:
    return _CATALOGUES[language()].get(text, (text,))[0]


def translate_plural(singular: str, plural: str, number: int) -> str:
    """Return the form for this number. Italian and English both have two: one, and all others."""
    forms = _CATALOGUES[language()].get(singular, (singular, plural))
    return forms[0] if number == 1 else forms[-1]


def gettext(text: str, **values: Any) -> str:
    """Return the text in the language of this page, with its %(name)s filled in; a percent sign of its own is written %%."""
    return translate(text) % values


def ngettext(singular: str, plural: str, number: int, **values: Any) -> str:
    """As gettext, in the form for `number`, which is %(num)s in the text."""
    return translate_plural(singular, plural, number) % {"num": number, **values}
