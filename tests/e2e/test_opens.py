"""From the consent of a contact to the hint that its e-mail may have been opened, over SMTP, HTTP and the console."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from deploy.demo import CUSTOMER, Api
from tests.browser import window
from tests.e2e.test_console_story import at_work, mails
from tests.stack import Stack

Eventually = Callable[..., Any]
OPENED = "recapito.notifications.message.opened.v1"


def track(api: Api, *, on: bool) -> None:
    api.call("PATCH", "/v1/settings/notifications", {"name": "settings/notifications", "openTracking": on})


def new_contact(api: Api, customer: str, first_name: str, *, consents: bool) -> str:
    contact = {
        "firstName": first_name,
        "lastName": "Aperti",
        "email": f"{first_name}@aperti.example".lower(),
        "customer": customer,
        "openTracking": consents,
        "affiliations": [{"preferences": {"invoice": "ON"}}],
    }
    return str(api.call("POST", "/v1/contacts", contact, skip_welcome="true")["name"])


def issue(api: Api, customer: str, eventually: Eventually) -> dict[str, dict[str, Any]]:
    """Issue an invoice; return its messages by contact when all have left."""
    line = {"description": "Consulenza", "quantity": "1", "unitPrice": "100.00", "vatRatePercent": "22"}
    invoice = api.call("POST", "/v1/invoices", {"customer": customer, "lines": [line]})["name"]
    api.call("POST", f"/v1/{invoice}:issue", {})

    def sent() -> dict[str, dict[str, Any]]:
        found = api.call("GET", "/v1/messages", filter=f'subject_resource = "{invoice}"').get("messages", [])
        return {one["contact"]: one for one in found if one["state"] == "SENT"} if len(found) == 2 else {}

    return dict(eventually(lambda: found if len(found := sent()) == 2 else None))


def images(stack: Stack, message: dict[str, Any]) -> list[str]:
    """Addresses of the images in the mail that arrived."""
    (arrived,) = [one for one in mails(stack) if one["headers"]["Message-ID"] == message["messageId"]]
    assert "/o/" not in arrived["text"]
    return re.findall(r'<img src="([^"]+)"', arrived["html"])


@pytest.mark.req("R-ACT-10", "R-ACT-11")
def test_a_fetched_image_is_a_hint_for_operators(stack: Stack, chromium: Browser, eventually: Eventually) -> None:
    """Security rule 50."""
    api = Api(stack.base_url)
    api.sign_in(stack.operator_email, stack.operator_password)
    customer = api.call("POST", "/v1/customers", CUSTOMER | {"displayName": "Aperti S.r.l."})["name"]
    nora, ugo = new_contact(api, customer, "Nora", consents=True), new_contact(api, customer, "Ugo", consents=False)
    assert not any(images(stack, message) for message in issue(api, customer, eventually).values()), "off until it is switched on"
    track(api, on=True)
    messages = issue(api, customer, eventually)
    track_address, nothing = images(stack, messages[nora]), images(stack, messages[ugo])
    assert (len(track_address), nothing) == (1, [])
    with urllib.request.urlopen(track_address[0], timeout=10) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    eventually(lambda: OPENED in [one["kind"] for one in api.call("GET", f"/v1/{nora}/activities").get("activities", [])])
    assert "openHintTime" in api.call("GET", f"/v1/{messages[nora]['name']}")
    assert "openHintTime" not in api.call("GET", f"/v1/{messages[ugo]['name']}")
    with window(chromium, stack.portal_url) as francesca:
        at_work(stack, francesca)
        francesca.open(f"/console/{messages[nora]['dispatch']}")
        seen = {name: francesca.page.locator("tr", has_text=name).inner_text() for name in ("Nora Aperti", "Ugo Aperti")}
        assert ["forse aperta" in row for row in seen.values()] == [True, False]
        assert "non una prova" in francesca.page.inner_text("main")
    track(api, on=False)
