"""The customers' area in a real browser, over fakes that can show every state: policy of the browser, keyboard, phone, both directions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact
from recapito.identity.v1.links_pb2 import Link

from tests.browser import DESKTOP, NARROWEST, PHONE, Window, window
from tests.integration.portal.builders import Story, story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.serve import serving

LAURA = "laura.bianchi@abc.example"


@pytest.fixture
def told() -> Story:
    told = story()
    told.accept_policy(told.laura)
    return told


@pytest.fixture
def base_url(told: Story) -> Iterator[str]:
    with serving(told) as url:
        yield url


def pages(told: Story) -> list[str]:
    """Every page of a person who is inside and primary contact, also one that is not there."""
    told.backend.contacts.make_primary(told.abc, told.laura, "", "")
    return [
        "/area/",
        "/area/invoices",
        f"/area/invoices/{told.partial}",
        "/area/colleagues",
        "/area/colleagues/new",
        f"/area/colleagues/{told.mario}",
        "/area/privacy",
        "/area/password/change",
        "/area/sessions",
        "/area/nothing",
    ]


def doors(told: Story) -> list[str]:
    """Every page for who is not inside."""
    told.link(told.mario, Link.MAGIC, token="magic")
    told.link(told.mario, Link.SET_PASSWORD, token="password")
    told.link(told.mario, Link.MAGIC, token="dead")
    told.backend.identity.links["dead"].state = Link.EXPIRED
    told.link(told.mario, Link.DISOWN, token="disown")
    told.link(told.mario, Link.DISOWN, token="late")
    told.backend.identity.links["late"].state = Link.EXPIRED
    links = [
        "/area/enter/magic",
        "/area/password/password",
        "/area/enter/dead",
        "/area/enter/made-up",
        "/area/disown/disown",
        "/area/disown/late",
    ]
    return ["/area/sign-in", "/console/sign-in", "/area/links/password", "/area/links/entry", "/area/code", *links]


def right_to_left(told: Story) -> None:
    laura = told.backend.contacts.contacts[told.laura]
    laura.direction, laura.first_name, laura.last_name = Contact.RTL, "ليلى", "منصور"
    told.backend.contacts.create_affiliation(told.gallo, Affiliation(contact=laura.name), "")


# --- accessibility and layout --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("theme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light-desktop", "dark-phone"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_every_page_passes_the_accessibility_rules(
    told: Story, base_url: str, chromium: Browser, theme: str, size: ViewportSize, direction: str
) -> None:
    if direction == "rtl":
        right_to_left(told)
    with window(chromium, base_url, size=size) as laura:
        laura.theme(theme)
        found = {}
        for path in doors(told) if direction == "ltr" else []:
            laura.open(path)
            found[path] = laura.accessibility()
        laura.sign_in(LAURA, PASSWORD)
        for path in pages(told):
            laura.open(path)
            assert path == "/area/nothing" or laura.page.get_attribute("html", "dir") == direction
            found[path] = laura.accessibility()
    assert not {path: faults for path, faults in found.items() if faults}


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_nothing_scrolls_sideways_on_the_narrowest_phone(told: Story, base_url: str, chromium: Browser, direction: str) -> None:
    if direction == "rtl":
        right_to_left(told)
    told.backend.contacts.customers[told.abc].display_name = "Associazione per la Promozione della Contabilità Analitica S.p.A."
    with window(chromium, base_url, size=NARROWEST) as laura:
        wide = {}
        for path in doors(told):
            laura.open(path)
            wide[path] = laura.sideways()
        laura.sign_in(LAURA, PASSWORD)
        for path in pages(told):
            laura.open(path)
            wide[path] = laura.sideways()
    assert not {path: pixels for path, pixels in wide.items() if pixels > 0}


@pytest.mark.req("R-POR-07")
def test_a_right_to_left_page_is_laid_out_from_the_right(told: Story, base_url: str, chromium: Browser) -> None:
    right_to_left(told)
    with window(chromium, base_url) as laura:
        laura.sign_in(LAURA, PASSWORD)
        heading, switcher = laura.page.locator("h1").bounding_box(), laura.page.locator("details.rc-menu").bounding_box()
        assert heading is not None
        assert switcher is not None
        assert heading["x"] > switcher["x"], "the heading stands at the right, the switcher at the left"
        amount = laura.page.locator(".rc-due bdi")
        assert amount.evaluate("el => getComputedStyle(el).direction") == "ltr"


def test_a_right_to_left_page_centres_what_is_empty(told: Story, base_url: str, chromium: Browser) -> None:
    right_to_left(told)
    told.backend.documents.invoices.clear()
    with window(chromium, base_url) as laura:
        laura.sign_in(LAURA, PASSWORD)
        laura.open("/area/invoices")
        assert laura.page.locator(".rc-empty p").first.evaluate("el => getComputedStyle(el).textAlign") == "center"


# --- ways of use ---------------------------------------------------------------------------------------------------------------------
def test_by_keyboard_alone_from_the_door_to_the_pdf(base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as laura:
        laura.open("/area/invoices")
        assert laura.focused() == "Email", "the first field has the focus"
        laura.page.keyboard.type(LAURA)
        laura.page.keyboard.press("Tab")
        laura.page.keyboard.type(PASSWORD)
        laura.press_and_go("Enter")
        laura.page.keyboard.press("Tab")
        assert laura.focused() == "Vai al contenuto"
        laura.page.keyboard.press("Enter")
        laura.tab_to("INV-2026-000137")
        laura.press_and_go("Enter")
        assert "INV-2026-000137" in laura.page.inner_text("h1")
        laura.tab_to("Scarica il PDF")
        with laura.page.expect_download() as download:
            laura.page.keyboard.press("Enter")
        assert download.value.suggested_filename == "INV-2026-000137.pdf"


def test_every_focus_can_be_seen(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as laura:
        laura.sign_in(LAURA, PASSWORD)
        laura.open("/area/invoices")
        seen = set()
        for _press in range(25):
            laura.page.keyboard.press("Tab")
            if not laura.focused():
                continue  # the browser itself has it between two rounds
            seen.add(laura.focused())
            style = laura.page.evaluate("(s => [s.outlineStyle, s.outlineWidth])(getComputedStyle(document.activeElement))")
            assert style == ["solid", "2px"], laura.focused()
        assert {"Fatture", "Esci", "English"} <= seen


def test_everything_works_without_script(told: Story, base_url: str, chromium: Browser) -> None:
    token = told.link(told.giuseppe)
    with window(chromium, base_url, size=PHONE, script=False) as giuseppe:
        giuseppe.open(f"/area/enter/{token}")
        giuseppe.page.click("text=Conferma accesso")
        giuseppe.page.click("text=Accetto e continuo")
        assert giuseppe.path == "/area/"
        giuseppe.page.click("text=English")
        assert "Customer area of Studio Partenope" in giuseppe.page.inner_text("main")
        giuseppe.page.click("text=Sign out")
        assert giuseppe.path == "/area/sign-in"


def test_choosing_another_customer(told: Story, base_url: str, chromium: Browser) -> None:
    laura = told.backend.contacts.contacts[told.laura]
    told.backend.contacts.create_affiliation(told.gallo, Affiliation(contact=laura.name), "")
    with window(chromium, base_url, script=False) as someone:
        someone.sign_in(LAURA, PASSWORD)
        someone.page.click("summary")
        someone.page.click("button:has-text('Gallo Fratelli')")
        assert "Gallo Fratelli" in someone.page.inner_text("summary")
        assert "5.380,60" not in someone.page.inner_text("main")


def test_paper_shows_the_invoice_and_no_menu(told: Story, base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as laura:
        laura.sign_in(LAURA, PASSWORD)
        laura.open(f"/area/invoices/{told.partial}")
        laura.page.emulate_media(media="print")
        assert not laura.page.is_visible(".rc-pub nav")
        assert not laura.page.is_visible("text=Scarica il PDF")
        assert laura.page.is_visible("text=Tenuta della contabilità")


def shown_names(window_: Window) -> list[str]:
    return window_.page.locator("tbody th a").all_inner_texts()


def test_states_narrow_the_list_by_links(base_url: str, chromium: Browser) -> None:
    with window(chromium, base_url) as laura:
        laura.sign_in(LAURA, PASSWORD)
        laura.page.click("nav >> text=Fatture")
        assert len(shown_names(laura)) == 4
        laura.page.click("text=Scadute")
        assert shown_names(laura) == ["INV-2026-000137", "INV-2026-000129"]
        laura.page.go_back()
        assert len(shown_names(laura)) == 4
