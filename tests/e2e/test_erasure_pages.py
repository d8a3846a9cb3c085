"""The pages of deletion and anonymisation in a real browser: accessible, and narrow enough for a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import DESKTOP, NARROWEST, Window, window
from tests.integration.portal.builders import Story, story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.fakes.erasures import Links
from tests.integration.portal.serve import serving

FRANCESCA = "francesca@studio.example"


@pytest.fixture
def told() -> Story:
    told = story()
    links = [("Note", 2, []), ("Invoice", 7, ["INV-2026-000007", "INV-2026-000004"]), ("Message", 12, [])]
    told.backend.erasures.links[told.laura] = [Links(type=f"recapito/{type_}", count=n, titles=titles) for type_, n, titles in links]
    return told


@pytest.fixture
def base_url(told: Story) -> Iterator[str]:
    with serving(told) as url:
        yield url


def looked_at(person: Window, name: str) -> None:
    """Hold the page against the rules on a wide and on the narrowest screen; keep pictures where somebody wants to see them."""
    assert person.accessibility() == []
    if folder := os.environ.get("RECAPITO_PICTURES"):
        person.page.screenshot(path=f"{folder}/{name}.png", full_page=True)
        person.page.evaluate("document.documentElement.dir = 'rtl'")
        person.page.screenshot(path=f"{folder}/{name}-rtl.png", full_page=True)
    person.resize(NARROWEST)
    assert person.sideways() <= 0
    person.resize(DESKTOP)


@pytest.mark.req("R-DEL-04", "R-DEL-07")
def test_a_contact_is_anonymised_in_a_browser(told: Story, base_url: str, chromium: Browser) -> None:
    laura = f"/console/contacts/{told.laura}"
    with window(chromium, base_url) as person:
        person.sign_in(FRANCESCA, PASSWORD, front="console")
        person.open(f"{laura}/delete")
        looked_at(person, "delete")
        person.page.click("main .btn-danger")
        assert person.page.text_content("#links_seen-e")
        looked_at(person, "delete-refused")
        person.open(f"{laura}/anonymize")
        person.page.fill("#word", "anonimi")
        person.page.click("main .btn-danger")
        assert person.page.text_content("#word-e")
        looked_at(person, "anonymize")
        person.page.fill("#word", "anonimizza")
        person.page.click("main .btn-danger")
        assert person.path.endswith("/erasure")
        looked_at(person, "erasure-waiting")
        told.backend.erasures.answer(told.laura)
        person.page.reload()
        looked_at(person, "erasure")
        person.open(laura)
        looked_at(person, "card")
        assert person.faults == []
