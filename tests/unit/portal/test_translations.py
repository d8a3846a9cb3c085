"""Every Italian text of the pages has its English, and no English is left of a text that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.portal.views import i18n

PORTAL = Path(i18n.__file__).parent.parent
METHODS = [("views/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%")


def texts_of_the_pages() -> dict[str, str]:
    """Return every text that may be shown, with the file it stands in."""
    found: dict[str, str] = {}
    options = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "trimmed": "false", "silent": "false"}}
    for file, _line, message, _comments, _context in extract_from_dir(PORTAL, METHODS, options, KEYWORDS):
        found.setdefault(message[0] if isinstance(message, tuple) else message, file)
    return found


def entries() -> Iterator[tuple[str, list[str], list[str]]]:
    """Each entry of the catalogue: its file, its texts (singular, then plural) and their translations."""
    for path in sorted((i18n.TRANSLATIONS / "en").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="en"):
                if message.id:
                    yield path.name, _several(message.id), _several(message.string or "")


def _several(texts: str | Sequence[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


@pytest.mark.req("R-POR-07", "R-DGN-04")
def test_every_text_has_its_english() -> None:
    missing = {text: file for text, file in texts_of_the_pages().items() if text not in i18n.load("en")}
    assert not missing, "\n".join(f"{file}: {text}" for text, file in missing.items())


def test_no_translation_is_left_of_a_text_that_is_gone() -> None:
    texts = texts_of_the_pages()
    gone = [(file, ids[0]) for file, ids, _strings in entries() if ids[0] not in texts]
    assert not gone


def test_a_translation_keeps_the_places_of_its_values() -> None:
    for file, texts, translations in entries():
        for text, translation in zip(texts, translations, strict=True):
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(translation)), f"{file}: {text}"


def test_a_text_is_translated_alike_everywhere() -> None:
    seen: dict[str, object] = {}
    for file, texts, translations in entries():
        assert seen.setdefault(texts[0], translations) == translations, f"{file}: {texts[0]}"
