"""The audit log in the console: filters, names, links, verification and export."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.portal.views.console import acts
from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.pages import Operator
from tests.integration.portal.serve import app
from tests.unit.libs.test_audit import CHANGING

CREATE = "recapito.contacts.v1.Contacts.CreateContact"
ISSUE = "recapito.documents.v1.Invoices.IssueInvoice"
PRIMARY = "recapito.contacts.v1.Affiliations.MakePrimary"
SIGN_IN = "recapito.identity.v1.Sessions.CreateSession"


@pytest.fixture(autouse=True)
def _entries(told: Story) -> None:
    audit, operator = told.backend.audit, f"accounts/{told.operator}"
    audit.record(CREATE, f"contacts/{told.laura}", actor=operator, days_ago=9)
    audit.record(PRIMARY, f"customers/{told.abc}/affiliations/{told.mario}", actor=operator, days_ago=5)
    audit.record(ISSUE, f"invoices/{told.due}", actor=operator, changed_fields=["notes", "lines", "later.on"], days_ago=3)
    audit.record(SIGN_IN, f"accounts/{told.laura}", result="UNAUTHENTICATED WRONG_CREDENTIALS", ip_address="192.0.2.7")


def test_each_changing_method_has_words() -> None:
    without = {method.full_name for method in CHANGING} - acts.ACTS.keys()
    assert {name.rpartition(".")[2] for name in without} <= {"CreatePasskeyChallenge", "StartProviderSignIn"}, "these belong to nobody"


def test_who_did_what_to_whom_stands_in_words_and_leads_there(told: Story, console: Operator) -> None:
    page = console.open("/console/settings")
    page = console.follow("Registro delle operazioni")
    for words in (
        "Nuovo contatto",
        "Scelta del contatto principale",
        "Emissione di una fattura",
        "Francesca",
        "Accesso",
        "192.0.2.7",
        "note, righe, later",
    ):
        assert words in page.text
    assert "indirizzo, password o codice errati" in page.text
    assert "nessuno riconosciuto" in page.text
    addresses = {address for _words, address in page.links}
    assert {f"/console/contacts/{told.laura}", f"/console/contacts/{told.mario}", f"/console/invoices/{told.due}"} <= addresses


def test_the_filters_narrow_the_list(told: Story, console: Operator) -> None:
    def acts_of(query: str) -> list[str]:
        page = console.open(f"/console/audit?{query}")
        return [words for words in acts.ACTS.values() if page.markup.count(f'<span class="rc-strong">{words}</span>')]

    assert acts_of(f"method={ISSUE}") == ["Emissione di una fattura"]
    assert acts_of("result=refused") == ["Accesso"]
    assert len(acts_of(f"actor={told.operator}")) == 3
    assert acts_of(f"resource=https://studio.example/console/invoices/{told.due}") == ["Emissione di una fattura"]
    assert acts_of(f"from={(datetime.now(UTC) - timedelta(days=1)).date()}") == ["Accesso"]
    assert acts_of(f"to={(datetime.now(UTC) - timedelta(days=8)).date()}") == ["Nuovo contatto"]
    assert acts_of("from=x&to=y&actor=z&method=w&result=v&resource=u") == acts_of("")
    page = console.open(f"/console/audit?actor={uuid4()}")
    assert "Nessuna operazione trovata" in page.text


def test_what_was_done_to_a_contact_is_one_step_from_its_card(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Registro")
    assert "Nuovo contatto" in page.text
    assert "indirizzo, password o codice errati" in page.text
    assert f"/console/invoices/{told.due}" not in page.markup


def test_a_person_who_is_gone_and_a_method_without_words_still_have_their_line(told: Story, console: Operator) -> None:
    told.backend.audit.record("recapito.later.v1.Things.CreateThing", f"contacts/{uuid4()}", actor=f"accounts/{uuid4()}")
    page = console.open("/console/audit")
    assert "CreateThing" in page.text
    assert "persona non più visibile" in page.text


def test_the_verification_says_which_line_is_broken(told: Story, console: Operator) -> None:
    console.open("/console/audit")
    page = console.follow("Verifica")
    assert "La riga" not in page.text
    assert "2 righe, tutto a posto" in page.text
    told.backend.audit.broken = {"documents": 3}
    page = console.open("/console/audit/verify")
    assert "La riga 3 è stata cambiata o manca" in page.text


def test_an_export_asks_for_the_password_and_keeps_the_filter(told: Story, console: Operator) -> None:
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open(f"/console/audit?method={ISSUE}")
    console.follow("Esporta")
    console.press("Scarica il file")
    console.press("Scarica il file", confirm_password=PASSWORD)
    assert console.answer.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    assert [json.loads(line) for line in console.answer.text.splitlines()] == [{"method": ISSUE}]


def test_who_may_not_read_the_audit_finds_no_way_to_it(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities = told.backend.identity.capabilities - {"identity.audit"}
    assert "Registro" not in {words for words, _address in console.open(f"/console/contacts/{told.laura}").links}
    for path in ("/console/audit", "/console/audit/verify", "/console/audit/export"):
        console.open(path)
        assert console.answer.status_code == 404


def test_in_english_it_is_in_english(told: Story) -> None:
    console = Operator(app(told).test_client(), "en")
    console.sign_in()
    page = console.open("/console/audit")
    for words in ("Audit log", "Issue of an invoice", "wrong address, password or code"):
        assert words in page.text
