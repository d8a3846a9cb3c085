"""Where one is signed in: one's own sessions in both webs, and those of a contact as an operator sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recapito.identity.v1.links_pb2 import Link

from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.pages import Operator

LAURA = "laura.bianchi@abc.example"


def sessions_of(told: Story, account: object) -> list[str]:
    return [token for token, session in told.backend.identity.sessions.items() if session.account_id == account]


def test_one_sees_ones_own_sessions_this_one_marked_and_ends_another(told: Story, new_browser: Callable[[], Browser]) -> None:
    told.accept_policy(told.laura)
    here, there = new_browser(), new_browser()
    there.sign_in(LAURA)
    (elsewhere,) = told.backend.identity.sessions.values()
    elsewhere.device, elsewhere.ip_address = "", "203.0.113.9"
    here.sign_in(LAURA)
    here.get("/area/sessions")
    assert here.page.count("Questo dispositivo") == 1
    assert here.page.index("Firefox su Linux") < here.page.index("Dispositivo non riconosciuto"), "this one comes first"
    assert "203.0.113.9" in here.page
    here.send(f"/area/sessions/{elsewhere.id}/end")
    assert there.get("/area/").status_code == 302
    here.get("/area/sessions")
    assert "Accesso chiuso" in here.page
    assert "203.0.113.9" not in here.page


def test_ending_this_session_leads_to_the_door(told: Story, laura: Browser) -> None:
    (session,) = told.backend.identity.sessions.values()
    laura.get("/area/sessions")
    answer = laura.send(f"/area/sessions/{session.id}/end")
    assert answer.location == "/area/sign-in"
    assert told.backend.identity.sessions == {}


@pytest.mark.parametrize(("front", "email"), [("area", LAURA), ("console", "francesca@studio.example")])
def test_all_others_are_ended_at_once(told: Story, new_browser: Callable[[], Browser], front: str, email: str) -> None:
    told.accept_policy(told.laura)
    browsers = [new_browser() for _ in range(3)]
    for browser in browsers:
        browser.sign_in(email, front)
    browsers[0].get(f"/{front}/sessions")
    browsers[0].send(f"/{front}/sessions/end-others")
    assert [browser.get(f"/{front}/sessions").status_code for browser in browsers] == [200, 302, 302]


def test_a_session_that_ended_meanwhile_is_no_error(told: Story, laura: Browser) -> None:
    laura.get("/area/sessions")
    answer = laura.send("/area/sessions/01234567-89ab-7def-8123-456789abcdef/end")
    assert answer.location == "/area/sessions"


def test_rule_16_whoever_came_by_link_sees_this_session_alone(told: Story, new_browser: Callable[[], Browser]) -> None:
    told.accept_policy(told.laura)
    new_browser().sign_in(LAURA)
    told.link(told.laura, Link.MAGIC, token="magic")
    browser = new_browser()
    browser.get("/area/enter/magic")
    browser.get("/area/enter")
    browser.send("/area/enter")
    browser.get("/area/sessions")
    assert browser.page.count('<span class="rc-strong">Firefox su Linux</span>') == 1
    assert "Chiudi tutti gli altri" not in browser.page
    assert "Con un link o un codice si vede solo questo accesso" in browser.page


# --- as an operator sees them --------------------------------------------------------------------------------------------------------
def test_an_operator_sees_where_a_contact_is_inside_and_ends_it(told: Story, console: Operator, new_browser: Callable[[], Browser]) -> None:
    told.accept_policy(told.laura)
    address = f"/console/contacts/{told.laura}"
    assert "Adesso non è dentro." in console.open(address).text
    new_browser().sign_in(LAURA)
    told.backend.identity.sessions[sessions_of(told, told.laura)[0]].device = "Safari on iPhone"
    new_browser().sign_in(LAURA)
    assert "192.0.2.7" in console.open(address).text
    console.press("Chiudi Safari su iPhone")
    assert "Safari su iPhone" not in console.page.text
    assert len(sessions_of(told, told.laura)) == 1
    console.press("Chiudi tutti")
    assert "Adesso non è dentro." in console.page.text
    assert sessions_of(told, told.laura) == []


def test_who_may_not_help_people_in_sees_no_sessions(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities -= {"identity.access"}
    page = console.open(f"/console/contacts/{told.laura}")
    assert "Chiudi tutti" not in page.text
    assert "Scarica le prove" not in page.text
