"""An operator signs in at the organisation's identity provider: browser, pages and identity are real, and so is the provider."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser
from pydantic import SecretStr
from recapito.identity.v1 import accounts_pb2
from werkzeug.serving import make_server

from services.identity.settings import ProviderSettings
from services.portal import __main__ as portal
from services.portal.settings import Settings as PortalSettings
from tests import openid_provider
from tests.browser import DESKTOP, NARROWEST, Window, window
from tests.integration.identity.conftest import migrated
from tests.integration.identity.world import SECRET, World, running
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.servers import free_ports

ADA = "ada@studio.example"
POLICIES = "/console/settings/privacy"  # a page that only identity and the organisation's name are asked for


@dataclass
class Place:
    url: str
    world: World
    provider: OpenIdProvider


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Identity, the portal before it, and a provider where Ada, an administrator, has an account."""
    (port,) = free_ports(1)
    url, database = f"http://localhost:{port}", f"sqlite:///{tmp_path}/identity.db"
    migrated(database)
    with openid_provider.serving() as provider:
        provider.person["email"] = ADA
        for world in running(database):
            world.administrator(ADA)
            configure(world, url, provider)
            with served(world, port):
                yield Place(url, world, provider)


def configure(world: World, url: str, provider: OpenIdProvider) -> None:
    entry = ProviderSettings(
        id="studio",
        display_name="Studio & Figli",
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        email_domains=["studio.example"],
    )
    world.server.stop()
    world.settings = world.settings.model_copy(update={"identity_providers": (entry,), "environment": "test", "public_url": url})
    world.start()


@contextmanager
def served(world: World, port: int) -> Iterator[None]:
    settings = PortalSettings(
        web_secret=SecretStr("a secret of the tests"),
        public_url=f"http://localhost:{port}",
        internal_secret=SecretStr(SECRET),
        identity_address=world.address,
        contacts_address=world.settings.contacts_address,
    )
    server = make_server("localhost", port, portal.app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def go_there(browser: requests.Session, place: Place) -> str:
    """Press the button of the sign-in page; return the provider's page that it leads to."""
    page = browser.get(f"{place.url}/console/sign-in?next={POLICIES}", timeout=10).text
    (href,) = re.findall(r'href="(/console/provider/[^"]+)"', page)
    answer = browser.get(f"{place.url}{href}", timeout=10, allow_redirects=False)
    assert answer.status_code == 302
    return answer.headers["Location"]


# --- in a browser --------------------------------------------------------------------------------------------------------------------
def test_the_button_leads_to_the_provider_and_back_into_the_console(place: Place, chromium: Browser) -> None:
    with window(chromium, place.url, size=DESKTOP) as ada:
        ada.open(POLICIES)
        assert ada.path.startswith("/console/sign-in")
        assert not ada.accessibility()
        press(ada, "Entra con Studio & Figli")
        assert ada.page.url.startswith(place.provider.issuer)
        press(ada, "Sono io")
        assert ada.path == POLICIES
        cookies = {cookie["name"]: cookie for cookie in ada.context.cookies(place.url)}
        assert cookies["console"]["httpOnly"]
        assert "provider" not in cookies
        ada.page.go_back()
        assert "code=" not in ada.page.url
        assert not ada.faults


def test_the_button_is_reached_by_keyboard_and_fits_the_narrowest_screen(place: Place, chromium: Browser) -> None:
    with window(chromium, place.url, size=NARROWEST) as ada:
        ada.theme("dark")
        ada.open("/console/sign-in")
        assert ada.sideways() == 0
        assert not ada.accessibility()
        ada.tab_to("Entra con Studio & Figli")
        ada.press_and_go("Enter")
        assert ada.page.url.startswith(place.provider.issuer)


def press(opened: Window, words: str) -> None:
    with opened.page.expect_navigation():
        opened.page.get_by_text(words, exact=True).click()


# --- over HTTP -----------------------------------------------------------------------------------------------------------------------
def test_who_is_disabled_meanwhile_is_out_at_once_and_cannot_come_back(place: Place) -> None:
    ada, bea = requests.Session(), requests.Session()
    with place.world.as_person(place.world.sign_in(ADA).session_token):
        account = accounts_pb2.Account(kind=accounts_pb2.Account.OPERATOR, display_name="Bea", email="bea@studio.example")
        name = place.world.accounts.CreateAccount(accounts_pb2.CreateAccountRequest(account=account)).name
        place.provider.person |= {"sub": "bea", "email": "bea@studio.example"}
        assert bea.get(place.provider.press(go_there(bea, place)), timeout=10).url == f"{place.url}{POLICIES}"
        place.world.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=name))
    assert "/console/sign-in" in bea.get(f"{place.url}{POLICIES}", timeout=10).url
    for browser in (bea, ada):
        page = browser.get(place.provider.press(go_there(browser, place)), timeout=10)
        assert "Con questo account non si entra nella console" in page.text


def test_an_answer_with_another_nonce_is_refused_and_says_so(place: Place) -> None:
    place.provider.alter = lambda claims: claims | {"nonce": "of another sign-in"}
    browser = requests.Session()
    page = browser.get(place.provider.press(go_there(browser, place)), timeout=10)
    assert page.url == f"{place.url}/console/sign-in?reason=PROVIDER_REFUSED&next={POLICIES}"
    assert "L’accesso non è riuscito" in page.text
    assert "console" not in browser.cookies


def test_no_log_holds_a_code_a_state_a_token_or_an_address(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    """Rule 4: nothing personal and no secret in logs."""
    browser = requests.Session()
    away = go_there(browser, place)
    back = place.provider.press(away)
    browser.get(back, timeout=10)
    session = browser.cookies["console"]
    place.provider.alter = lambda claims: claims | {"aud": "another"}
    stranger = requests.Session()
    stranger.get(place.provider.press(go_there(stranger, place)), timeout=10)
    said = "".join(line for stream in capfd.readouterr() for line in stream.splitlines(keepends=True) if "HTTP/1.1" not in line)
    assert "signed in" in said
    assert "a provider's answer was refused" in said
    secrets = {session, ADA, CLIENT_SECRET, place.provider.person["sub"]}
    for address in (away, back):
        query = parse_qs(urlsplit(address).query)
        secrets |= {query[name][0] for name in ("state", "code", "nonce", "code_challenge") if name in query}
    assert not [secret for secret in secrets if secret in said]
