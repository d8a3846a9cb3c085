"""The card of a contact, its way out, and who sees it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.contacts.v1.permissions_pb2 import Preferences
from recapito.identity.v1.accounts_pb2 import ExplainAccessResponse
from recapito.identity.v1.links_pb2 import Link
from recapito.identity.v1.policies_pb2 import Acceptance

from services.portal.views.console import words
from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD, StoredLink, stamp
from tests.integration.portal.pages import Operator

Check = ExplainAccessResponse.Check


def affiliation(told: Story, contact_id: UUID) -> Affiliation:
    return told.backend.contacts.get_affiliation(told.abc, contact_id)


# --- deleting ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DEL-01")
def test_deleting_needs_a_confirmation(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Elimina o spegni le notifiche")
    assert "Perde l’accesso subito e non si può recuperare." in page.text
    assert told.laura in told.backend.contacts.contacts
    console.press("Elimina Laura Bianchi")
    assert told.laura not in told.backend.contacts.contacts


@pytest.mark.req("R-NOT-16", "R-NOT-15")
def test_switching_all_notifications_off_is_offered_instead(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.mario}/delete")
    page = console.press("Spegni tutte le notifiche")
    preferences = affiliation(told, told.mario).preferences
    assert {getattr(preferences, name) for name in words.TYPES} == {Preferences.OFF}
    assert told.backend.contacts.contacts[told.mario].access.enabled
    assert "L’accesso al portale resta" in page.text


@pytest.mark.req("R-PRI-08")
def test_the_primary_contact_is_not_deleted(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.mario}/delete")
    assert "Scegli prima un altro contatto principale" in page.text
    page = console.press("Elimina Mario Rossi")
    assert console.answer.status_code == 422
    assert told.mario in told.backend.contacts.contacts


def test_an_old_sign_in_is_asked_for_the_password_again(told: Story, console: Operator) -> None:
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open(f"/console/contacts/{told.laura}/delete")
    page = console.press("Elimina Laura Bianchi")
    assert console.answer.status_code == 422
    assert "Per sicurezza scrivi di nuovo la tua password" in page.text
    page = console.press("Elimina Laura Bianchi", confirm_password="sbagliata")
    assert "La password non è giusta" in page.text
    console.press("Elimina Laura Bianchi", confirm_password=PASSWORD)
    assert told.laura not in told.backend.contacts.contacts


# --- the card ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRV-07", "R-PRV-08")
def test_the_evidence_of_the_acceptance_is_shown_and_cannot_be_written(told: Story, console: Operator) -> None:
    proof = Acceptance(
        version="2026-11", language_code="it", text_sha256="ab" * 32, accept_time=stamp(datetime(2026, 9, 4, 6, 57, 12, tzinfo=UTC)),
        ip_address="203.0.113.24", user_agent="Firefox 142 su Windows",
    )  # fmt: skip
    told.backend.identity.acceptances.append((told.laura, proof))
    page = console.open(f"/console/contacts/{told.laura}")
    for evidence in ("2026-11", "4 set 2026, 08:57:12", "203.0.113.24", "Firefox 142 su Windows", "Sola lettura"):
        assert evidence in page.text
    assert not [form for form in page.forms if "accept" in form.action]


@pytest.mark.req("R-PRV-07", "R-PRV-08")
def test_rule_56_the_evidence_is_downloaded_and_no_cell_is_a_formula(told: Story, console: Operator) -> None:
    for number, agent in enumerate(('=HYPERLINK("https://evil.example")', "+1", "-1", "@SUM(1)", "Firefox, su Windows"), start=1):
        proof = Acceptance(
            name=f"accounts/{told.laura}/acceptances/{number}", version=f"2026-{number}", language_code="it", text_sha256="ab" * 32,
            accept_time=stamp(datetime(2026, 9, 4, 6, 57, 12, tzinfo=UTC)), ip_address="203.0.113.24", user_agent=agent,
        )  # fmt: skip
        told.backend.identity.acceptances.append((told.laura, proof))
    console.open(f"/console/contacts/{told.laura}")
    console.follow("Scarica le prove")
    assert console.answer.headers["Content-Disposition"] == f'attachment; filename="acceptances-{told.laura}.csv"'
    assert console.answer.headers["X-Content-Type-Options"] == "nosniff"
    assert console.answer.headers["Cache-Control"] == "no-store"
    head, *rows = csv.reader(io.StringIO(console.answer.get_data().decode("utf-8-sig")))
    assert head[:2] == ["version", "accept_time"]
    assert [row[0] for row in rows] == [f"2026-{number}" for number in range(1, 6)]
    assert {row[1] for row in rows} == {"2026-09-04T06:57:12+00:00"}
    assert [row[5] for row in rows] == ['\'=HYPERLINK("https://evil.example")', "'+1", "'-1", "'@SUM(1)", "Firefox, su Windows"]


@pytest.mark.req("R-ACT-02", "R-ACT-05")
def test_the_card_shows_the_last_access_and_what_was_viewed(told: Story, console: Operator) -> None:
    told.backend.contacts.contacts[told.mario].last_access_time.CopyFrom(stamp(datetime(2026, 3, 3, 8, 12, tzinfo=UTC)))
    page = console.open(f"/console/contacts/{told.mario}")
    assert "ultimo accesso 3 mar 2026, 09:12" in page.text
    assert "Fattura INV-2026-000142 vista" in page.text
    assert page.link("Fattura INV-2026-000142 vista") == f"/console/invoices/{told.due}"


@pytest.mark.req("R-ACT-09")
def test_who_never_entered_is_a_filter_of_the_list(told: Story, console: Operator) -> None:
    told.backend.contacts.contacts[told.mario].last_access_time.GetCurrentTime()
    console.open("/console/contacts")
    page = console.follow("Nessun accesso finora")
    assert "Bianchi Laura" in page.text
    assert "Rossi Mario" not in page.text


@pytest.mark.req("R-IDN-09")
def test_a_link_for_the_password_is_sent_from_the_card_and_can_be_cancelled(told: Story, console: Operator) -> None:
    identity = told.backend.identity
    identity.links["t"] = StoredLink(told.laura, Link.SET_PASSWORD, name=f"accounts/{told.laura}/links/{told.abc}")
    console.open(f"/console/contacts/{told.laura}")
    console.press("Invia link per la password")
    assert identity.requested == [("SET_PASSWORD", "laura.bianchi@abc.example")]
    console.press("Annulla Link per creare la password")
    assert identity.links["t"].state == Link.CANCELLED


def test_a_person_may_act_for_a_further_customer(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}/link?q=Gallo")
    page = console.press("Collega", position="Consulente")
    assert "Qualifica, ruolo, permessi e notifiche qui sotto valgono per Gallo Fratelli S.n.c." in page.text
    assert told.backend.contacts.get_affiliation(told.gallo, told.laura).position == "Consulente"


@pytest.mark.parametrize("address", ["/console/contacts/new?customer=x", "/console/customers?page=x", f"/console/contacts/{UUID(int=7)}"])
def test_a_made_up_address_is_a_page_that_is_not_there(console: Operator, address: str) -> None:
    console.open(address)
    assert console.answer.status_code == 404


def test_typing_in_a_list_swaps_only_its_rows(console: Operator) -> None:
    console.open("/console/contacts?q=laura", **{"HX-Request-Type": "partial"})
    assert console.answer.headers["Vary"] == "HX-Request-Type"
    assert "<html" not in console.page.markup
    assert "Bianchi Laura" in console.page.text
    assert "Rossi Mario" not in console.page.text


# --- who sees a person, but not the home customer -----------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-09")
def test_a_person_is_edited_for_a_customer_that_is_seen_when_the_home_customer_is_not(told: Story, console: Operator) -> None:
    contact = told.backend.contacts.contacts[told.laura]
    contact.affiliations[0].name = f"customers/{told.gallo}/affiliations/{told.laura}"
    contact.customer = ""
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Modifica")
    assert "Gallo" in page.text
    console.press("Salva contatto", first_name="Laura Maria")
    assert told.backend.contacts.contacts[told.laura].first_name == "Laura Maria", page.text


@pytest.mark.req("R-GRP-09")
def test_a_person_seen_without_any_customer_is_shown_edited_alone_and_can_be_deleted(told: Story, console: Operator) -> None:
    contact = told.backend.contacts.contacts[told.laura]
    del contact.affiliations[:]
    contact.customer = ""
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Modifica")
    assert "qui cambi solo i dati della persona" in page.text
    for of_a_customer in ("Contatto principale", "Qualifica", "Che cosa apre nel portale"):
        assert of_a_customer not in page.text
    page = console.press("Salva contatto", first_name="Laura Maria")
    assert told.backend.contacts.contacts[told.laura].first_name == "Laura Maria", page.text
    console.open(f"/console/contacts/{told.laura}/delete")
    console.press("Elimina Laura Maria Bianchi")
    assert told.laura not in told.backend.contacts.contacts
