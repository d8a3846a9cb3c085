"""The pages of a merge in a real browser: accessible, and narrow enough for a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import window
from tests.e2e.test_erasure_pages import FRANCESCA, looked_at
from tests.integration.portal.builders import Story, story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.fakes.erasures import Links
from tests.integration.portal.serve import serving


@pytest.fixture
def told() -> Story:
    told = story()
    told.backend.erasures.links[told.giuseppe] = [Links(type="recapito/Note", count=3), Links(type="recapito/Invoice", count=7)]
    giuseppe = told.backend.contacts.contacts[told.giuseppe]
    giuseppe.profile.update({"residence_city": "Casalnuovo" * 15, "identity_documents": [{"kind": "passport", "number": "YA1234567"}]})
    return told


@pytest.fixture
def base_url(told: Story) -> Iterator[str]:
    with serving(told) as url:
        yield url


def test_two_contacts_are_merged_and_given_back_in_a_browser(told: Story, base_url: str, chromium: Browser) -> None:
    laura = f"/console/contacts/{told.laura}"
    with window(chromium, base_url) as person:
        person.sign_in(FRANCESCA, PASSWORD, front="console")
        person.open(f"{laura}/merge")
        looked_at(person, "merge")
        person.open(f"{laura}/merge?q=verdi")
        looked_at(person, "merge-found")
        person.page.click("main .rc-list .btn")
        looked_at(person, "merge-with")
        person.page.check("#r2b")
        person.page.click("main .btn-primary")
        assert person.path == laura
        looked_at(person, "card-merged")
        person.page.click("main .rc-note a")
        looked_at(person, "merge-undo")
        person.page.click("main .btn-primary")
        assert person.path == laura
        assert not person.page.query_selector("main .rc-note a")
        assert person.faults == []
