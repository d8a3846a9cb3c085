"""Deleting a contact with what is linked to it in sight, and anonymising it: what operators read, confirm and see afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recapito.contacts.v1.contacts_pb2 import Contact

from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.fakes.erasures import Links
from tests.integration.portal.pages import Operator


@pytest.fixture
def linked(told: Story) -> Story:
    """Laura has notes, opened invoices and received e-mails."""
    told.backend.erasures.links[told.laura] = [
        Links(type="recapito/Note", count=2),
        Links(type="recapito/Invoice", count=7, titles=["INV-2026-000007", "INV-2026-000004"]),
        Links(type="recapito/Parcel", count=1),
    ]
    return told


# --- deleting ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DEL-01", "R-DEL-04")
def test_the_confirmation_lists_what_is_linked_and_asks_to_have_seen_it(linked: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{linked.laura}/delete")
    for words in ("Note: 2", "Fatture che ha aperto: 7", "INV-2026-000007, INV-2026-000004", "Altro: 1"):
        assert words in page.text
    page = console.press("Elimina Laura Bianchi")
    assert console.answer.status_code == 422
    assert page.errors["links_seen"] == "Conferma di aver visto che cosa è collegato"
    assert linked.laura in linked.backend.contacts.contacts
    console.press("Elimina Laura Bianchi", links_seen="1")
    assert linked.laura not in linked.backend.contacts.contacts


def test_without_links_nothing_more_is_asked(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.laura}/delete")
    assert "Che cosa è collegato" not in page.text
    console.press("Elimina Laura Bianchi")
    assert told.laura not in told.backend.contacts.contacts


# --- anonymising ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DEL-07", "R-DEL-08")
def test_a_contact_is_anonymised_from_its_further_actions_with_a_typed_word(told: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{told.laura}")
    page = console.follow("Anonimizza…")
    for words in ("Che cosa sparisce", "Che cosa resta", "Non si torna indietro", "Le fatture emesse, come la legge chiede"):
        assert words in page.text
    for typed in ("", "sì", "anonimizz"):
        page = console.press("Anonimizza Laura Bianchi", word=typed)
        assert console.answer.status_code == 422
        assert page.errors["word"] == "Scrivi ANONIMIZZA per confermare"
    assert told.backend.contacts.contacts[told.laura].first_name == "Laura"
    page = console.press("Anonimizza Laura Bianchi", word=" anonimizza ")
    assert told.backend.contacts.contacts[told.laura].state == Contact.ANONYMIZED
    assert "Manca la risposta di 3 archivi su 4" in page.text
    assert "Contatti e note" in page.text


def test_the_receipts_say_what_went_and_what_the_law_keeps(told: Story, console: Operator) -> None:
    anonymised(told)
    console.open(f"/console/contacts/{told.laura}/erasure")
    page = console.press("Chiedi di nuovo")
    assert told.backend.erasures.asked == 2
    told.backend.erasures.answer(told.laura)
    page = console.open(f"/console/contacts/{told.laura}/erasure")
    for words in ("Ogni archivio ha confermato", "Le fatture emesse, come sono state emesse", "fino al", "Il registro delle operazioni"):
        assert words in page.text
    assert "Chiedi di nuovo" not in page.text


@pytest.mark.req("R-DEL-08", "R-DEL-09")
def test_an_anonymised_contact_shows_as_such_and_offers_no_change(told: Story, console: Operator) -> None:
    anonymised(told)
    page = console.open(f"/console/contacts/{told.laura}")
    assert "I dati di questa persona sono stati cancellati" in page.text
    assert "Anonimizzato" in page.text
    offered = {words for words, _address in page.links}
    assert not offered & {"Modifica", "Anonimizza…", "Perché?", "Sposta a un altro cliente"}
    page = console.follow("Vedi la cancellazione")
    assert "Risposte degli archivi" in page.text
    console.open(f"/console/contacts/{told.laura}/anonymize")
    assert "/erasure" in console.answer.request.path
    page = console.open("/console/contacts")
    assert "Laura Bianchi" not in page.text
    assert "Persona anonimizzata" in page.text


@pytest.mark.req("R-PRI-10")
def test_a_primary_contact_is_told_to_give_way_first(told: Story, console: Operator) -> None:
    page = console.open(f"/console/contacts/{told.mario}/anonymize")
    assert "scegli prima un altro contatto principale" in page.text
    page = console.press("Anonimizza Mario Rossi", word="ANONIMIZZA")
    assert console.answer.status_code == 422
    assert "Scegli prima un altro contatto principale" in page.text
    assert told.backend.contacts.contacts[told.mario].state != Contact.ANONYMIZED


def test_an_old_sign_in_is_asked_for_the_password_and_keeps_the_word(told: Story, console: Operator) -> None:
    for session in told.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open(f"/console/contacts/{told.laura}/anonymize")
    page = console.press("Anonimizza Laura Bianchi", word="ANONIMIZZA")
    assert console.answer.status_code == 422
    assert 'value="ANONIMIZZA"' in page.markup
    console.press("Anonimizza Laura Bianchi", confirm_password=PASSWORD)
    assert told.backend.contacts.contacts[told.laura].state == Contact.ANONYMIZED


def test_without_the_capability_there_is_no_page_and_no_link(told: Story, console: Operator) -> None:
    told.backend.identity.capabilities -= {"contacts.anonymize"}
    anonymised(told)
    for path in ("anonymize", "erasure"):
        console.open(f"/console/contacts/{told.laura}/{path}")
        assert console.answer.status_code in {403, 404}
    page = console.open(f"/console/contacts/{told.mario}")
    assert "Anonimizza…" not in {words for words, _address in page.links}


def anonymised(told: Story) -> None:
    told.backend.erasures.require_fresh = lambda: None
    told.backend.erasures.anonymize_contact(UUID(str(told.laura)), "", "")
