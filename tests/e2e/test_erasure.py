"""A person asks what is known of it and gets it all; then it is anonymised while workers die: every service answers in the end, and no
database knows the person any more.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import requests

from deploy import demo
from libs import database
from libs.messaging import bus
from tests import stack as stacks
from tests.e2e.conftest import Distributed
from tests.everything import found
from tests.mailbox import Mailbox
from tests.stack import DATA_SERVICES, Stack

Eventually = Callable[..., object]
EMAIL = "giuseppina.bevilacqua@erasure.example"
PERSONAL = ("giuseppina", "bevilacqua", "3451234567", "capoufficio", "asmatica")
OF_OTHERS = ("mario.rossi@", "rossi", "bianchi", "argon2", "token_hash")  # colleagues in the story, and what nobody may have
PASSWORD = "una lunga frase per entrare"


def known_everywhere(stack: Stack, mailbox: Mailbox, eventually: Eventually) -> tuple[demo.Api, str, str]:
    """Make a person known to every service: account, session, note, an invoice that she was told of. Return an operator and both names."""
    api = demo.Api(stack.base_url)
    api.sign_in(stack.operator_email, stack.operator_password)
    demo.configure(api)
    customer = demo.invoice_story(api, domain="erasure.example")["customer"]
    contact = api.call(
        "POST",
        "/v1/contacts",
        {
            "firstName": "Giuseppina",
            "lastName": "Bevilacqua",
            "email": EMAIL,
            "customer": customer,
            "contactPoints": [{"kind": "MOBILE", "value": "+39 345 1234567"}],
            "affiliations": [{"position": "Capoufficio", "preferences": {"invoice": "ON"}, "permissions": {"invoices": "ALLOW"}}],
            "access": {"enabled": True},
        },
        sendSetPassword="true",
    )["name"]
    api.call("POST", f"/v1/{contact}/notes", {"text": "Giuseppina è asmatica"})
    eventually(lambda: password_token(mailbox), 30)
    status, answer = stack.call("POST", "/v1/links:redeemPassword", {"token": password_token(mailbox), "newPassword": PASSWORD})
    assert status in {200, 204}, answer
    status, answer = stack.call("POST", "/v1/sessions", {"password": {"email": EMAIL, "password": PASSWORD}})
    assert status == 200, answer
    line = {"description": "Consulenza", "quantity": "1", "unitPrice": "100.00", "vatRatePercent": "22"}
    invoice = api.call("POST", "/v1/invoices", {"customer": customer, "lines": [line]})["name"]
    number = api.call("POST", f"/v1/{invoice}:issue", {})["number"]
    eventually(lambda: any(number in str(mail.message["Subject"]) for mail in mailbox.to(EMAIL)), 30)
    return api, contact, invoice


def password_token(mailbox: Mailbox) -> str:
    texts = (mail.part("plain") for mail in mailbox.to(EMAIL))
    tokens = [found_[1] for text in texts if (found_ := re.search(r"/password/(\S+)", text))]
    return tokens[-1] if tokens else ""


def database_of(stack: Stack, service: str) -> Any:
    return database.connect(stack.commands[f"{service}-server"][1]["RECAPITO_DATABASE_URL"], pool_size=1)


def traces(stack: Stack) -> list[str]:
    """Return where something personal still stands, in any table of any service."""
    return [f"{service}.{line}" for service in DATA_SERVICES for line in found(PERSONAL, database_of(stack, service))]


def check_archive(stack: Stack, contact: str) -> None:
    """Every service gives what its tables hold of her, and nothing that they hold of her colleagues."""
    headers = {"Authorization": f"Bearer {stack.operator()}"}
    answer = requests.get(f"{stack.base_url}/v1/{contact}:exportPersonalData", headers=headers, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip"), answer.text
    made = zipfile.ZipFile(io.BytesIO(answer.content))
    for service in DATA_SERVICES:
        given = made.read(f"{service}.jsonl").decode().lower().replace("345 123", "345123")
        held = "\n".join(found(PERSONAL, database_of(stack, service)))
        assert not [word for word in PERSONAL if word in held and word not in given], service
        assert not [word for word in OF_OTHERS if word in given], service


@pytest.mark.req("R-DEL-07", "R-DEL-08", "R-DEL-09")
def test_no_service_knows_the_person_any_more_though_workers_died(distributed: Distributed, eventually: Eventually) -> None:
    """Rule 63: complete only with every receipt; a worker that dies in between loses nothing."""
    stack, mailbox = distributed.stack, distributed.mailbox
    api, contact, invoice = known_everywhere(stack, mailbox, eventually)
    assert {line.split(".")[0] for line in traces(stack)} >= {"contacts", "identity", "notifications"}
    check_archive(stack, contact)
    stack.kill("identity-worker")
    stack.kill("notifications-worker")
    erasure = api.call("POST", f"/v1/{contact}:anonymize", {})["name"]
    eventually(lambda: api.call("GET", f"/v1/{erasure}").get("missingServices") == ["identity", "notifications"], 30)
    stack.start("notifications-worker")
    stack.kill("contacts-worker")  # whose queue the next receipt waits in
    stack.start("identity-worker")
    stack.start("contacts-worker")
    eventually(lambda: api.call("GET", f"/v1/{erasure}")["progress"]["state"] == "SUCCEEDED", 60)
    complete = api.call("GET", f"/v1/{erasure}")
    assert [receipt["service"] for receipt in complete["receipts"]] == ["contacts", "documents", "identity", "notifications"]
    assert complete["receipts"][1]["held"] == ["invoices"]
    eventually(lambda: not traces(stack))
    assert [event for service in DATA_SERVICES for event in bus.connect(distributed.broker.url).parked(service)] == []
    assert api.call("GET", f"/v1/{invoice}")["number"]
    assert api.call("GET", f"/v1/{contact}")["state"] == "ANONYMIZED"
    status, _answer = stack.call("POST", "/v1/sessions", {"password": {"email": EMAIL, "password": PASSWORD}})
    assert status == 401
    again = stacks.run("contacts", ["reapply-erasures"], stack.commands["contacts-server"][1])
    assert again.startswith("1 to be erased again")
    eventually(lambda: api.call("GET", f"/v1/{erasure}")["progress"]["state"] == "SUCCEEDED", 60)
    assert '"person": "' + contact in stacks.run("contacts", ["list-erasures", "--json"], stack.commands["contacts-server"][1])
