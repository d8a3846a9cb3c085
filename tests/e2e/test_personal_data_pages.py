"""The pages where all data of a person is downloaded, in a real browser: accessible, and narrow enough for a phone."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from tests.browser import window
from tests.e2e.test_erasure_pages import looked_at
from tests.integration.portal.builders import Story, story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.serve import serving


@pytest.fixture
def told() -> Story:
    return story()


@pytest.fixture
def base_url(told: Story) -> Iterator[str]:
    with serving(told) as url:
        yield url


@pytest.mark.parametrize(("front", "email"), [("console", "francesca@studio.example"), ("area", "laura.bianchi@abc.example")])
def test_all_data_is_downloaded_in_a_browser(told: Story, base_url: str, chromium: Browser, front: str, email: str) -> None:
    told.accept_policy(told.laura)
    with window(chromium, base_url) as person:
        person.sign_in(email, PASSWORD, front=front)
        for session in told.backend.identity.sessions.values():
            session.fresh_until = datetime.now(UTC) - timedelta(minutes=1)
        person.open("/area/personal-data" if front == "area" else f"/console/contacts/{told.laura}/personal-data")
        if front == "console":
            person.page.click("main button.btn-primary")  # asks for the password
        looked_at(person, f"personal-data-{front}")
        person.page.fill("#confirm_password", PASSWORD)
        with person.page.expect_download() as download:
            person.page.click("main button.btn-primary")
        assert "README.txt" in zipfile.ZipFile(download.value.path()).namelist()
