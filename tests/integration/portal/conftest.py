"""Browsers without a screen: they keep cookies and send forms as a real one does."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.portal.builders import Story, story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.pages import Operator
from tests.integration.portal.serve import app

OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Browser:
    """Follows links and sends forms; the hidden fields of the form on the last page go along, as in a real browser."""

    client: FlaskClient
    language: str = "it"

    def __post_init__(self) -> None:
        self.page, self.path = "", "/area/sign-in"

    def get(self, path: str, **headers: str) -> TestResponse:
        self.path = path
        answer = self.client.get(path, headers={"Accept-Language": self.language, **headers})
        self.page = html.unescape(answer.get_data(as_text=True)) if answer.mimetype == "text/html" else ""
        return answer

    def hidden(self, path: str = "") -> dict[str, str]:
        """The hidden fields of the form that goes to `path`; of the last one on the page when none does."""
        forms = re.findall(r"<form([^>]*)>(.*?)</form>", self.page, re.DOTALL)
        ours = [content for attributes, content in forms if f'action="{path}"' in attributes]
        fitting = ours or [content for _attributes, content in forms]
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', fitting[0 if path else -1] if fitting else ""))

    def send(self, path: str, fields: dict[str, Any] | None = None, headers: dict[str, str] = OURS) -> TestResponse:
        given = {name: value for name, value in ({**self.hidden(path), **(fields or {})}).items() if value is not None}
        answer = self.client.post(path, data=given, headers={"Accept-Language": self.language, **headers})
        self.page = html.unescape(answer.get_data(as_text=True)) if answer.mimetype == "text/html" else ""
        return answer

    def sign_in(self, email: str, front: str = "area", password: str = PASSWORD, next: str = "") -> TestResponse:  # noqa: A002 - the field's name
        self.get(f"/{front}/sign-in")
        return self.send(f"/{front}/sign-in", {"email": email, "password": password, "next": next})


@pytest.fixture
def told() -> Story:
    return story()


@pytest.fixture
def browser(told: Story) -> Browser:
    return Browser(app(told).test_client())


@pytest.fixture
def new_browser(told: Story) -> Callable[[], Browser]:
    """Makes browsers that share nothing but the server."""
    served = app(told)
    return lambda: Browser(served.test_client())


@pytest.fixture
def laura(told: Story, browser: Browser) -> Browser:
    """Laura, with the permission to see invoices, inside the customers' area."""
    return enter(told, browser, told.laura, "laura.bianchi@abc.example")


@pytest.fixture
def giuseppe(told: Story, browser: Browser) -> Browser:
    """Giuseppe, without the permission to see invoices, inside the customers' area."""
    return enter(told, browser, told.giuseppe, "giuseppe.verdi@abc.example")


@pytest.fixture
def operator(browser: Browser) -> Browser:
    browser.sign_in("francesca@studio.example", "console")
    return browser


@pytest.fixture
def console(told: Story) -> Operator:
    """Francesca, administrator, inside the console."""
    at_work = Operator(app(told).test_client())
    at_work.sign_in()
    return at_work


def enter(told: Story, browser: Browser, contact_id: UUID, email: str) -> Browser:
    told.accept_policy(contact_id)
    browser.sign_in(email)
    return browser
