"""What the pages at the door, and the way out of every other page, owe to people who use password managers and shared computers."""

from __future__ import annotations

import re

import pytest

from libs.errors import Unavailable
from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.pages import Operator


@pytest.mark.parametrize("front", ["area", "console"])
def test_who_finds_no_place_to_sign_in_is_told_when_to_come_back(told: Story, browser: Browser, front: str) -> None:
    """Rule 6 of the security rules."""
    told.backend.identity.failure = Unavailable("too many people sign in at this moment", reason="BUSY", retry_after_seconds=1)
    answer = browser.sign_in("laura.bianchi@abc.example", front)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("front", ["area", "console"])
def test_password_fields_are_masked_and_open_to_password_managers(browser: Browser, front: str) -> None:
    browser.get(f"/{front}/sign-in")
    fields = re.findall(r"<input[^>]*name=\"[a-z_]*password\"[^>]*>", browser.page)
    assert fields
    for found in fields:
        assert 'type="password"' in found
        assert 'autocomplete="current-password"' in found
    assert "paste" not in browser.page
    assert 'autocomplete="username"' in browser.page


def test_new_passwords_are_offered_to_password_managers_too(laura: Browser) -> None:
    laura.get("/area/password/change")
    kinds = re.findall(r"<input[^>]*type=\"password\"[^>]*autocomplete=\"([a-z-]+)\"", laura.page)
    assert set(kinds) == {"current-password", "new-password"}


def test_one_signs_out_from_every_page(told: Story, console: Operator, laura: Browser) -> None:
    for address in ("", "/customers", "/contacts", f"/contacts/{told.laura}", "/invoices", "/dispatches", "/messages", "/settings"):
        page = console.open(f"/console{address}")
        assert "/console/sign-out" in [form.action for form in page.forms], address
    for address in ("/area/", "/area/invoices", f"/area/invoices/{told.due}"):
        laura.get(address)
        assert 'action="/area/sign-out"' in laura.page, address
