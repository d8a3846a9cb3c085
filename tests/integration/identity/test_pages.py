"""Links of e-mails as a person uses them: the pages of the portal over HTTP, with the real identity behind them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from recapito.identity.v1 import links_pb2

from services.identity.service import links as use_cases
from services.portal.clients.identity import GrpcIdentity
from tests.integration.identity.test_links import CHANGES
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World
from tests.integration.portal.builders import story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.serve import pages_over

Link = links_pb2.Link
MINTED = datetime(2026, 11, 22, 12, tzinfo=UTC)
EMAIL = "laura.bianchi@abc.example"
ON_TIME = [timedelta(hours=47, minutes=59, seconds=59), timedelta(hours=48)]
LATE = timedelta(hours=48, seconds=1)


class Site:
    """The portal on a running identity; contacts and documents answer the pages from a story."""

    def __init__(self, world: World) -> None:
        self.world, self.told = world, story()
        self.laura = world.with_contact(id=self.told.laura, email=EMAIL)
        services = replace(self.told.backend.services, identity=GrpcIdentity(world.channel("portal")))
        self.app: Flask = pages_over(services, self.told.backend.notes, "http://localhost")

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    def mint(self, purpose: Link.Purpose.ValueType, landing: str = "", *, with_code: bool = False) -> links_pb2.MintLinksResponse.Minted:
        (minted,) = self.world.mint(self.laura, purpose, landing=landing, with_code=with_code)
        return minted

    def state(self, token: str) -> str:
        return Link.State.Name(self.world.links.InspectLink(links_pb2.InspectLinkRequest(token=token)).state)

    def mailed(self) -> list[tuple[str, str]]:
        """Purpose and landing of every link that is to be mailed."""
        use_cases.fulfil_requests(uow=self.world.new_uow())
        events = [event for event in self.world.events() if type(event).__name__ == "LinkRequested"]
        return [(Link.Purpose.Name(event.purpose), event.landing) for event in events]


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


@pytest.fixture
def sites(worlds: World) -> Site:
    """On both databases."""
    return Site(worlds)


def open_link(browser: Browser, token: str, page: str) -> int:
    """Follow the link of a mail to its page; return the status of that page."""
    kept = browser.get(f"/area/{page}/{token}")
    assert kept.status_code == 302
    assert token not in kept.location
    return browser.get(kept.location).status_code


def set_password(browser: Browser, password: str = PASSWORD) -> int:
    return browser.send("/area/password", {"new_password": password, "repeated_password": password}).status_code


def signs_in(site: Site, password: str = PASSWORD) -> bool:
    return site.browser().sign_in(EMAIL, password=password).status_code == 303


# --- how long ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-03")
@pytest.mark.req("R-IDN-04")
@pytest.mark.parametrize("after", ON_TIME, ids=str)
def test_a_set_password_link_works_until_the_last_second_of_its_48_hours(sites: Site, after: timedelta) -> None:
    sites.world.moment = MINTED
    token = sites.mint(Link.SET_PASSWORD).token
    sites.world.moment = MINTED + after
    browser = sites.browser()
    assert open_link(browser, token, "password") == 200
    assert set_password(browser) == 200
    assert "Password salvata" in browser.page
    assert signs_in(sites)


@pytest.mark.req("R-IDN-04")
@pytest.mark.parametrize("opened_late", [True, False], ids=["opened late", "opened in time and sent late"])
def test_a_second_later_it_is_refused_with_a_page_that_offers_a_fresh_one(sites: Site, opened_late: bool) -> None:
    sites.world.moment = MINTED
    token = sites.mint(Link.SET_PASSWORD).token
    browser = sites.browser()
    if not opened_late:
        assert open_link(browser, token, "password") == 200
    sites.world.moment = MINTED + LATE
    status = open_link(browser, token, "password") if opened_late else set_password(browser)
    assert status == 410
    assert "Questo link è scaduto" in browser.page
    assert browser.send("/area/links/renew").status_code == 200
    assert sites.mailed() == [("SET_PASSWORD", "")]
    assert not signs_in(sites)
    fresh = sites.browser()
    assert open_link(fresh, sites.mint(Link.SET_PASSWORD).token, "password") == 200
    assert set_password(fresh) == 200


@pytest.mark.req("R-IDN-04")
@pytest.mark.req("R-IDN-22")
def test_a_fresh_sign_in_link_lands_where_the_expired_one_would_have(sites: Site) -> None:
    sites.told.accept_policy(sites.laura)
    invoice = f"invoices/{sites.told.due}"
    sites.world.moment = MINTED
    token = sites.mint(Link.MAGIC, invoice).token
    sites.world.moment = MINTED + timedelta(days=7, seconds=1)
    browser = sites.browser()
    assert open_link(browser, token, "enter") == 410
    browser.send("/area/links/renew")
    ((purpose, landing),) = sites.mailed()
    assert (purpose, landing) == ("MAGIC", invoice)
    assert open_link(browser, sites.mint(Link.MAGIC, landing).token, "enter") == 200
    assert browser.send("/area/enter").location == f"/area/{invoice}"


# --- how often -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-05")
def test_a_link_works_once(sites: Site) -> None:
    token = sites.mint(Link.SET_PASSWORD).token
    first, second = sites.browser(), sites.browser()
    for browser in (first, second):
        assert open_link(browser, token, "password") == 200
    assert set_password(first) == 200
    assert set_password(second, OTHER_PASSWORD) == 410
    assert "Questo link è già stato usato" in second.page
    assert open_link(sites.browser(), token, "password") == 410
    assert signs_in(sites)
    assert not signs_in(sites, OTHER_PASSWORD)


@pytest.mark.req("R-IDN-05")
@pytest.mark.parametrize(("purpose", "page"), [(Link.SET_PASSWORD, "password"), (Link.MAGIC, "enter")])
def test_of_two_browsers_at_once_exactly_one_wins(postgres_world: World, purpose: Link.Purpose.ValueType, page: str) -> None:
    site = Site(postgres_world)
    token = site.mint(purpose).token
    browsers = [site.browser() for _ in range(2)]
    for browser in browsers:
        assert open_link(browser, token, page) == 200
    together, statuses = threading.Barrier(2), []

    def confirm(browser: Browser) -> None:
        together.wait(20)
        statuses.append(set_password(browser) if page == "password" else browser.send("/area/enter").status_code)

    threads = [threading.Thread(target=confirm, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == sorted([200 if page == "password" else 303, 410])


@pytest.mark.req("R-IDN-24")
def test_rule_10_a_scanner_that_opens_every_link_twice_spends_nothing(sites: Site) -> None:
    minted = {
        page: sites.mint(purpose).token
        for page, purpose in (("enter", Link.MAGIC), ("disown", Link.DISOWN), ("password", Link.SET_PASSWORD))
    }
    before = stored(sites)
    for page, token in minted.items():
        for _ in range(2):
            scanner = sites.browser()
            for address in (f"/area/{page}/{token}", f"/area/{page}"):
                assert scanner.client.head(address).status_code in {200, 302}
                assert scanner.client.get(address).status_code in {200, 302}
    assert stored(sites) == before
    assert {sites.state(token) for token in minted.values()} == {"USABLE"}
    person = sites.browser()
    assert open_link(person, minted["enter"], "enter") == 200
    assert person.send("/area/enter").status_code == 303


def stored(site: Site) -> list[object]:
    """Everything that opening a link might have written."""
    with site.world.engine.connect() as connection:
        return [connection.execute(sa.text(f"SELECT * FROM {table}")).all() for table in ("links", "link_codes", "sessions", "outbox")]


@pytest.mark.req("R-IDN-05")
def test_a_new_link_cancels_its_older_siblings(sites: Site) -> None:
    older, newer = sites.mint(Link.SET_PASSWORD).token, sites.mint(Link.SET_PASSWORD).token
    browser = sites.browser()
    assert open_link(browser, older, "password") == 410
    assert "Questo link non vale più" in browser.page
    assert open_link(browser, newer, "password") == 200


def test_rule_11_a_new_password_cancels_every_other_link(sites: Site) -> None:
    others = [(page, sites.mint(purpose).token) for page, purpose in (("enter", Link.MAGIC), ("disown", Link.DISOWN))]
    browser = sites.browser()
    assert open_link(browser, sites.mint(Link.SET_PASSWORD).token, "password") == 200
    assert set_password(browser) == 200
    for page, token in others:
        assert open_link(sites.browser(), token, page) == 410


# --- for whom ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-23")
def test_a_forwarded_link_lets_in_the_person_it_was_sent_to_and_nobody_else(site: Site) -> None:
    site.told.accept_policy(site.laura)
    giuseppe = site.world.with_contact(id=site.told.giuseppe, email="giuseppe.verdi@abc.example")
    site.world.with_password(giuseppe)
    browser = site.browser()
    browser.sign_in("giuseppe.verdi@abc.example")
    assert open_link(browser, site.mint(Link.MAGIC).token, "enter") == 200
    assert browser.send("/area/enter").status_code == 303
    with site.world.engine.connect() as connection:
        inside = connection.execute(sa.text("SELECT account_id FROM sessions")).scalars().all()
    assert [UUID(str(account)) for account in inside] == [site.laura], "and the session before has ended"


@pytest.mark.req("R-IDN-26")
@pytest.mark.parametrize("heard", [False, True], ids=["before the event", "after the event"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_between_opening_and_confirming_counts(site: Site, change: str, heard: bool) -> None:
    pages = {"enter": site.browser(), "password": site.browser()}
    for page, purpose in (("enter", Link.MAGIC), ("password", Link.SET_PASSWORD)):
        assert open_link(pages[page], site.mint(purpose).token, page) == 200
    code = site.mint(Link.MAGIC, with_code=True).code
    CHANGES[change](site.world, site.laura)
    if heard and change != "account disabled":
        site.world.tell(site.laura)
    assert pages["enter"].send("/area/enter").status_code == 410
    assert set_password(pages["password"]) == 410
    typed = site.browser()
    typed.get("/area/code")
    assert typed.send("/area/code", {"email": EMAIL, "code": code}).status_code == 422
    with site.world.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM sessions")).scalar_one() <= 1  # of the administrator who disabled it


@pytest.mark.req("R-IDN-26")
@pytest.mark.req("R-DEL-05")
@pytest.mark.req("R-DEL-06")
def test_a_link_to_the_old_address_is_dead_and_brings_nothing_to_its_next_holder(sites: Site) -> None:
    token = sites.mint(Link.MAGIC).token
    sites.world.contacts.contacts[sites.laura].email = "laura@new.example"
    sites.world.tell(sites.laura)
    heir = sites.world.with_contact(email=EMAIL)
    sites.world.tell(heir)
    browser = sites.browser()
    assert open_link(browser, token, "enter") == 410
    assert "Questo link non vale più" in browser.page


# --- other ways --------------------------------------------------------------------------------------------------------------------
def test_the_code_of_the_mail_opens_what_its_link_would_have(sites: Site) -> None:
    sites.told.accept_policy(sites.laura)
    minted = sites.mint(Link.MAGIC, f"invoices/{sites.told.due}", with_code=True)
    browser = sites.browser()
    browser.get("/area/code")
    answer = browser.send("/area/code", {"email": EMAIL, "code": minted.code.lower()})
    assert (answer.status_code, answer.location) == (303, f"/area/invoices/{sites.told.due}")
    assert open_link(sites.browser(), minted.token, "enter") == 410


def test_reporting_shuts_out_whoever_is_in_and_leads_to_a_new_password(sites: Site) -> None:
    sites.world.with_password(sites.laura)
    inside = sites.browser()
    assert inside.sign_in(EMAIL, password=PASSWORD).status_code == 303
    owner = sites.browser()
    assert open_link(owner, sites.mint(Link.DISOWN).token, "disown") == 200
    assert inside.get("/area/privacy").status_code == 200
    assert owner.send("/area/disown").status_code == 200
    assert inside.get("/area/").location.startswith("/area/sign-in")
    assert not signs_in(sites)
    owner.send("/area/links/renew")
    assert sites.mailed() == [("RESET_PASSWORD", "")]
    assert open_link(owner, sites.mint(Link.RESET_PASSWORD).token, "password") == 200
    assert set_password(owner, OTHER_PASSWORD) == 200
    assert signs_in(sites, OTHER_PASSWORD)


@pytest.mark.req("R-IDN-20")
def test_where_settings_forbid_it_nobody_resets_alone(site: Site) -> None:
    site.world.with_password(site.laura)
    site.world.moment = MINTED
    token = site.mint(Link.RESET_PASSWORD).token
    site.world.decide(site.world.administrator(), self_service_reset=False)
    site.world.moment = MINTED + timedelta(hours=1, seconds=1)
    browser = site.browser()
    browser.get("/area/sign-in")
    assert "Password dimenticata?" not in browser.page
    assert browser.get("/area/links/password").status_code == 404
    assert open_link(browser, token, "password") == 410
    assert "Invia un nuovo link" not in browser.page
    assert browser.send("/area/links/renew", {"csrf_token": browser.hidden()["csrf_token"]}).status_code == 409
    assert site.mailed() == []
