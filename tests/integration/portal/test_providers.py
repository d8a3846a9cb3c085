"""The button that leads to the organisation's identity provider, and the way back: whose browser, where to, what is said."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from recapito.identity.v1.settings_pb2 import IdentitySettings

from libs.errors import ResourceExhausted, ServiceError, Unauthenticated, Unavailable
from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.pages import Operator, Page
from tests.integration.portal.serve import pages_over

START, BACK = "/console/provider/studio/start", "/console/provider/studio"
SETTINGS = "/console/settings/organisation"


@pytest.fixture(autouse=True)
def provider(told: Story) -> None:
    """The provider is called "Studio & Figli", and knows Francesca by the code "francesca"."""
    told.backend.identity.settings.providers.append(IdentitySettings.Provider(id="studio", display_name="Studio & Figli"))
    accounts = told.backend.identity.accounts.items()
    told.backend.identity.provider_codes["francesca"] = next(id_ for id_, one in accounts if one.email == "francesca@studio.example")


def go_there(browser: Browser, path: str = START) -> str:
    """Follow the button and return the state that the provider will send back."""
    answer = browser.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("https://login.example/authorize")
    return parse_qs(urlsplit(answer.location).query)["state"][0]


def cookies(browser: Browser) -> set[str]:
    return {name for name in ("console", "provider") if browser.client.get_cookie(name) is not None}


def said_after(browser: Browser, path: str) -> str:
    """Return the sign-in page that a refusal leads to."""
    answer = browser.get(path)
    assert answer.status_code == 303
    assert browser.get(answer.location).status_code == 200
    return browser.page


def test_each_provider_has_its_button_on_the_operators_page_alone(browser: Browser) -> None:
    browser.get("/console/sign-in?next=/console/customers")
    assert "Entra con Studio & Figli" in browser.page
    assert f'href="{START}?next=/console/customers"' in browser.page
    browser.get("/area/sign-in")
    assert "Studio & Figli" not in browser.page
    assert browser.get("/area/provider/studio/start").status_code == 404


def test_without_providers_nothing_is_shown(told: Story, browser: Browser) -> None:
    del told.backend.identity.settings.providers[:]
    browser.get("/console/sign-in")
    assert "oppure" not in browser.page
    assert browser.get(START).status_code == 404


def test_an_operator_comes_back_signed_in_where_she_wanted_to_go(told: Story, browser: Browser) -> None:
    state = go_there(browser, f"{START}?next=/console/customers")
    assert told.backend.identity.provider_states == {state: f"http://localhost{BACK}"}
    answer = browser.get(f"{BACK}?code=francesca&state={state}")
    assert (answer.status_code, answer.location) == (303, "/console/customers")
    assert cookies(browser) == {"console"}, "the one of the way there is gone"
    assert browser.get("/console/customers").status_code == 200
    assert told.backend.identity.clients[-1].ip_address == "127.0.0.1"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/area/", "/console/sign-in", START, "x" * 3000, "/console/\n"]
)
def test_coming_back_leads_only_to_our_own_pages(browser: Browser, target: str) -> None:
    """Rule 59: redirect targets come from a list."""
    answer = browser.client.get(START, query_string={"next": target})
    state = parse_qs(urlsplit(answer.location).query)["state"][0]
    assert browser.get(f"{BACK}?code=francesca&state={state}").location == "/console"


def test_a_stranger_cannot_sign_somebody_in_as_himself(told: Story, new_browser: Callable[[], Browser]) -> None:
    """Login CSRF: the way back counts only in the browser that was sent away."""
    stranger, victim = new_browser(), new_browser()
    state = go_there(stranger)
    go_there(victim)
    for browser in (victim, new_browser()):
        assert "Ricomincia da qui" in said_after(browser, f"{BACK}?code=francesca&state={state}")
        assert "console" not in cookies(browser)
    assert state in told.backend.identity.provider_states, "not even asked"
    assert stranger.get(f"{BACK}?code=francesca&state={state}").status_code == 303


def test_another_site_cannot_send_people_off(told: Story, browser: Browser) -> None:
    for site in ("cross-site", "same-site"):
        answer = browser.client.get(START, headers={"Sec-Fetch-Site": site})
        assert answer.location == "/console/sign-in"
    assert not told.backend.identity.provider_states


def test_the_answer_works_once(browser: Browser) -> None:
    state = go_there(browser)
    browser.get(f"{BACK}?code=francesca&state={state}")
    assert browser.get(f"{BACK}?code=francesca&state={state}").location == "/console/sign-in?reason=PROVIDER_SIGN_IN_EXPIRED"


def test_signing_in_anew_ends_the_session_before(told: Story, operator: Browser) -> None:
    """Rule 15: a new id at each authentication."""
    before = set(told.backend.identity.sessions)
    state = go_there(operator)
    operator.get(f"{BACK}?code=francesca&state={state}")
    assert len(told.backend.identity.sessions) == 1
    assert not before & set(told.backend.identity.sessions)


def test_who_came_by_a_provider_confirms_there(told: Story, browser: Browser) -> None:
    """Who has no password here must still be able to change what asks for a fresh sign-in."""
    state = go_there(browser)
    browser.get(f"{BACK}?code=francesca&state={state}")
    at_work = Operator(browser.client)
    page = save_settings_late(told, at_work)
    answer = browser.get(page.link("Conferma con Studio & Figli"))
    assert answer.location.endswith("&prompt=login")
    state = parse_qs(urlsplit(answer.location).query)["state"][0]
    assert browser.get(f"{BACK}?code=francesca&state={state}").location == SETTINGS
    at_work.open(SETTINGS)
    at_work.press("Salva", organization_name="Studio Vesuvio")
    assert told.backend.contacts.settings.organization_name == "Studio Vesuvio"


def test_who_came_by_password_is_not_led_to_a_provider(told: Story, console: Operator) -> None:
    page = save_settings_late(told, console)
    assert "La tua password" in page.text
    assert "Conferma con" not in page.text


def save_settings_late(told: Story, at_work: Operator) -> Page:
    """Return the page that asks for a fresh sign-in."""
    for session in told.backend.identity.sessions.values():
        session.fresh_until = None
    at_work.open(SETTINGS)
    return at_work.press("Salva", organization_name="Studio Vesuvio")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("error=access_denied&error_description=<script>", "L’accesso non è stato completato"),
        ("", "L’accesso non è stato completato"),
        ("code=somebody", "Con questo account non si entra nella console"),
    ],
)
def test_what_went_wrong_is_said_in_plain_words(browser: Browser, query: str, said: str) -> None:
    state = go_there(browser, f"{START}?next=/console/customers")
    assert said in said_after(browser, f"{BACK}?{query}&state={state}")
    assert state not in browser.page
    assert "<script>" not in browser.page
    assert browser.hidden("/console/sign-in")["next"] == "/console/customers"
    assert cookies(browser) == set()


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Unavailable("down", reason="PROVIDER_UNAVAILABLE"), "non risponde"),
        (Unauthenticated("no", reason="PROVIDER_REFUSED"), "L’accesso non è riuscito"),
        (Unauthenticated("no", reason="PROVIDER_SIGN_IN_EXPIRED"), "Questo accesso è scaduto"),
    ],
)
def test_a_provider_that_fails_leaves_the_password(told: Story, browser: Browser, failure: ServiceError, said: str) -> None:
    state = go_there(browser)
    told.backend.identity.failure = failure
    assert said in said_after(browser, f"{BACK}?code=francesca&state={state}")
    browser.send("/console/sign-in", {"email": "francesca@studio.example", "password": "una frase lunga per entrare"})
    assert cookies(browser) == {"console"}


def test_a_provider_that_is_down_is_said_at_once(told: Story, browser: Browser) -> None:
    told.backend.identity.failure = Unavailable("down", reason="PROVIDER_UNAVAILABLE")
    assert "non risponde" in said_after(browser, START)
    told.backend.identity.failure = ResourceExhausted("slow down", retry_after_seconds=240)
    answer = browser.get(START)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "240")


def test_with_https_the_cookie_is_bound_to_this_host(told: Story) -> None:
    app = pages_over(told.backend.services, told.backend.notes, "https://portal.example/")
    answer = app.test_client().get(START, base_url="https://portal.example")
    (cookie,) = [value for value in answer.headers.getlist("Set-Cookie") if "provider" in value]
    assert cookie.startswith("__Host-provider=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"} <= set(cookie.split("; "))
    assert next(iter(told.backend.identity.provider_states.values())) == f"https://portal.example{BACK}"


def test_the_sign_in_page_says_nothing_that_a_stranger_put_into_its_address(browser: Browser) -> None:
    for reason in ("WRONG_CREDENTIALS", "chiama lo 06 1234", "PROVIDER_chiama lo 06 1234"):
        page = browser.client.get("/console/sign-in", query_string={"reason": reason}).text
        assert "06 1234" not in page
        assert "Email o password" not in page


def test_where_one_wanted_to_go_may_hold_any_letter(told: Story, browser: Browser) -> None:
    wanted = '/console/customers?q=a"b;c, è \\x'.replace("\\x", "%3B")
    answer = browser.client.get(START, query_string={"next": wanted})
    state = parse_qs(urlsplit(answer.location).query)["state"][0]
    answer = browser.get(f"{BACK}?code=francesca&state={state}")
    assert parse_qs(urlsplit(answer.location).query)["q"] == ['a"b;c, è ;']
