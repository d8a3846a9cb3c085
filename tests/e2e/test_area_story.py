"""Mario's way from the e-mail to the PDF, in a real browser, over the whole platform."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import window
from tests.stack import Stack

Eventually = Callable[..., Any]


def mails(stack: Stack, to: str) -> list[dict[str, Any]]:
    _status, answer = stack.call("GET", "/mail/messages.json")
    return [message for message in answer["messages"] if message["to"] == [to]]


def link_in(stack: Stack, to: str, page: str) -> str:
    """Return the path of the newest link of this kind that was mailed to this address; "" for none."""
    for message in mails(stack, to):
        if found := re.search(rf"https?://[^/\s]+(/area/{page}/[\w-]+)", message["text"]):
            return found[1]
    return ""


def partly_paid_invoice(stack: Stack) -> str:
    """Issue a further invoice of 122.00 without telling anybody, and record a payment of 22.00; return its name."""
    token, customer = stack.operator(), stack.facts["customer"]
    line = {"description": "Assistenza", "quantity": "1", "unitPrice": "100.00", "vatRatePercent": "22"}
    _status, draft = stack.call("POST", "/v1/invoices", {"customer": customer, "lines": [line]}, token)
    status, issued = stack.call("POST", f"/v1/{draft['name']}:issue", {"skipNotification": True}, token)
    assert status == 200, issued
    payment = {
        "customer": customer,
        "amount": {"currencyCode": "EUR", "amount": "22.00"},
        "allocations": [{"invoice": issued["name"], "amount": "22.00"}],
        "method": "BANK_TRANSFER",
        "receiveDate": issued["issueDate"],
    }
    status, answer = stack.call("POST", "/v1/payments", payment, token)
    assert status == 200, answer
    return str(issued["name"])


@pytest.mark.req("R-IDN-21", "R-IDN-22", "R-PRV-11", "R-POR-01", "R-POR-08")
def test_the_link_of_an_invoice_leads_through_the_policy_to_the_invoice(stack: Stack, chromium: Browser, eventually: Eventually) -> None:
    mario = next(person for person in stack.facts["contacts"] if person["name"] == "Mario Rossi")
    number, invoice = stack.facts["invoice_number"], stack.facts["invoice"].removeprefix("invoices/")
    link = eventually(lambda: link_in(stack, mario["email"], "enter"))
    with window(chromium, stack.portal_url) as mario_window:
        mario_window.open(link)
        assert mario_window.path == "/area/enter"
        mario_window.page.click("text=Conferma accesso")
        assert mario_window.path == f"/area/privacy?next=/area/invoices/{invoice}"
        assert number not in mario_window.page.content()
        mario_window.page.click("text=Accetto e continuo")
        assert mario_window.path == f"/area/invoices/{invoice}"
        assert mario_window.page.inner_text("h1") == f"Fattura {number}"
        with mario_window.page.expect_download() as download:
            mario_window.page.click("text=Scarica il PDF")
        assert download.value.suggested_filename == f"{number}.pdf"
        assert download.value.path().read_bytes().startswith(b"%PDF-")
        mario_window.page.click("nav >> text=Home")
        assert "Da pagare in tutto" in mario_window.page.inner_text("main")
        mario_window.open(link)
        assert "già stato usato" in mario_window.page.inner_text("h1")
        paid = partly_paid_invoice(stack)
        mario_window.open(f"/area/{paid}")
        assert "−22,00\N{NO-BREAK SPACE}€" in mario_window.page.inner_text("main")
        assert "Parziale" in mario_window.page.inner_text(".rc-title")
        for state in ("", "due", "overdue", "paid"):
            assert mario_window.open(f"/area/invoices?state={state}") == 200, state
        mario_window.open("/area/")
        assert "già versati 22,00\N{NO-BREAK SPACE}€" in mario_window.page.inner_text("main")
    token = stack.operator()

    def viewed() -> bool:
        _status, answer = stack.call("GET", f"/v1/{mario['contact']}/activities", token=token)
        kinds = {activity["kind"] for activity in answer.get("activities", [])}
        return "recapito.documents.invoice.viewed.v1" in kinds

    eventually(viewed)


@pytest.mark.req("R-IDN-07", "R-POR-05", "R-CON-05")
def test_giuseppe_asks_for_a_password_and_sees_no_invoices(stack: Stack, chromium: Browser, eventually: Eventually) -> None:
    giuseppe = next(person for person in stack.facts["contacts"] if person["name"] == "Giuseppe Verdi")
    password = "una frase lunga di Giuseppe"
    with window(chromium, stack.portal_url) as window_:
        window_.open("/area/sign-in")
        window_.page.click("text=Password dimenticata?")
        window_.page.fill("#email", giuseppe["email"])
        window_.page.click("text=Invia il link")
        window_.open(eventually(lambda: link_in(stack, giuseppe["email"], "password")))
        window_.page.fill("#new_password", password)
        window_.page.fill("#repeated_password", password)
        window_.page.click("text=Salva la password")
        window_.page.click("a:has-text('Accedi')")
        window_.page.fill("#email", giuseppe["email"])
        window_.page.fill("#password", password)
        window_.page.click("main button[type=submit]")
        window_.page.click("text=Accetto e continuo")
        assert window_.path == "/area/"
        assert "Fatture" not in window_.page.inner_text("header")
        assert "€" not in window_.page.inner_text("main")
        assert window_.open(f"/area/{stack.facts['invoice']}") == 404
