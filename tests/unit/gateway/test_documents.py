"""The page of the API: whole without script, complete, and safe to show."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest

from services.gateway import views
from services.gateway.views.documents import markup
from services.gateway.wire.contract import contract
from tests.unit.gateway.test_service import FakeBackends, FakeIdentity


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids = Counter[str]()
        self.links: list[str] = []
        self.tags = Counter[str]()
        self.attributes = Counter[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            self.attributes[name] += 1
            if name == "id":
                self.ids[value or ""] += 1
            elif name in {"href", "src"}:
                self.links.append(value or "")


@pytest.fixture(scope="module")
def page() -> Page:
    app = views.app(contract(), identity=FakeIdentity({}), backends=FakeBackends(), public_url="https://api.example")
    return Page(app.test_client().get("/docs").text)


def test_every_link_leads_somewhere_on_the_page(page: Page) -> None:
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids.keys()
    assert max(page.ids.values()) == 1


def test_nothing_is_fetched_from_outside_and_nothing_is_inline(page: Page) -> None:
    assert {link for link in page.links if not link.startswith("#")} == {"/docs/docs.css", "/openapi.json"}
    assert not {"script", "style", "img", "iframe"} & page.tags.keys()
    assert not {name for name in page.attributes if name == "style" or name.startswith("on")}


def test_every_method_has_its_place(page: Page) -> None:
    assert page.tags["article"] >= len(contract().routes)
    assert page.tags["pre"] == len(contract().routes)


def test_a_comment_is_text_whatever_it_holds() -> None:
    assert markup("<script>`a<b` **x**") == "<p>&lt;script&gt;<code>a&lt;b</code> <strong>x</strong></p>"
    assert markup("Of these:\n- one\n- two") == "<p>Of these:</p><ul><li>one</li><li>two</li></ul>"


def test_production_shows_no_documents() -> None:
    app = views.app(contract(), identity=FakeIdentity({}), backends=FakeBackends(), public_url="https://x.example", show_documents=False)
    assert {app.test_client().get(path).status_code for path in ("/docs", "/openapi.json", "/docs/docs.css")} == {404}
