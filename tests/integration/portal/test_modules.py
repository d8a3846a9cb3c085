"""Modules that are switched off, as operators and contacts meet them."""

from __future__ import annotations

import pytest
from recapito.contacts.v1.settings_pb2 import ContactsSettings

from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.pages import Operator


def modules_of(told: Story) -> ContactsSettings.Modules:
    return told.backend.contacts.settings.modules


@pytest.mark.req("R-DGN-03", "R-FLD-08", "R-FRM-06")
def test_modules_are_switched_on_a_page_of_their_own(told: Story, console: Operator) -> None:
    console.open("/console/settings")
    page = console.follow("Moduli")
    form, _button = page.form("Salva")
    assert form.values.get("reserved_area") == ["1"]
    assert not form.values.keys() & {"membership", "custom_fields"}
    assert "nulla si cancella" in page.text
    page = console.press("Salva", custom_fields="1", reserved_area=None)
    assert "Impostazioni salvate" in page.text
    assert modules_of(told) == ContactsSettings.Modules(custom_fields=True)


@pytest.mark.req("R-DGN-03")
def test_the_page_of_modules_is_not_there_for_who_may_not_change_settings(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities = frozenset({"contacts.read"})
    console.open("/console/settings/modules")
    assert console.answer.status_code == 404


@pytest.mark.req("R-IDN-17")
def test_without_the_reserved_area_form_and_card_have_no_access_data(told: Story, console: Operator) -> None:
    mario = told.backend.contacts.contacts[told.mario]
    form, card = f"/console/contacts/{told.mario}/edit", f"/console/contacts/{told.mario}"
    for address in (form, card):
        assert "Accesso al portale" in console.open(address).text
    modules_of(told).reserved_area = False
    for address in (card, form):
        page = console.open(address)
        assert "Accesso al portale" not in page.text
        assert "Invia link" not in page.text
    before = mario.access
    console.press("Salva contatto", first_name="Maria")
    after = told.backend.contacts.contacts[told.mario]
    assert (after.first_name, after.access) == ("Maria", before), "what the form does not show, it does not change"


@pytest.mark.req("R-IDN-17")
def test_a_contact_made_without_the_reserved_area_gets_no_access_and_no_link(told: Story, console: Operator) -> None:
    modules_of(told).reserved_area = False
    console.open(f"/console/contacts/new?customer={told.abc}")
    console.press("Crea contatto", first_name="Ida", last_name="Neri", email="ida@acme.example")
    ida = next(one for one in told.backend.contacts.contacts.values() if one.first_name == "Ida")
    assert not ida.access.enabled
    assert told.backend.identity.requested == []


@pytest.mark.req("R-DGN-03", "R-IDN-17")
@pytest.mark.parametrize("address", ["/area/sign-in", "/area/links/entry", "/area/links/password", "/area/code"])
def test_who_comes_to_an_area_that_is_off_reads_so(told: Story, browser: Browser, address: str) -> None:
    modules_of(told).reserved_area = False
    assert browser.get(address).status_code == 200
    assert "Area riservata non attiva" in browser.page
    assert "<form" not in browser.page.split("<main", 1)[1].split("</main", 1)[0]


@pytest.mark.req("R-DGN-03")
def test_operators_sign_in_while_the_area_is_off(told: Story, browser: Browser) -> None:
    modules_of(told).reserved_area = False
    assert 'name="password"' in browser.get("/console/sign-in").get_data(as_text=True)
