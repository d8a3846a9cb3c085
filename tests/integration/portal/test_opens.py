"""The hint that an e-mail may have been opened: its image, the choice of the person, the setting, and what operators see of it."""

from __future__ import annotations

import pytest
from recapito.notifications.v1.messages_pb2 import Message

from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.fakes.common import now
from tests.integration.portal.pages import Operator

TOKEN = "a-Z_0" * 8 + "abc"
HINT = "È un indizio, non una prova"


# --- the image -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-ACT-10", "R-ACT-11")
def test_the_image_is_the_same_for_every_token(told: Story, laura: Browser) -> None:
    """Security rule 50: no cookie, nothing kept by browser or proxy, and another site's mail page may show it."""
    answers = []
    for token in (TOKEN, TOKEN[::-1], "x", "x" * 200, "a/b", "%00", "è"):
        with laura.client.get(f"/o/{token}") as answer:
            answers.append((answer.status_code, answer.data, answer.mimetype))
            assert (answer.headers["Cache-Control"], answer.headers["Cross-Origin-Resource-Policy"]) == ("no-store", "cross-origin")
            assert "Set-Cookie" not in answer.headers
    assert set(answers) == {(200, answers[0][1], "image/gif")}
    assert len(answers[0][1]) == 42
    assert told.backend.notifications.opened == [TOKEN, TOKEN[::-1]], "what cannot be a token is not asked about"


@pytest.mark.req("R-ACT-10")
def test_counting_waits_until_the_answer_is_out_and_may_fail(told: Story, browser: Browser) -> None:
    with browser.client.get(f"/o/{TOKEN}") as answer:
        assert answer.status_code == 200
        assert told.backend.notifications.opened == []
    assert told.backend.notifications.opened == [TOKEN]
    told.backend.notifications.away = True
    with browser.client.get(f"/o/{TOKEN}") as answer:
        assert answer.status_code == 200


@pytest.mark.req("R-ACT-11")
def test_who_only_asks_whether_it_is_there_opens_nothing(told: Story, browser: Browser) -> None:
    with browser.client.head(f"/o/{TOKEN}") as answer:
        assert (answer.status_code, answer.data) == (200, b"")
    assert told.backend.notifications.opened == []


# --- who decides ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-ACT-11", "R-DEL-12")
def test_a_contact_gives_and_takes_back_its_consent(told: Story, laura: Browser) -> None:
    """Security rule 50."""
    contact = told.backend.contacts.contacts[told.laura]
    laura.get("/area/")
    assert 'href="/area/emails"' in laura.page
    laura.get("/area/emails")
    assert "checked" not in laura.page
    for on in (True, False):
        assert laura.send("/area/emails", {"open_tracking": "1" if on else None}).location == "/area/emails"
        laura.get("/area/emails")
        assert contact.open_tracking is on
        assert ("Scelta salvata" in laura.page, " checked" in laura.page) == (True, on)


@pytest.mark.req("R-ACT-11")
def test_an_operator_writes_down_what_the_person_said(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.laura}/edit")
    form, _button = page.form("Salva contatto")
    assert "open_tracking" not in form.values
    page = console.press("Salva contatto", open_tracking="1")
    assert told.backend.contacts.contacts[told.laura].open_tracking
    assert "Aperture delle email Ha dato il consenso" in page.text
    console.open(f"/console/contacts/{told.laura}/edit")
    page = console.press("Salva contatto", open_tracking=None)
    assert "Aperture delle email Senza consenso" in page.text


@pytest.mark.req("R-ACT-11")
def test_the_installation_tracks_nothing_until_somebody_says_so(told: Story, console: Operator) -> None:
    """Security rule 50."""
    assert "/console/settings/emails" in dict(console.open("/console/settings").links).values()
    page = console.open("/console/settings/emails")
    form, _button = page.form("Salva")
    assert "open_tracking" not in form.values
    console.press("Salva", open_tracking="1")
    assert told.backend.notifications.settings.open_tracking
    console.press("Salva", open_tracking=None)
    assert not told.backend.notifications.settings.open_tracking


def test_the_setting_is_not_there_for_who_may_not_change_it(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities = frozenset({"notifications.read"})
    console.open("/console/settings/emails")
    assert console.answer.status_code == 404


# --- what is seen of it --------------------------------------------------------------------------------------------------------------
def to_mario(told: Story) -> Message:
    return next(one for one in told.backend.notifications.messages.values() if one.contact == f"contacts/{told.mario}")


@pytest.mark.req("R-ACT-10", "R-ACT-11")
def test_a_hint_is_never_shown_as_a_proof(told: Story, console: Operator) -> None:
    message = to_mario(told)
    pages = [f"/console/dispatches/{told.dispatch}", f"/console/{message.name}", "/console/messages"]
    for address in pages:
        assert "forse aperta" not in console.open(address).text.lower()
    message.open_hint_time.CopyFrom(now())
    for address in pages:
        text = console.open(address).text.lower()
        assert "forse aperta" in text
        assert "letta" not in text
    for address in pages[:2]:
        assert HINT in console.open(address).text
