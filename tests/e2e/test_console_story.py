"""Francesca's way from a new customer to who was told about its invoice, in a real browser, over the whole platform."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Window, window
from tests.stack import Stack

Eventually = Callable[..., Any]


def at_work(stack: Stack, francesca: Window) -> None:
    francesca.context.add_cookies([{"name": "language", "value": "it", "url": stack.portal_url}])
    francesca.sign_in(stack.operator_email, stack.operator_password, "console")
    assert francesca.path == "/console"


def new_contact(francesca: Window, customer: str, first_name: str, **choices: bool) -> None:
    francesca.open(f"/console/contacts/new?customer={customer}")
    page = francesca.page
    page.fill("#first_name", first_name)
    page.fill("#last_name", "Gallo")
    page.fill("#email", f"{first_name.lower()}@gallo.example")
    for field, wanted in choices.items():
        page.set_checked(f"#{field}", wanted)
    page.click("button.btn-primary")
    assert first_name in page.inner_text("h1")


@pytest.mark.req("R-NOT-11", "R-NOT-14", "R-PRI-02", "R-DSH-02")
def test_an_invoice_is_written_issued_and_its_decisions_explained(stack: Stack, chromium: Browser, eventually: Eventually) -> None:
    with window(chromium, stack.portal_url) as francesca:
        at_work(stack, francesca)
        page = francesca.page
        francesca.open("/console/customers/new")
        page.fill("#display_name", "Gallo Fratelli S.n.c.")
        page.fill("#vat_number", "IT00743110157")
        page.fill("#street", "via Roma 1")
        page.fill("#city", "Napoli")
        page.fill("#postal_code", "80133")
        page.click("button.btn-primary")
        customer = francesca.path.rsplit("/", 1)[1]
        new_contact(francesca, customer, "Nunzia", notify_invoice=True)
        assert "Principale" in page.inner_text("main")
        new_contact(francesca, customer, "Ciro", notify_invoice=False)
        francesca.open(f"/console/invoices/new?customer={customer}")
        page.fill("#description-0", "Consulenza")
        page.fill("#unit_price-0", "1.000,00")
        page.click("button.btn-primary")
        assert "1.220,00\N{NO-BREAK SPACE}€" in page.inner_text("main")
        page.click("main >> text=Emetti")
        assert "1 destinatario, 1 persona non avvisata" in page.inner_text("main")
        assert "Nunzia" in page.frame_locator("iframe.rc-frame").locator("body").inner_text()
        page.click("text=Emetti e avvisa 1 persona")
        number = page.inner_text("h1").removeprefix("Fattura ")
        assert re.fullmatch(r"[A-Z]+-\d{4}-\d{6}", number)
        expect(page.locator("#told")).to_contain_text("Spedita", timeout=15_000)  # the card asks again by itself
        assert "Nunzia Gallo" in page.inner_text("#told")
        page.click("text=Vedi perché")
        assert "Notifica «Fattura» attiva" in page.locator("tr", has_text="Nunzia Gallo").inner_text()
        assert "Notifica «Fattura» spenta" in page.locator("tr", has_text="Ciro Gallo").inner_text()
        page.locator("tr", has_text="Ciro Gallo").get_by_role("link", name="regola 9").click()
        assert "Ha deciso" in page.locator("li.on").inner_text()
        francesca.open(f"/console/customers/{customer}")
        assert "1.220,00\N{NO-BREAK SPACE}€" in page.inner_text("section[aria-label^='Conti in breve']")
    to_nunzia = eventually(lambda: [one for one in mails(stack) if one["to"] == ["nunzia@gallo.example"] and number in one["subject"]])
    assert len(to_nunzia) == 1
    assert not [one for one in mails(stack) if one["to"] == ["ciro@gallo.example"] and number in one["subject"]]


def mails(stack: Stack) -> list[dict[str, Any]]:
    _status, answer = stack.call("GET", "/mail/messages.json")
    return list(answer["messages"])


@pytest.mark.req("R-CON-06", "R-PRI-04", "R-DEL-01")
def test_contacts_are_changed_made_primary_and_deleted(stack: Stack, chromium: Browser) -> None:
    with window(chromium, stack.portal_url) as francesca:
        at_work(stack, francesca)
        page = francesca.page
        francesca.open("/console/customers/new")
        page.fill("#display_name", "Il Porto APS")
        page.click("button.btn-primary")
        customer = francesca.path.rsplit("/", 1)[1]
        new_contact(francesca, customer, "Anna")
        francesca.open(f"/console/contacts/new?customer={customer}")
        page.fill("#first_name", "Altra")
        page.fill("#last_name", "Anna")
        page.fill("#email", " ANNA@gallo.example ")
        page.click("button.btn-primary")
        assert "L’email è già di un altro contatto" in page.inner_text("#email-e")
        page.fill("#email", "altra@gallo.example")
        page.check("#primary")
        page.click("button.btn-primary")
        francesca.open(f"/console/customers/{customer}/contacts")
        assert page.locator("main h2").first.inner_text().split("\n")[0].startswith("Altra Anna")
        page.get_by_role("link", name="Anna Gallo", exact=True).click()
        page.click("text=Elimina o spegni le notifiche")
        page.click("text=Elimina Anna Gallo")
        assert "Anna Gallo" not in page.locator("main h2").all_inner_texts()


def test_every_page_of_the_real_console_opens(stack: Stack, chromium: Browser) -> None:
    """Follow every link from the first page: nothing fails, nothing breaks the content policy."""
    with window(chromium, stack.portal_url) as francesca:
        at_work(stack, francesca)
        seen: dict[str, int] = {}
        todo = ["/console"]
        while todo and len(seen) < 40:
            path = todo.pop(0)
            shape = re.sub(r"[0-9a-f-]{36}|\?.*", "x", path)
            if shape in seen:
                continue
            seen[shape] = francesca.open(path)
            links = francesca.page.eval_on_selector_all("a[href^='/console']", "all => all.map(one => one.getAttribute('href'))")
            todo += [str(link).partition("#")[0] for link in links if not str(link).endswith("/pdf")]
        assert not {path: status for path, status in seen.items() if status != 200}
        assert len(seen) > 25
