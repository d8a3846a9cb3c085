"""What every page of the console has around its content: keys, menu, session, in a real browser over fakes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import PHONE, window
from tests.integration.portal.builders import story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.serve import serving

FRANCESCA = "francesca@studio.example"


@pytest.fixture
def base_url() -> Iterator[str]:
    with serving(story()) as url:
        yield url


def test_keys_lead_and_are_listed(base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        francesca.sign_in(FRANCESCA, PASSWORD, "console")
        page = francesca.page
        page.wait_for_load_state()
        page.keyboard.press("?")
        expect(page.locator("dialog#keys")).to_be_visible()
        assert francesca.focused() == "Tasti rapidi"
        assert not francesca.accessibility()
        page.keyboard.press("Escape")
        expect(page.locator("dialog#keys")).not_to_be_visible()
        page.keyboard.press("g")
        with page.expect_navigation():
            page.keyboard.press("c")
        assert francesca.path == "/console/contacts"


def test_keys_can_be_switched_off(base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        francesca.sign_in(FRANCESCA, PASSWORD, "console")
        page = francesca.page
        page.wait_for_load_state()
        page.keyboard.press("?")
        with page.expect_navigation():
            page.click("text=Spegnili del tutto")
        page.keyboard.press("?")
        assert page.locator("dialog#keys[open]").count() == 0


def test_before_an_idle_session_ends_one_can_stay(base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as francesca:
        page = francesca.page
        page.clock.install()
        francesca.sign_in(FRANCESCA, PASSWORD, "console")
        page.wait_for_load_state()
        page.clock.fast_forward("27:59")
        expect(page.locator("#idle")).not_to_be_visible()
        page.clock.fast_forward("00:02")
        expect(page.locator("#idle")).to_be_visible()
        page.click("#idle button")
        expect(page.locator("#idle")).not_to_be_visible()


def test_the_menu_of_a_phone_opens_and_closes(base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url, size=PHONE) as francesca:
        francesca.sign_in(FRANCESCA, PASSWORD, "console")
        page = francesca.page
        page.wait_for_load_state()
        expect(page.locator("#menu")).not_to_be_visible()
        page.click("[data-bs-toggle=offcanvas]")
        expect(page.locator("#menu")).to_be_visible()
        assert francesca.sideways() == 0
        page.keyboard.press("Escape")
        expect(page.locator("#menu")).not_to_be_visible()


@pytest.mark.parametrize(("choice", "theme"), [("Tema scuro", "dark"), ("Tema chiaro", "light")])
def test_the_theme_is_the_browsers_choice(base_url: str, chromium: Browser, choice: str, theme: str) -> None:
    with window(chromium, base_url) as francesca:
        francesca.sign_in(FRANCESCA, PASSWORD, "console")
        francesca.page.click("summary.rc-me")
        with francesca.page.expect_navigation():
            francesca.page.click(f"text={choice}")
        assert francesca.page.get_attribute("html", "data-bs-theme") == theme
        assert francesca.path == "/console"
