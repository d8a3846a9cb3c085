"""What keeps other sites out: origin and token of forms, headers, cookies, hashed files."""

from __future__ import annotations

import re

import pytest

from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import OURS, Browser
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.serve import pages_over

ENTRY = {"email": "laura.bianchi@abc.example", "password": PASSWORD}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_from_elsewhere_is_refused(told: Story, browser: Browser, headers: dict[str, str]) -> None:
    browser.get("/area/sign-in")
    assert browser.send("/area/sign-in", ENTRY, headers).status_code == 403
    assert not told.backend.identity.sessions


def test_a_browser_without_fetch_metadata_is_known_by_its_origin(browser: Browser) -> None:
    browser.get("/area/sign-in")
    assert browser.send("/area/sign-in", ENTRY, {"Origin": "http://localhost"}).status_code == 303


@pytest.mark.parametrize("token", [None, "", "0" * 64, "è"])
def test_a_form_without_its_token_is_refused(told: Story, browser: Browser, token: str | None) -> None:
    browser.get("/area/sign-in")
    assert browser.send("/area/sign-in", {**ENTRY, "csrf_token": token}).status_code == 403
    assert not told.backend.identity.sessions


def test_the_token_of_another_browser_is_no_use(browser: Browser, told: Story) -> None:
    other = Browser(browser.client.application.test_client())
    other.get("/area/sign-in")
    browser.get("/area/sign-in")
    assert browser.send("/area/sign-in", {**ENTRY, "csrf_token": other.hidden()["csrf_token"]}).status_code == 403


def test_signing_in_renews_the_token(laura: Browser, told: Story) -> None:
    before = laura.client.get_cookie("csrf")
    laura.get("/area/")
    laura.send("/area/sign-out")
    laura.sign_in("laura.bianchi@abc.example")
    after = laura.client.get_cookie("csrf")
    assert before is not None
    assert after is not None
    assert before.value != after.value


def test_every_write_of_both_webs_is_protected(browser: Browser) -> None:
    app = browser.client.application
    writes = [rule for rule in app.url_map.iter_rules() if rule.methods and rule.methods & {"POST", "PUT", "PATCH", "DELETE"}]
    assert len(writes) > 10
    for rule in writes:
        path = re.sub(r"<(?:any\((\w+)[^>]*|uuid:\w+|\w+)>", lambda found: found[1] or "01a20364-6ede-758e-89e6-3a5f3127979c", rule.rule)
        answer = browser.client.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403, rule.rule


def test_reading_needs_no_token(laura: Browser) -> None:
    assert laura.get("/area/", **{"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_pages_forbid_what_they_do_not_use(laura: Browser) -> None:
    headers = laura.get("/area/").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_no_page_holds_inline_style_or_script(laura: Browser, told: Story) -> None:
    for path in ("/area/", "/area/invoices", f"/area/invoices/{told.due}", "/area/privacy", "/area/nothing"):
        raw = laura.get(path).get_data(as_text=True)
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", raw), path


def test_with_https_cookies_are_bound_to_the_host(told: Story) -> None:
    app = pages_over(told.backend.services, told.backend.notes, "https://portal.example")
    client = app.test_client()
    page = client.get("/area/sign-in", base_url="https://portal.example")
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-csrf=")
    for part in ("Secure", "HttpOnly", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    token = re.search(r'name="csrf_token" value="(\w+)"', page.get_data(as_text=True))
    assert token is not None
    entry = client.post("/area/sign-in", base_url="https://portal.example", data={**ENTRY, "csrf_token": token[1]}, headers=OURS)
    cookies = entry.headers.getlist("Set-Cookie")
    assert any(re.match(r"__Host-area=[\w-]{43}; Secure; HttpOnly; Path=/; SameSite=Lax", cookie) for cookie in cookies), cookies


def test_without_https_nothing_claims_it(laura: Browser) -> None:
    headers = laura.get("/area/").headers
    assert "Strict-Transport-Security" not in headers
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_long_body_is_refused(browser: Browser) -> None:
    browser.get("/area/sign-in")
    assert browser.send("/area/sign-in", {**ENTRY, "password": "x" * 1_100_000}).status_code == 413


def test_files_are_kept_for_a_year_under_names_that_hold_their_hash(laura: Browser) -> None:
    laura.get("/area/")
    names = set(re.findall(r"/static/[\w.-]+", laura.page))
    assert len(names) >= 4
    for name in names:
        assert re.search(r"\.[0-9a-f]{12}\.", name), name
        answer = laura.client.get(name, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_only_known_files_are_served(laura: Browser) -> None:
    for name in ("app.js", "fetch_vendor.py", "../settings.py", "..%2fsettings.py", "recapito.000000000000.css"):
        assert laura.client.get(f"/static/{name}").status_code == 404
