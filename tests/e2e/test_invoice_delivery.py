"""The one path: an invoice is issued, exactly the right contacts are told, and they see it in the portal; in both ways of running."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy import demo
from tests.e2e.conftest import Distributed
from tests.ops import monitoring
from tests.scriptless import Browser
from tests.stack import Stack, call

Eventually = Callable[..., Any]

# What the test's way of running cannot show: no certificates between the services, no Kubernetes.
ELSEWHERE = {"recapito_tls_certificate_expiry_timestamp_seconds", "recapito_tls_certificate_start_timestamp_seconds"}
OF_THE_SCRAPE = {"namespace", "job", "instance"}


@dataclass(frozen=True)
class Platform:
    """A running platform and what its mail server received, alike in both ways of running."""

    stack: Stack
    mail: Callable[[], list[dict[str, Any]]]

    def mails_to(self, email: str, about: str) -> list[dict[str, Any]]:
        return [message for message in self.mail() if email in message["to"] and about in message["subject"]]


@pytest.fixture(scope="module", params=["embedded", "processes"])
def platform(request: pytest.FixtureRequest) -> Platform:
    if request.param == "embedded":
        running: Stack = request.getfixturevalue("stack")
        return Platform(running, lambda: list(call(f"{running.base_url}/mail/messages.json")[1]["messages"]))
    distributed: Distributed = request.getfixturevalue("distributed")

    def received() -> list[dict[str, Any]]:
        messages = list(distributed.mailbox.messages)
        return [{"to": one.recipients, "subject": str(one.message["Subject"]), "text": one.part("plain")} for one in messages]

    return Platform(distributed.stack, received)


@dataclass(frozen=True)
class Told:
    """The story of the demo, told on this platform with people of this test's own."""

    customer: str
    invoice: str
    number: str
    people: dict[str, dict[str, str]]  # by first name
    decisions: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def told(platform: Platform) -> Told:
    api = demo.Api(platform.stack.base_url)
    api.sign_in(platform.stack.operator_email, platform.stack.operator_password)
    demo.configure(api)
    story = demo.invoice_story(api, domain=f"{platform.stack.folder.name.strip('0123456789')}.example")
    people = {person["name"].split()[0]: person for person in story["contacts"]}
    return Told(story["customer"], story["invoice"], story["invoice_number"], people, {d["name"].split()[0]: d for d in story["decisions"]})


@pytest.mark.req("R-NOT-11", "R-NOT-12", "R-PRM-15")
def test_exactly_the_contacts_who_want_it_are_mailed(platform: Platform, told: Told) -> None:
    assert {name: (decision["told"], decision["reason"]) for name, decision in told.decisions.items()} == {
        "Mario": (True, "SEND_PREFERENCE_ON"),
        "Laura": (True, "SEND_PREFERENCE_ON"),
        "Giuseppe": (False, "SKIP_PREFERENCE_OFF"),
    }
    counts = {name: len(platform.mails_to(person["email"], told.number)) for name, person in told.people.items()}
    assert counts == {"Mario": 1, "Laura": 1, "Giuseppe": 0}


def magic_link(platform: Platform, email: str, number: str) -> str:
    (message,) = platform.mails_to(email, number)
    found = re.search(rf"{re.escape(platform.stack.portal_url)}/area/enter/\S+", message["text"])
    assert found, message["text"]
    return found[0]


@pytest.mark.req("R-IDN-21", "R-IDN-22", "R-IDN-24", "R-PRV-01", "R-PRV-11", "R-ACT-05", "R-POR-08", "R-CUS-09")
def test_marios_link_leads_through_the_privacy_gate_to_his_invoice(platform: Platform, told: Told, eventually: Eventually) -> None:
    link = magic_link(platform, told.people["Mario"]["email"], told.number)
    scanner = Browser(platform.stack.portal_url)
    scanner.get(link)
    scanner.get(link)  # opening spends nothing
    browser = Browser(platform.stack.portal_url)
    browser.get(link)
    assert link.rsplit("/", 1)[1] not in browser.url, "the token stays out of the address bar"
    browser.submit("enter")
    assert "/area/privacy" in browser.url
    assert told.number not in browser.text, "nothing is shown before the policy is accepted"
    browser.submit("privacy", answer="accept")
    assert told.number in browser.text
    assert "1.525,00" in browser.text
    browser.get(f"{platform.stack.portal_url}/area/{told.invoice}/pdf")
    assert browser.status == 200
    assert browser.headers["Content-Type"] == "application/pdf"
    assert browser.body.startswith(b"%PDF-")

    token = platform.stack.operator()

    def viewed() -> bool:
        _, answer = platform.stack.call("GET", f"/v1/{told.people['Mario']['contact']}/activities", token=token)
        kinds = [activity["kind"] for activity in answer["activities"]]
        return "recapito.documents.invoice.viewed.v1" in kinds and "recapito.identity.session.opened.v1" in kinds

    eventually(viewed)


