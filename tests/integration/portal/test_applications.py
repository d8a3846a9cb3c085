"""Client applications: how the console administers them, and how people let one act for them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest
from recapito.identity.v1.accounts_pb2 import Account, Client

from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.pages import Operator

ID = UUID(int=77)
CALLBACK = "https://app.example/callback"
ASKED = {
    "client_id": str(ID),
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
    "scope": "openid",
    "state": "s-1",
}


def registered(told: Story) -> Account:
    account = Account(
        name=f"accounts/{ID}",
        kind=Account.SERVICE,
        display_name="Gestionale <b>",
        state=Account.ACTIVE,
        client=Client(redirect_uris=[CALLBACK], first_party=True),
    )
    told.backend.identity.accounts[ID] = account
    return account


# --- the console ---------------------------------------------------------------------------------------------------------------------
def test_an_application_is_registered_changed_and_turned_off(told: Story, console: Operator) -> None:
    accounts = told.backend.identity.accounts
    console.open("/console/settings")
    console.follow("Applicazioni")
    console.follow("Registra un’applicazione")
    page = console.press(
        "Registra",
        display_name="Gestionale",
        roles=["roles/reader"],
        redirect_uris=f"{CALLBACK}\nhttp://127.0.0.1:8000/cb",
        first_party="1",
    )
    made = next(one for one in accounts.values() if one.kind == Account.SERVICE)
    assert list(made.client.redirect_uris) == [CALLBACK, "http://127.0.0.1:8000/cb"]
    assert (made.client.first_party, list(made.roles), made.email) == (True, ["roles/reader"], "")
    assert made.name.removeprefix("accounts/") in page.text
    console.press("Salva applicazione", redirect_uris=CALLBACK, first_party=None)
    id_ = UUID(made.name.split("/")[1])
    assert accounts[id_].client == Client(redirect_uris=[CALLBACK])
    console.follow("Disattiva Gestionale")
    assert "Disattivata" in console.press("Disattiva Gestionale").text
    console.press("Riattiva Gestionale")
    assert accounts[id_].state == Account.ACTIVE


def test_a_new_secret_is_shown_once(told: Story, console: Operator) -> None:
    registered(told)
    console.open("/console/settings/applications")
    console.follow("Nuovo segreto per Gestionale <b>")
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.press("Crea il segreto", overlap="24")
    assert told.backend.identity.secrets == []
    page = console.press("Crea il segreto", confirm_password=PASSWORD)
    assert told.backend.identity.secrets == [(ID, timedelta(hours=24))]
    assert "secret-1" in page.text
    assert console.answer.headers["Cache-Control"] == "no-store"
    assert "secret-1" not in console.open(f"/console/settings/applications/{ID}/secret").markup


def test_who_may_not_administer_finds_no_button(told: Story, console: Operator) -> None:
    registered(told)
    told.backend.identity.capabilities = frozenset({"contacts.read", "identity.read"})
    page = console.open("/console/settings/applications")
    assert "Gestionale <b>" in page.text
    assert not [words for words, _address in page.links if "segreto" in words or "Registra" in words]
    console.open(f"/console/settings/applications/{ID}/secret")
    assert console.answer.status_code == 404


# --- the authorization endpoint ------------------------------------------------------------------------------------------------------
def address(front: str = "area", **changes: str) -> str:
    return f"/{front}/authorize?{urlencode(ASKED | changes)}"


def test_a_person_signs_in_first_and_then_lets_the_application_in(told: Story, browser: Browser) -> None:
    registered(told)
    told.accept_policy(told.laura)
    door = browser.get(address())
    assert door.status_code == 302
    browser.get(door.location)
    back = browser.send("/area/sign-in", {"email": "laura.bianchi@abc.example", "password": PASSWORD})
    assert back.location == address()
    page = browser.get(back.location)
    assert page.status_code == 200
    assert "Accedere a Gestionale &lt;b&gt;?" in page.get_data(as_text=True)
    sent = browser.send("/area/authorize", {"answer": "allow"})
    assert (sent.status_code, sent.location) == (303, f"{CALLBACK}?code=c-1&state=s-1")


def test_the_page_lets_its_form_lead_to_the_application_and_nowhere_else(told: Story, laura: Browser) -> None:
    registered(told)
    policy = laura.get(address()).headers["Content-Security-Policy"]
    assert re.findall(r"form-action ([^;]*)", policy) == ["'self' https://app.example"]
    assert "script-src 'self'" in policy


def test_who_declines_sends_the_application_away_with_nothing(told: Story, operator: Browser) -> None:
    registered(told)
    operator.get(address("console"))
    sent = operator.send("/console/authorize", {"answer": "deny"})
    assert parse_qs(urlsplit(sent.location).query)["error"] == ["access_denied"]


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://evil.example/"}, {"client_id": str(UUID(int=1))}, {"redirect_uri": ""}])
def test_nobody_is_sent_to_an_address_that_is_not_the_clients(told: Story, laura: Browser, changes: dict[str, str]) -> None:
    """Rule 59."""
    registered(told)
    answer = laura.get(address(**changes))
    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert "Questa richiesta non è valida" in laura.page
    assert "//evil.example" not in laura.page + answer.headers["Content-Security-Policy"]
    laura.get(address())
    assert laura.send("/area/authorize", {"answer": "allow"} | changes).status_code == 400


def test_a_weaker_proof_goes_back_as_an_error_without_a_page(told: Story, laura: Browser) -> None:
    registered(told)
    for method in ("plain", ""):
        answer = laura.get(address(code_challenge_method=method))
        assert parse_qs(urlsplit(answer.location).query)["error"] == ["invalid_request"]


def test_another_site_cannot_press_the_button(told: Story, laura: Browser) -> None:
    """Rule 58: a GET gives no code, and a form of another site is refused."""
    registered(told)
    laura.get(address())
    assert laura.send("/area/authorize", {"answer": "allow"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
