"""Notes in the console: on the card of a contact and of a customer, for operators alone."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import pytest
from recapito.contacts.v1.notes_pb2 import Note

from libs.ids import new_id
from tests.integration.portal.builders import Story
from tests.integration.portal.conftest import Browser
from tests.integration.portal.fakes import now, touched
from tests.integration.portal.pages import Operator

READER = frozenset({"contacts.read", "contacts.notes"})
WRITER = READER | {"contacts.notes.write"}


def kept(told: Story) -> list[str]:
    return [note.text for note in told.backend.notes.notes.values()]


def note_of_a_colleague(told: Story, parent: str, text: str = "Scritta da altri", author: UUID | None = None) -> Note:
    note = Note(name=f"{parent}/notes/{new_id()}", text=text, author=f"accounts/{author or new_id()}")
    note.create_time.CopyFrom(now())
    note.update_time.CopyFrom(note.create_time)
    told.backend.notes.notes[note.name] = touched(note)
    return note


def limited(told: Story, capabilities: Collection[str]) -> None:
    told.backend.identity.capabilities = frozenset(capabilities)


@pytest.fixture(params=["contacts", "customers"])
def card(request: pytest.FixtureRequest, told: Story) -> str:
    """The address of a card, below /console."""
    return f"{request.param}/{told.laura if request.param == 'contacts' else told.abc}"


@pytest.mark.req("R-NTE-01", "R-NTE-02", "R-NTE-05")
def test_a_note_is_written_on_a_card_and_read_there_with_its_author(told: Story, console: Operator, card: str) -> None:
    console.open(f"/console/{card}")
    console.follow("Note")
    page = console.press("Aggiungi nota", text="Chiamata alle 10.\nRichiama lunedì <b>presto</b>.")
    assert "Nota aggiunta" in page.text
    assert kept(told) == ["Chiamata alle 10.\nRichiama lunedì <b>presto</b>."]
    assert "Francesca Riva ·" in page.text
    assert "Richiama lunedì <b>presto</b>." in page.text
    assert "<b>presto" not in page.markup, "a note is plain text"


def test_a_note_is_kept_on_top_and_let_go(told: Story, console: Operator, card: str) -> None:
    console.open(f"/console/{card}/notes")
    for text in ("Prima", "Seconda"):
        page = console.press("Aggiungi nota", text=text)
    assert page.text.index("Seconda") < page.text.index("Prima")
    oldest = next(note for note in told.backend.notes.notes.values() if note.text == "Prima")
    page = console.send(f"/console/{card}/notes/{oldest.name.split('/')[-1]}/pin", {**hidden(console), "pinned": "1"})
    assert oldest.name in told.backend.notes.notes
    assert page.text.index("Prima") < page.text.index("Seconda")
    assert "In alto" in page.text
    console.press("Non tenere in alto")
    assert not any(note.pinned for note in told.backend.notes.notes.values())


def hidden(console: Operator) -> dict[str, str]:
    form, _button = console.page.form("Aggiungi nota")
    return {"csrf_token": form.values["csrf_token"][0]}


def test_a_note_is_edited_and_deleted_after_a_question(told: Story, console: Operator, card: str) -> None:
    console.open(f"/console/{card}/notes")
    console.press("Aggiungi nota", text="Prima")
    console.follow("Modifica la nota")
    console.press("Salva nota", text="Seconda", pinned="1")
    assert kept(told) == ["Seconda"]
    console.follow("Elimina la nota")
    assert "Sparisce per tutti" in console.page.text
    assert kept(told) == ["Seconda"], "the question alone deletes nothing"
    page = console.press("Elimina nota")
    assert kept(told) == []
    assert "Ancora nessuna nota" in page.text


def test_nothing_typed_is_lost_when_a_note_cannot_be_saved(told: Story, console: Operator, card: str) -> None:
    console.open(f"/console/{card}/notes")
    page = console.press("Aggiungi nota", text="x" * 10_001, pinned="1")
    assert console.answer.status_code == 422
    form, _button = page.form("Aggiungi nota")
    assert (form.values["text"], form.values["pinned"]) == (["x" * 10_001], ["1"])
    page = console.press("Aggiungi nota", text="  ")
    assert page.errors == {"text": "Questo campo è obbligatorio"}
    assert kept(told) == []


def test_what_was_typed_stays_beside_what_a_colleague_saved(told: Story, console: Operator, card: str) -> None:
    console.open(f"/console/{card}/notes")
    console.press("Aggiungi nota", text="Prima")
    (note,) = told.backend.notes.notes.values()
    page = console.open(f"/console/{card}/notes/{note.name.split('/')[-1]}/edit")
    told.backend.notes.update_note(Note(name=note.name, text="Del collega"), ["text"], "")
    page = console.press("Salva nota", text="Mia")
    assert console.answer.status_code == 409
    assert "Salvato da un’altra persona: Del collega" in page.text
    console.press("Salva nota")
    assert kept(told) == ["Mia"]


def test_the_text_of_a_note_that_is_gone_can_be_added_as_a_new_one(told: Story, console: Operator, card: str) -> None:
    console.open(f"/console/{card}/notes")
    console.press("Aggiungi nota", text="Prima")
    (note,) = told.backend.notes.notes.values()
    console.open(f"/console/{card}/notes/{note.name.split('/')[-1]}/edit")
    told.backend.notes.notes.clear()
    page = console.press("Salva nota", text="Da non perdere")
    assert console.answer.status_code == 422
    assert "ha eliminato questa nota" in page.text
    console.press("Aggiungi nota")
    assert kept(told) == ["Da non perdere"]
    console.open(f"/console/{card}/notes/{note.name.split('/')[-1]}/edit")
    assert console.answer.status_code == 404


def test_a_second_press_of_the_button_adds_no_second_note(told: Story, console: Operator, card: str) -> None:
    console.open(f"/console/{card}/notes")
    console.press("Aggiungi nota", text="Una")
    console.send(*console.sent)
    assert kept(told) == ["Una"]


# --- who ------------------------------------------------------------------------------------------------------------------------------
def test_who_may_only_read_notes_has_no_form_and_no_button(told: Story, console: Operator, card: str) -> None:
    note = note_of_a_colleague(told, card)
    limited(told, READER)
    page = console.open(f"/console/{card}/notes")
    assert "Scritta da altri" in page.text
    assert not [words for form in page.forms for words, _name, _value in form.buttons if "nota" in words.lower() or "alto" in words]
    id_ = note.name.split("/")[-1]
    for address in (f"/console/{card}/notes/{id_}/edit", f"/console/{card}/notes/{id_}/delete"):
        console.open(address)
        assert console.answer.status_code == 404


def test_the_notes_of_others_have_buttons_only_for_who_may_change_them(told: Story, console: Operator, card: str) -> None:
    note_of_a_colleague(told, card)
    limited(told, WRITER)
    page = console.open(f"/console/{card}/notes")
    assert "Elimina la nota" not in {words for words, _address in page.links}
    limited(told, WRITER | {"contacts.notes.others"})
    page = console.open(f"/console/{card}/notes")
    assert "Elimina la nota" in {words for words, _address in page.links}


def test_an_author_whose_account_is_not_to_be_seen_is_another_person(told: Story, console: Operator, card: str) -> None:
    note_of_a_colleague(told, card)
    note_of_a_colleague(told, card, "Mia", told.operator)
    page = console.open(f"/console/{card}/notes")
    assert "Un’altra persona ·" in page.text
    assert "Francesca Riva ·" in page.text


def test_without_the_capability_there_is_no_tab_and_no_page(told: Story, console: Operator, card: str) -> None:
    limited(told, {"contacts.read"})
    page = console.open(f"/console/{card}")
    assert "Note" not in {words for words, _address in page.links}
    console.open(f"/console/{card}/notes")
    assert console.answer.status_code == 404


def test_notes_go_on_page_by_page(told: Story, console: Operator, card: str) -> None:
    for number in range(27):
        note_of_a_colleague(told, card, f"Numero {number}.")
    page = console.open(f"/console/{card}/notes")
    assert "Numero 26." in page.text
    assert "Numero 1." not in page.text
    page = console.follow("Successivi")
    assert "Numero 1." in page.text


@pytest.mark.req("R-NTE-03")
def test_the_customers_area_shows_no_note(told: Story, laura: Browser) -> None:
    """Security rule 29."""
    for parent in (f"contacts/{told.laura}", f"customers/{told.abc}"):
        note_of_a_colleague(told, parent, "Segretissimo")
    for path in ("/area/", "/area/invoices", f"/area/invoices/{told.due}"):
        answer = laura.get(path)
        assert answer.status_code == 200
        assert "Segretissimo" not in answer.text
    assert laura.get("/area/notes").status_code == 404
    assert laura.get(f"/console/contacts/{told.laura}/notes").status_code == 302, "a contact is nobody in the console"
