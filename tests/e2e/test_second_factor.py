"""Two-step sign-in in a real browser with an authenticator that Chromium simulates, over the real identity."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from recapito.identity.v1.sessions_pb2 import Session

from services.portal.clients.identity import GrpcIdentity
from tests.browser import DESKTOP, NARROWEST, PHONE, Window, window
from tests.integration.identity.conftest import migrated
from tests.integration.identity.world import PASSWORD, World, running
from tests.integration.portal.builders import Story, story
from tests.integration.portal.serve import pages_over, serving_app
from tests.servers import free_ports

STEP = timedelta(seconds=30)
ADA = "ada@studio.example"
MARIO = "mario@acme.example"


@dataclass
class Site:
    """The pages over the real identity; the other services are kept in memory."""

    url: str
    world: World
    told: Story


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (port,) = free_ports(1)
    address = f"http://localhost:{port}"
    migrated(f"sqlite:///{tmp_path}/identity.db")
    identities = contextmanager(running)(f"sqlite:///{tmp_path}/identity.db", address)
    told = story()
    with identities as world:
        world.administrator()
        services = replace(told.backend.services, identity=GrpcIdentity(world.channel("portal")))
        with serving_app(pages_over(services, told.backend.notes, address), port):
            yield Site(address, world, told)


@pytest.fixture
def mario(site: Site) -> str:
    """The address of a contact with a password who has accepted the policy."""
    account = site.world.with_contact(id=site.told.mario, email=MARIO)
    site.world.with_password(account)
    site.world.accept_policy(site.world.sign_in(MARIO).session_token)
    return MARIO


@contextmanager
def person(site: Site, chromium: Browser, *, size: ViewportSize = DESKTOP, script: bool = True) -> Iterator[Window]:
    with window(chromium, site.url, size=size, script=script) as opened:
        yield opened


def authenticator(at: Window) -> Callable[[bool], None]:
    """Plug in a device that keeps passkeys; return what says whether it knows its person by the finger, as it does at first."""
    device = at.context.new_cdp_session(at.page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    added = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def know(verified: bool) -> None:
        device.send("WebAuthn.setUserVerified", {"authenticatorId": added, "isUserVerified": verified})

    return know


def press(at: Window, words: str) -> None:
    with at.page.expect_navigation():
        at.page.get_by_role("button", name=words, exact=True).click()


def follow(at: Window, words: str) -> None:
    with at.page.expect_navigation():
        at.page.get_by_role("link", name=words, exact=True).click()


def add_app(at: Window, front: str = "console") -> pyotp.TOTP:
    """Connect an app by the key in the page; end at the recovery codes, which are not made."""
    at.open(f"/{front}/security/app")
    press(at, "Ho l’app, continua")
    at.page.get_by_text("Non puoi inquadrarlo? Copia la chiave").click()
    app = pyotp.TOTP(at.page.locator("details code").inner_text().replace(" ", ""))
    at.page.fill("#code", app.now())
    press(at, "Attiva l’app")
    return app


def add_passkey(at: Window, front: str = "console") -> None:
    at.open(f"/{front}/security/passkey")
    at.page.fill("#display_name", "Telefono di lavoro")
    press(at, "Continua")
    press(at, "Crea la passkey")


# --- the stories ---------------------------------------------------------------------------------------------------------------------
def test_rule_17_an_administrator_adds_an_app_and_signs_in_with_its_code(site: Site, chromium: Browser) -> None:
    with person(site, chromium) as ada:
        ada.sign_in(ADA, PASSWORD, "console")
        follow_menu(ada)
        app = add_app(ada)
        press(ada, "Crea dieci codici")
        codes = ada.page.locator("#codes code").all_inner_texts()
        assert len(codes) == 10
        ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
        ada.page.get_by_role("button", name="Copia").click()
        expect(ada.page.get_by_role("button", name="Copiati")).to_be_visible()
        assert ada.page.evaluate("navigator.clipboard.readText()") == "\n".join(codes)
        follow(ada, "Li ho salvati")
        assert "Ne restano 10" in ada.page.inner_text("main")
    with person(site, chromium, script=False) as ada:
        ada.sign_in(ADA, PASSWORD, "console")
        assert ada.path == "/console/second-factor?next=/console"
        ada.open("/console/contacts")
        assert ada.path.startswith("/console/second-factor"), "nothing else opens"
        ada.page.fill("#code", "000000")
        press(ada, "Continua")
        assert "Il codice non è giusto" in ada.page.inner_text("#errors")
        before = {cookie["name"]: cookie["value"] for cookie in ada.context.cookies()}["console"]
        ada.page.fill("#code", app.at(site.world.clock() + STEP))
        press(ada, "Continua")
        assert ada.path == "/console/contacts"
        assert {cookie["name"]: cookie["value"] for cookie in ada.context.cookies()}["console"] != before, "rule 15: a new id"
    with person(site, chromium, script=False) as ada:
        ada.sign_in(ADA, PASSWORD, "console")
        ada.page.fill("#code", codes[0].lower())
        press(ada, "Continua")
        assert ada.path == "/console"


def follow_menu(at: Window) -> None:
    at.page.locator(".rc-me-menu summary").click()
    follow(at, "Accesso in due passaggi")
    assert at.path == "/console/security"


def test_a_passkey_signs_in_without_a_password_and_stands_for_the_second_step(site: Site, chromium: Browser) -> None:
    with person(site, chromium) as ada:
        authenticator(ada)
        ada.sign_in(ADA, PASSWORD, "console")
        add_passkey(ada)
        assert ada.path == "/console/security/recovery-codes"
        ada.open("/console/security")
        assert "Telefono di lavoro" in ada.page.inner_text("main")
        ada.context.clear_cookies()
        ada.open("/console/sign-in?next=/console/contacts")
        press(ada, "Entra con una passkey")
        assert ada.path == "/console/contacts"
        ada.context.clear_cookies()
        ada.sign_in(ADA, PASSWORD, "console")
        press(ada, "Usa la passkey")
        assert ada.path == "/console"


def test_a_passkey_of_the_console_opens_no_customers_area_and_one_that_does_not_know_its_person_nothing(
    site: Site, chromium: Browser
) -> None:
    with person(site, chromium) as ada:
        knows_its_person = authenticator(ada)
        ada.sign_in(ADA, PASSWORD, "console")
        add_passkey(ada)
        ada.context.clear_cookies()
        ada.open("/area/sign-in")
        press(ada, "Entra con una passkey")
        assert "La passkey non è stata riconosciuta" in ada.page.inner_text("#errors")
        knows_its_person(False)
        ada.open("/console/sign-in")
        ada.page.get_by_role("button", name="Entra con una passkey").click()
        expect(ada.page.get_by_text("La passkey non è stata usata")).to_be_visible()
        assert ada.path == "/console/sign-in"


def test_a_used_answer_of_a_browser_opens_nothing_a_second_time(site: Site, chromium: Browser) -> None:
    with person(site, chromium) as ada:
        authenticator(ada)
        ada.sign_in(ADA, PASSWORD, "console")
        add_passkey(ada)
        ada.context.clear_cookies()
        sent: list[str] = []
        ada.page.on("request", lambda request: sent.append(request.post_data or "") if request.url.endswith("/sign-in/passkey") else None)
        ada.open("/console/sign-in")
        press(ada, "Entra con una passkey")
        assert ada.path == "/console"
        ada.context.clear_cookies()
        ada.open("/console/sign-in")
        (answer,) = (re.search(r"passkey=([^&]*)", body) for body in sent)
        assert answer is not None
        script = (
            "(value) => { const form = document.querySelector('form[data-passkey]'); form.elements.passkey.value = value; form.submit(); }"
        )
        with ada.page.expect_navigation():
            ada.page.evaluate(f"({script})(decodeURIComponent({answer[1]!r}.replaceAll('+', ' ')))")
        assert "La passkey non è stata riconosciuta" in ada.page.inner_text("#errors")


def test_rule_17_who_must_have_a_second_step_sets_it_up_at_the_next_sign_in(site: Site, chromium: Browser) -> None:
    with site.world.new_uow() as uow:
        uow.settings.save(replace(uow.settings.current(), administrators_need_second_factor=True))
        uow.commit()
    with person(site, chromium, script=False) as ada:
        ada.sign_in(ADA, PASSWORD, "console")
        assert ada.path == "/console/security"
        assert "Chi amministra entra in due passaggi" in ada.page.inner_text("main")
        ada.open("/console/contacts")
        assert ada.path == "/console/security"
        add_app(ada)
        assert ada.path == "/console/security/recovery-codes"
        ada.open("/console/contacts")
        assert ada.path == "/console/contacts"


def test_a_contact_uses_an_app_and_removes_it_again_without_a_script(site: Site, chromium: Browser, mario: str) -> None:
    with person(site, chromium, script=False, size=PHONE) as at:
        at.sign_in(mario, PASSWORD)
        follow(at, "Accesso in due passaggi")
        app = add_app(at, "area")
        press(at, "Esci")
        at.sign_in(mario, PASSWORD)
        at.page.fill("#code", app.at(site.world.clock() + STEP))
        press(at, "Continua")
        assert at.path == "/area/"
        at.open("/area/security")
        follow(at, "Togli App di codici")
        press(at, "Togli")
        assert "Aggiungi un’app di codici" in at.page.inner_text("main")


def test_after_ten_minutes_the_password_or_a_code_is_asked_again(site: Site, chromium: Browser) -> None:
    with person(site, chromium, script=False) as ada:
        ada.sign_in(ADA, PASSWORD, "console")
        app = add_app(ada)
        with site.world.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE sessions SET fresh_until = '2026-01-01 00:00:00.000000'")
        ada.open("/console/security")
        follow(ada, "Togli App di codici")
        ada.page.fill("#confirm_password", "non è questa")
        press(ada, "Togli")
        assert "La password o il codice non sono giusti" in ada.page.inner_text("#errors")
        ada.page.fill("#confirm_password", app.at(site.world.clock() + STEP))
        press(ada, "Togli")
        assert ada.path == "/console/security"
        assert "Togli" not in ada.page.inner_text("main")


# --- how the pages look ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("right_to_left", [False, True], ids=["ltr", "rtl"])
def test_the_pages_pass_the_accessibility_rules_and_fit_the_narrowest_phone(
    site: Site, chromium: Browser, mario: str, right_to_left: bool
) -> None:
    contact = site.told.backend.contacts.contacts[site.told.mario]
    contact.direction = contact.RTL if right_to_left else contact.LTR
    with person(site, chromium, size=NARROWEST) as at:
        authenticator(at)
        faults: dict[str, Any] = {}

        def look(page: str) -> None:
            if found := at.accessibility():
                faults[page] = found
            if at.sideways() > 0:
                faults[f"{page} sideways"] = at.sideways()

        at.open("/area/sign-in")
        look("sign-in")
        at.sign_in(mario, PASSWORD)
        assert at.page.locator("html").get_attribute("dir") == ("rtl" if right_to_left else "ltr")
        at.open("/area/security")
        look("empty")
        at.open("/area/security/passkey")
        look("passkey")
        press(at, "Continua")
        look("confirm passkey")
        at.open("/area/security/app")
        look("app")
        press(at, "Ho l’app, continua")
        look("connect app")
        at.page.fill("#code", "000000")
        press(at, "Attiva l’app")
        look("wrong code")
        app = add_app(at, "area")
        look("before recovery codes")
        press(at, "Crea dieci codici")
        look("recovery codes")
        add_passkey(at, "area")
        at.open("/area/security")
        look("overview")
        at.page.get_by_role("link", name="Togli App di codici").click()
        at.page.wait_for_url("**/remove")
        look("remove")
        at.context.clear_cookies()
        at.sign_in(mario, PASSWORD)
        look("second step")
        assert app.secret
        assert not faults


def test_an_administrator_removes_the_second_step_of_an_operator_who_lost_it(site: Site, chromium: Browser) -> None:
    with person(site, chromium) as ada:
        ada.sign_in(ADA, PASSWORD, "console")
        add_app(ada)
        ada.open("/console/settings/operators")
        follow(ada, "Togli il secondo passaggio di Ada")
        assert not ada.accessibility()
        press(ada, "Togli il secondo passaggio")
        assert ada.path == "/console/settings/operators"
        assert site.world.sign_in(ADA).session.state == Session.OPEN
