"""Hostile input at every door of the customers' area, over the whole platform: refused with a page, never with a failure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.e2e.test_area_story import link_in
from tests.stack import Stack

HOSTILE = ["", "\x00", "a" * 3000, "' OR 1=1 --", "<script>", "../../etc/passwd", "%00", "\ud7ff", "💥" * 50, "-1", "9" * 40, "\u202e"]
HOSTILE += ["customers/x", "{}", "null", "\r\nX: y", "ı", "a@b", "x@" + "y" * 300 + ".it", "00000000-0000-0000-0000-000000000000"]
ADDRESSES = ["invoices?state=", "invoices?page=", "sign-in?next=", "privacy?next=", "invoices/", "enter/", "password/", "links/", ""]
FORMS = [  # the form's address, the page that shows it, the fields to fill with hostile words
    ("/area/customer", "/area/", ["customer"]),
    ("/area/preferences/language", "/area/", ["value", "next"]),
    ("/area/password/change", "/area/password/change", ["current_password", "new_password", "repeated_password", "next"]),
    ("/area/sign-in", "/area/sign-in", ["email", "password", "next"]),
    ("/area/links/password", "/area/links/password", ["email"]),
    ("/area/links/entry", "/area/links/entry", ["email"]),
    ("/area/privacy", "/area/privacy", ["policy", "request_id", "answer", "next"]),
]
COOKIES = ["area", "customer", "link", "language", "theme", "notice", "csrf"]


class Visitor:
    """Sends forms as a browser does and gathers the answers that are failures of ours."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self.session = requests.Session()
        self.session.headers["Sec-Fetch-Site"] = "same-origin"
        self.failures: list[str] = []

    def get(self, path: str, words: str = "") -> str:
        answer = self.session.get(f"{self._base_url}{path}", allow_redirects=False, timeout=30)
        self._check(f"GET {path[:60]} {words[:20]!r}", answer)
        return answer.text

    def send(self, path: str, page: str, **fields: str) -> None:
        shown = self.get(page)
        found = re.search(rf'<form[^>]*action="{path}"[^>]*>(.*?)</form>', shown, re.DOTALL)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[1] if found else shown))
        given = {name: html.unescape(value) for name, value in hidden.items()} | fields
        answer = self.session.post(f"{self._base_url}{path}", data=given, allow_redirects=False, timeout=30)
        self._check(f"POST {path} {fields!r:.60}", answer)

    def _check(self, what: str, answer: requests.Response) -> None:
        if answer.status_code >= 500:
            self.failures.append(f"{what}: {answer.status_code}")


@pytest.fixture
def visitor(stack: Stack) -> Visitor:
    return Visitor(stack.portal_url)


def test_hostile_words_in_addresses_forms_and_cookies_never_fail(stack: Stack, visitor: Visitor, eventually: Callable[..., Any]) -> None:
    laura = next(person for person in stack.facts["contacts"] if person["name"] == "Laura Bianchi")
    visitor.get(eventually(lambda: link_in(stack, laura["email"], "enter")))
    visitor.send("/area/enter", "/area/enter")
    visitor.send("/area/privacy", "/area/privacy", answer="accept")
    assert "Laura" in visitor.get("/area/"), "the walk starts inside"
    for words in HOSTILE:
        for address in ADDRESSES:
            visitor.get(f"/area/{address}{quote(words.encode(errors='surrogatepass'), safe='')}", words)
        for path, page, names in FORMS:
            visitor.send(path, page, **dict.fromkeys(names, words))
    for words in HOSTILE:
        for name in COOKIES:
            visitor.session.cookies.clear()
            visitor.session.cookies.set(name, quote(words.encode(errors="surrogatepass"))[:200])
            for page in ("/area/", "/area/enter", "/area/password", "/area/sign-in"):
                visitor.get(page, words)
    assert not visitor.failures
