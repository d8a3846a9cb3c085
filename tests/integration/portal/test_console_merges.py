"""Merging two contacts in the console: whom, which value stays, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from recapito.contacts.v1.contacts_pb2 import Contact

from tests.integration.portal.builders import Story
from tests.integration.portal.fakes import PASSWORD
from tests.integration.portal.fakes.erasures import Links
from tests.integration.portal.pages import Operator


@pytest.fixture
def twice(told: Story) -> Story:
    """Giuseppe is Laura under another name, with notes."""
    told.backend.erasures.links[told.giuseppe] = [Links(type="recapito/Note", count=3)]
    return told


def test_a_duplicate_is_found_compared_merged_and_given_back(twice: Story, console: Operator) -> None:
    contacts = twice.backend.contacts.contacts
    other = Contact.FromString(contacts[twice.giuseppe].SerializeToString())
    console.open(f"/console/contacts/{twice.laura}")
    page = console.follow("Unisci con…")
    assert "Nessuna scheda somiglia a questa" in page.text
    console.open(f"/console/contacts/{twice.laura}/merge?q=verdi")
    page = console.follow("Confronta : Giuseppe Verdi")
    for words in ("Resta la scheda Laura Bianchi", "Cognome", "Bianchi questa scheda", "Verdi l’altra scheda", "Note: 3", "ABC S.r.l."):
        assert words in page.text
    page = console.press("Unisci le schede", last_name="1")
    assert "le due schede sono una sola" in page.text
    assert twice.backend.merges.taken == ["last_name"]
    assert twice.giuseppe not in contacts
    page = console.follow(next(words for words, _ in page.links if words.startswith("Annulla l’unione (fino al")))
    assert "Le due schede tornano com’erano" in page.text
    page = console.press("Annulla l’unione")
    assert "Le due schede sono di nuovo com’erano" in page.text
    assert "Annulla l’unione" not in page.text
    assert (contacts[twice.laura].last_name, contacts[twice.giuseppe].email) == ("Bianchi", other.email)


def test_what_is_missing_here_is_offered_from_the_other_one(twice: Story, console: Operator) -> None:
    twice.backend.contacts.contacts[twice.laura].email = ""
    console.open(f"/console/contacts/{twice.laura}/merge/{twice.giuseppe}")
    console.press("Unisci le schede")
    assert twice.backend.merges.taken == ["email"]


def test_values_are_compared_in_words(twice: Story, console: Operator) -> None:
    members: list[dict[str, str | bool]] = [{"name": "Ada Verdi", "relation": "child", "dependant": True, "birth_date": "2011-02-03"}]
    twice.backend.contacts.contacts[twice.laura].profile.update({"family_members": members})
    page = console.open(f"/console/contacts/{twice.laura}/merge/{twice.giuseppe}")
    assert "Ada Verdi, Figlio, 3 feb 2011" in page.text
    assert ", Sì questa scheda" in page.text


def test_after_a_conflict_the_new_state_is_compared(twice: Story, console: Operator) -> None:
    console.open(f"/console/contacts/{twice.laura}/merge/{twice.giuseppe}")
    other = twice.backend.contacts.contacts[twice.giuseppe]
    other.last_name, other.etag = "Viola", "another"
    page = console.press("Unisci le schede", last_name="1")
    assert console.answer.status_code == 409
    assert "Viola l’altra scheda" in page.text
    console.press("Unisci le schede")
    assert twice.backend.merges.taken == ["last_name"], "what was chosen stays chosen"


def test_a_merge_asks_for_the_password_when_it_is_long_ago(twice: Story, console: Operator) -> None:
    for session in twice.backend.identity.sessions.values():
        session.fresh_until = datetime.now(UTC) - timedelta(seconds=1)
    console.open(f"/console/contacts/{twice.laura}/merge/{twice.giuseppe}")
    page = console.press("Unisci le schede")
    assert "La tua password" in page.text
    console.press("Unisci le schede", confirm_password=PASSWORD)
    assert twice.giuseppe not in twice.backend.contacts.contacts


def test_what_was_changed_since_is_told_and_nothing_is_undone(twice: Story, console: Operator) -> None:
    merges = twice.backend.merges
    one, other = (twice.backend.contacts.contacts[id_] for id_ in (twice.laura, twice.giuseppe))
    merges.require_fresh = lambda: None
    merge = merges.merge_contacts(one, other, [], "")
    console.open(f"/console/contacts/{twice.laura}/{merge.name}/undo")
    merge.ClearField("undo_until_time")
    page = console.press("Annulla l’unione")
    assert console.answer.status_code == 422
    assert "L’unione è già annullata" in page.text
    console.open(f"/console/contacts/{twice.mario}/{merge.name}/undo")
    assert console.answer.status_code == 404


def test_who_may_not_delete_may_not_merge(twice: Story, console: Operator) -> None:
    twice.backend.identity.capabilities = frozenset({"contacts.read", "contacts.write"})
    page = console.open(f"/console/contacts/{twice.laura}")
    assert "Unisci con…" not in page.text
    for path in ("merge", f"merge/{twice.giuseppe}"):
        console.open(f"/console/contacts/{twice.laura}/{path}")
        assert console.answer.status_code == 404
