"""Notes through a real server, on both databases: who reads them, who changes them, and where they never appear."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
import sqlalchemy as sa
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, notes_pb2

from libs.errors import Aborted, AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from libs.rpc import context
from services.contacts.repository.tables import notes as table
from tests.integration.contacts.conftest import OPERATOR, Api

FRANCESCA, PAOLO = uuid4(), uuid4()
READER = frozenset({"contacts.read", "contacts.notes"})
MODERATOR = OPERATOR | {"contacts.notes.others"}


def listed(api: Api, parent: str, size: int = 0, token: str = "") -> notes_pb2.ListNotesResponse:
    return api.notes.ListNotes(notes_pb2.ListNotesRequest(parent=parent, page_size=size, page_token=token))


def texts(api: Api, parent: str) -> list[str]:
    return [note.text for note in listed(api, parent).notes]


def change(api: Api, note: notes_pb2.Note, etag: str = "", request_id: str = "", **fields: object) -> notes_pb2.Note:
    wanted = notes_pb2.Note(name=note.name, etag=etag, **fields)  # type: ignore[arg-type] # fields of a note
    return api.notes.UpdateNote(notes_pb2.UpdateNoteRequest(note=wanted, update_mask=FieldMask(paths=list(fields)), request_id=request_id))


def delete(api: Api, note: notes_pb2.Note, etag: str = "", request_id: str = "") -> None:
    api.notes.DeleteNote(notes_pb2.DeleteNoteRequest(name=note.name, etag=etag, request_id=request_id))


@pytest.mark.req("R-NTE-01", "R-NTE-02", "R-NTE-05")
def test_a_note_records_who_wrote_it_and_when_and_every_operator_reads_it(api: Api) -> None:
    customer = api.new_customer()
    contact = api.new_contact(customer)
    for parent in (contact.name, customer.name):
        with api.operator(account_id=FRANCESCA):
            made = api.write_note(parent, " Chiamata: richiama lunedì.\r\n\r\nVuole il preventivo. \n")
        assert made.name.startswith(f"{parent}/notes/")
        assert made.text == "Chiamata: richiama lunedì.\n\nVuole il preventivo."
        assert made.author == f"accounts/{FRANCESCA}"
        assert made.create_time == made.update_time
        with api.operator(capabilities=READER):
            assert list(listed(api, parent).notes) == [made]
            assert api.notes.GetNote(notes_pb2.GetNoteRequest(name=made.name)) == made


def test_pinned_notes_come_first_and_then_the_newest_page_by_page(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    with api.operator(account_id=FRANCESCA):
        made = [api.write_note(contact.name, str(number), pinned=number in {1, 3}) for number in range(6)]
        change(api, made[0], text="0, corrected")
        found, token = [], ""
        while True:
            page = listed(api, contact.name, 2, token)
            found += [note.text for note in page.notes]
            token = page.next_page_token
            if not token:
                break
        assert found == ["3", "1", "5", "4", "2", "0, corrected"]
        change(api, made[2], pinned=True)
        change(api, made[3], pinned=False)
        assert texts(api, contact.name) == ["2", "1", "5", "4", "3", "0, corrected"]


@pytest.mark.req("R-NTE-05")
def test_a_change_leaves_author_and_time_and_a_pin_is_no_change_of_the_text(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    with api.operator(account_id=FRANCESCA):
        made = api.write_note(contact.name, "Da richiamare")
        pinned = change(api, made, pinned=True)
        assert (pinned.pinned, pinned.text, pinned.update_time) == (True, made.text, made.update_time)
    with api.operator(account_id=PAOLO, capabilities=MODERATOR):
        changed = change(api, pinned, text="Richiamata")
    assert (changed.author, changed.create_time, changed.pinned) == (made.author, made.create_time, True)
    assert changed.update_time.ToDatetime() > made.update_time.ToDatetime()


def test_only_its_author_changes_a_note_unless_somebody_may_change_those_of_others(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    with api.operator(account_id=FRANCESCA):
        first, second = api.write_note(contact.name, "Prima"), api.write_note(contact.name, "Seconda")
    with api.operator(account_id=PAOLO):
        for attempt in (lambda: change(api, first, text="Mia"), lambda: change(api, first, pinned=True), lambda: delete(api, first)):
            with pytest.raises(PermissionDenied) as error:
                attempt()
            assert error.value.reason == "NOT_YOUR_NOTE"
    with api.operator(account_id=FRANCESCA):
        delete(api, first)
    with api.operator(account_id=PAOLO, capabilities=MODERATOR):
        delete(api, second)
        assert texts(api, contact.name) == []


def test_reading_and_writing_notes_are_capabilities_of_their_own(api: Api) -> None:
    """Security rule 29: their own scope; seeing contacts is not enough, and reading is not writing."""
    contact = api.new_contact(api.new_customer())
    with api.operator(capabilities=frozenset({"contacts.read", "contacts.write", "contacts.delete"})), pytest.raises(PermissionDenied):
        listed(api, contact.name)
    with api.operator(capabilities=READER), pytest.raises(PermissionDenied):
        api.write_note(contact.name, "No")


@pytest.mark.req("R-NTE-03", "R-NTE-04")
def test_no_contact_and_no_service_reads_notes_and_nothing_else_carries_them(api: Api) -> None:
    """Security rule 29."""
    customer = api.new_customer()
    contact = api.new_contact(customer, access={"enabled": True})
    before = api.events()
    with api.operator():
        note = api.write_note(contact.name, "Segretissimo")
        api.write_note(customer.name, "Segretissimo")
        told = [
            api.contact_of(contact.name),
            api.customer_of(customer.name),
            *api.affiliations_of(customer.name),
            api.contacts.ListActivities(contacts_pb2.ListActivitiesRequest(parent=contact.name)),
            api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query="Segretissimo")),
        ]
    assert api.events() == before, "no event"
    query = affiliations_pb2.BatchGetCandidatesRequest.Query(party=customer.name)
    with context.as_person(""):  # as the service notifications
        told.append(api.affiliations.BatchGetCandidates(affiliations_pb2.BatchGetCandidatesRequest(queries=[query])))
        with pytest.raises(PermissionDenied):
            listed(api, contact.name)
    assert not [answer for answer in told if "Segretissimo" in str(answer)]
    with api.contact(contact, "PRIMARY", "SUPPORT"):
        for parent in (contact.name, "contacts/me", customer.name):
            with pytest.raises(PermissionDenied):
                listed(api, parent)
        with pytest.raises(PermissionDenied):
            api.notes.GetNote(notes_pb2.GetNoteRequest(name=note.name))


ATTEMPTS: dict[str, Callable[[Api, str, str], object]] = {
    "list": lambda api, parent, _name: listed(api, parent),
    "write": lambda api, parent, _name: api.write_note(parent, "X"),
    "read": lambda api, _parent, name: api.notes.GetNote(notes_pb2.GetNoteRequest(name=name)),
    "change": lambda api, _parent, name: change(api, notes_pb2.Note(name=name), text="X"),
    "delete": lambda api, _parent, name: delete(api, notes_pb2.Note(name=name)),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_note_of_somebody_hidden_and_one_that_never_was_are_the_same(api: Api, attempt: str) -> None:
    """Security rule 26."""
    office, other, nowhere = api.new_group("Napoli"), api.new_group("Roma"), str(uuid4())
    hidden = api.new_contact(api.new_customer(groups=[other.name]), groups=[other.name])
    for parent in (hidden.name, hidden.customer):
        with api.operator(other.name):
            note = api.write_note(parent, "Nascosta")
        id_ = parent.split("/")[1]
        answers = []
        with api.operator(office.name, capabilities=MODERATOR):
            for name in (note.name, note.name.replace(id_, nowhere)):
                with pytest.raises(NotFound) as error:
                    ATTEMPTS[attempt](api, name.partition("/notes/")[0], name)
                answers.append((error.value.reason, str(error.value).replace(nowhere, id_)))
        assert answers[0] == answers[1]
        with api.operator(other.name):
            assert texts(api, parent) == ["Nascosta"]


def test_a_note_is_found_only_below_whom_it_is_about(api: Api) -> None:
    contact, other = api.new_contact(api.new_customer()), api.new_contact(api.new_customer())
    with api.operator():
        note = api.write_note(contact.name, "Mia")
        id_ = note.name.rsplit("/", 1)[1]
        for parent in (other.name, contact.customer, f"customers/{contact.name.split('/')[1]}"):
            with pytest.raises(NotFound):
                api.notes.GetNote(notes_pb2.GetNoteRequest(name=f"{parent}/notes/{id_}"))


def test_a_repeated_request_writes_changes_and_deletes_once(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    with api.operator(account_id=FRANCESCA):
        wanted = notes_pb2.CreateNoteRequest(parent=contact.name, note=notes_pb2.Note(text="Una"), request_id="r-1")
        first = api.notes.CreateNote(wanted)
        assert api.notes.CreateNote(wanted) == first
        changed = change(api, first, first.etag, "r-2", text="Due")
        assert change(api, first, first.etag, "r-2", text="Due") == changed
        delete(api, changed, changed.etag, "r-3")
        delete(api, changed, changed.etag, "r-3")
        assert texts(api, contact.name) == []
        wanted.note.text = "Altra"
        with pytest.raises(AlreadyExists):
            api.notes.CreateNote(wanted)


def test_who_saw_an_older_text_neither_overwrites_nor_deletes(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    with api.operator(account_id=FRANCESCA):
        old = api.write_note(contact.name, "Prima")
        change(api, old, old.etag, text="Seconda")
        for attempt in (lambda: change(api, old, old.etag, text="Terza"), lambda: delete(api, old, old.etag)):
            with pytest.raises(Aborted) as error:
                attempt()
            assert error.value.reason == "ETAG_MISMATCH"
        assert texts(api, contact.name) == ["Seconda"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "REQUIRED"), (" \n\t\n ", "REQUIRED"), ("x" * 10_001, "STRING_MAX_LEN"), ("a\x00b", "CONTROL_CHARACTER")],
    ids=["empty", "blank", "long", "nul"],
)
def test_a_text_that_cannot_be_is_refused_by_its_name(sqlite_api: Api, text: str, reason: str) -> None:
    contact = sqlite_api.new_contact(sqlite_api.new_customer())
    with sqlite_api.operator():
        with pytest.raises(InvalidArgument) as error:
            sqlite_api.write_note(contact.name, text)
        assert [(fault.field, fault.reason) for fault in error.value.violations] == [("note.text", reason)]
        assert len(sqlite_api.write_note(contact.name, "x" * 10_000).text) == 10_000


def test_notes_are_about_a_contact_or_a_customer_and_nothing_else(sqlite_api: Api) -> None:
    group = sqlite_api.new_group("Napoli")
    with sqlite_api.operator(), pytest.raises(InvalidArgument) as error:
        listed(sqlite_api, group.name)
    assert error.value.violations[0].field == "parent"


def test_what_the_platform_records_cannot_be_given(sqlite_api: Api) -> None:
    """Security rule 30: the author, the times and the name are nobody's to write."""
    contact = sqlite_api.new_contact(sqlite_api.new_customer())
    with sqlite_api.operator(account_id=FRANCESCA):
        made = sqlite_api.write_note(contact.name, "Mia", author=f"accounts/{PAOLO}")
        assert made.author == f"accounts/{FRANCESCA}"
        for path in ("author", "create_time", "update_time", "name"):
            wanted = notes_pb2.UpdateNoteRequest(note=notes_pb2.Note(name=made.name), update_mask=FieldMask(paths=[path]))
            with pytest.raises(InvalidArgument):
                sqlite_api.notes.UpdateNote(wanted)


def test_the_notes_of_a_deleted_contact_are_gone_with_it(api: Api) -> None:
    home = api.new_customer()
    api.new_contact(home)
    contact = api.new_contact(home)
    with api.operator():
        api.write_note(contact.name, "Via")
        api.write_note(home.name, "Resta")
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=contact.name, force=True))
        assert texts(api, home.name) == ["Resta"]
    with api.engine.connect() as connection:
        assert connection.execute(sa.select(table.c.text)).scalars().all() == ["Resta"]