@pytest.mark.req("R-PRM-02", "R-PRM-10")
def test_a_contact_without_the_permission_finds_no_invoice(platform: Platform, told: Told) -> None:
    token = platform.stack.operator()
    contact = told.people["Giuseppe"]["contact"]
    status, _ = platform.stack.call(
        "POST", f"/v1/{contact.replace('contacts', 'accounts')}:setTemporaryPassword", {"password": "un gatto sul tetto 7"}, token
    )
    assert status == 200
    credential = {"password": {"email": told.people["Giuseppe"]["email"], "password": "un gatto sul tetto 7"}}
    status, session = platform.stack.call("POST", "/v1/sessions", credential)
    assert status == 200, session
    status, problem = platform.stack.call("GET", f"/v1/{told.invoice}", token=session["sessionToken"])
    assert status in {403, 404}, problem


def test_the_dispatch_explains_every_decision(platform: Platform, told: Told) -> None:
    token = platform.stack.operator()
    body = {"contact": told.people["Giuseppe"]["contact"], "hypothetical": {"kind": "invoice_issued", "subject": told.invoice}}
    status, explanation = platform.stack.call("POST", "/v1/dispatches:explain", body, token)
    assert status == 200, explanation
    assert explanation["decision"]["reason"] == "SKIP_PREFERENCE_OFF"
    assert [rule["rule"] for rule in explanation["rules"] if rule["decided"]] == ["SKIP_PREFERENCE_OFF"]


def test_the_demo_writes_its_facts(stack: Stack) -> None:
    facts = json.loads((stack.folder / "data" / "demo.json").read_text())
    assert facts["base_url"] == stack.base_url
    assert {person["email"] for person in facts["contacts"]} == {
        f"{name}@abc.example" for name in ("mario.rossi", "laura.bianchi", "giuseppe.verdi")
    }
    assert "ABC S.r.l." in facts["customer_name"]
    assert facts["invoice_number"]


def metrics_of(stack: Stack) -> list[str]:
    """Return the page /metrics of every process; in the embedded way there is one."""
    addresses = [f"http://localhost:{port}" for port in stack.admin_ports.values()] or [stack.base_url]
    return [call(f"{address}/metrics")[1].decode() for address in addresses]


def samples(stack: Stack) -> dict[str, set[str]]:
    """Return the labels of every metric that any process shows."""
    found: dict[str, set[str]] = {}
    for text in metrics_of(stack):
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_metrics_say_nothing_about_a_person(platform: Platform, told: Told) -> None:
    """Security rule 4: no personal data in metrics; no ids either, which would be a series each."""
    text = "\n".join(metrics_of(platform.stack))
    assert 'recapito_notifications_messages_total{state="SENT"}' in text
    assert told.number not in text
    for person in told.people.values():
        assert [word for word in (person["email"], person["name"], person["contact"].rpartition("/")[2]) if word in text] == []


def test_what_alerts_and_dashboards_ask_for_is_on_metrics(platform: Platform, told: Told) -> None:
    if not platform.stack.admin_ports:
        return  # in one process nobody scrapes
    shown = samples(platform.stack)
    asked = list(monitoring.queries())
    assert len(asked) > 100
    for where, query in asked:
        missing = {name for name in monitoring.metrics(query) if name.startswith(("recapito_", "process_"))} - ELSEWHERE - shown.keys()
        assert not missing, f"{where} asks for {missing}"
        for name, labels in monitoring.selectors(query):
            unknown = labels - shown.get(name, labels) - OF_THE_SCRAPE
            assert not unknown, f"{where} asks {name} for {unknown}"
