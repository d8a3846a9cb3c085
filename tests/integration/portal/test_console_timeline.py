"""The timeline in the console: of a contact and of a customer, by kind, customer and period."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

import pytest
from recapito.contacts.v1.contacts_pb2 import Activity

from libs.ids import new_id
from tests.integration.portal.builders import Story
from tests.integration.portal.fakes.common import stamp
from tests.integration.portal.pages import Operator, Page

OPENED, VIEWED, SENT = (
    "recapito.identity.session.opened.v1",
    "recapito.documents.invoice.viewed.v1",
    "recapito.notifications.message.sent.v1",
)
PRIMARY = "recapito.contacts.primary_contact.changed.v1"


def did(told: Story, contact: UUID, kind: str, day: int, *, customer: UUID | None = None, resource: str = "", title: str = "") -> None:
    """Let somebody do something at 23:30 of a day of March, in Italy."""
    told.backend.contacts.activities.append(
        Activity(
            name=f"contacts/{contact}/activities/{new_id()}",
            kind=kind,
            customer=f"customers/{customer or told.abc}",
            resource=resource,
            title=title,
            create_time=stamp(datetime(2026, 3, day, 22, 30, tzinfo=UTC)),
        )
    )


def asked(console: Operator, address: str, **fields: str) -> Page:
    """Send a form of the page that asks: what it holds goes into the address."""
    form = next(form for form in console.page.forms if form.method == "get" and fields.keys() <= form.values.keys())
    return console.open(f"{address}?{urlencode({**form.values, **fields}, doseq=True)}")


@pytest.mark.req("R-ACT-01", "R-ACT-08")
def test_every_kind_is_told_in_words_the_newest_first(told: Story, console: Operator) -> None:
    laura = f"contacts/{told.laura}"
    did(told, told.laura, OPENED, 1)
    did(told, told.laura, "recapito.identity.policy.accepted.v1", 2)
    did(told, told.laura, SENT, 3, title="invoice_issued")
    did(told, told.laura, PRIMARY, 4, resource=laura)
    did(told, told.laura, PRIMARY, 5, resource=f"contacts/{told.mario}")
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Attività")
    said = (
        "Non è più il contatto principale",
        "È diventato il contatto principale",
        "Email spedita: Nuova fattura",
        "Informativa sulla privacy accettata",
        "Accesso al portale",
    )
    places = [page.text.index(sentence) for sentence in said]
    assert places == sorted(places)
    assert "recapito." not in page.text


@pytest.mark.req("R-ACT-02", "R-ACT-07")
def test_who_never_used_the_portal_is_named(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/activity")
    assert "Non ha ancora usato il portale." in console.page.text
    told.backend.contacts.contacts[told.mario].last_access_time.GetCurrentTime()
    page = console.open(f"/console/customers/{told.abc}/activity")
    absent = page.text[page.text.index("Non hanno ancora usato il portale:") :].split("Registrata da sola")[0]
    assert "Laura Bianchi" in absent
    assert "Mario Rossi" not in absent


@pytest.mark.req("R-ACT-08")
def test_the_timeline_is_narrowed_by_kind_and_by_days_of_the_organisation(told: Story, console: Operator) -> None:
    for day in range(1, 5):
        did(told, told.laura, VIEWED, day, title=f"INV-{day}")
        did(told, told.laura, OPENED, day)
    console.open(f"/console/contacts/{told.laura}/activity")
    page = asked(console, f"/console/contacts/{told.laura}/activity", kind=VIEWED, **{"from": "2026-03-02", "to": "2026-03-03"})
    assert [number for number in ("INV-1", "INV-2", "INV-3", "INV-4") if number in page.text] == ["INV-2", "INV-3"]
    assert "2 mar 2026, 23:30" in page.text
    page = asked(console, f"/console/contacts/{told.laura}/activity", kind=VIEWED, **{"from": "2027-01-01", "to": ""})
    assert "Nessuna attività trovata" in page.text
    page = console.follow("Togli i filtri")
    assert "INV-4" in page.text


@pytest.mark.req("R-ACT-08")
def test_what_a_person_did_for_one_of_several_customers(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/link?q=Gallo")
    console.press("Collega")
    did(told, told.laura, VIEWED, 1, title="INV-A")
    did(told, told.laura, VIEWED, 2, title="INV-G", customer=told.gallo)
    page = console.open(f"/console/contacts/{told.laura}/activity?customer={told.gallo}")
    assert "INV-G" in page.text
    assert "INV-A" not in page.text
    page = console.open(f"/console/contacts/{told.laura}/activity?customer={UUID(int=7)}")
    assert "INV-A" in page.text, "a customer of somebody else is no filter"


@pytest.mark.req("R-ACT-01", "R-ACT-08")
def test_the_timeline_of_a_customer_says_who(told: Story, console: Operator) -> None:
    did(told, told.laura, VIEWED, 1, title="INV-1")
    did(told, UUID(int=9), VIEWED, 2, title="INV-2")
    page = console.open(f"/console/customers/{told.abc}/activity")
    assert page.link("Laura Bianchi") == f"/console/contacts/{told.laura}"
    assert "Contatto eliminato" in page.text


@pytest.mark.req("R-ACT-08")
def test_a_long_timeline_goes_on(told: Story, console: Operator) -> None:
    for _ in range(30):
        did(told, told.laura, OPENED, 1)
    console.open(f"/console/contacts/{told.laura}/activity")
    assert "25 righe in questa pagina" in console.page.text
    assert "5 righe in questa pagina" in console.follow("Successivi").text


@pytest.mark.req("R-ACT-09")
def test_nothing_on_the_timeline_changes_it(told: Story, console: Operator) -> None:
    did(told, told.laura, OPENED, 1)
    page = console.open(f"/console/contacts/{told.laura}/activity")
    assert {form.method for form in page.forms if "activity" in form.action} == {"get"}
    console.send(f"/console/contacts/{told.laura}/activity", {})
    assert console.answer.status_code in {403, 405}, "there is nothing to send, with or without a token"
