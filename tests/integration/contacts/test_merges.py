"""Merging two contacts that are one person, through a real server, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from google.protobuf.struct_pb2 import Struct
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2, erasures_pb2, merges_pb2, sub_contacts_pb2

from libs.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from services.contacts import repository
from services.contacts.domain import Activity
from services.contacts.repository.tables import metadata
from services.contacts.service import merges
from services.contacts.service.activities import Occurrence, record
from tests.audit import entries_in_outbox
from tests.everything import found
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.history import assert_history_ends_in_the_present

# Of a contact that is given back everything is as before but these.
RENEWED = {"version", "update_time", "etag"}
# What grows, what is about others, and what is derived from the rest.
NOT_COMPARED = {"contact_versions", "affiliation_versions", "customer_versions", "settings_versions", "merges"}


def rows(api: Api) -> dict[str, list[Any]]:
    """Return all that stands about contacts, but for versions and times of change."""
    with api.engine.connect() as connection:
        return {
            table.name: sorted(
                str({key: sorted(value.split()) if key == "found_by" else value for key, value in row.items() if key not in RENEWED})
                for row in connection.execute(sa.select(table)).mappings()
            )
            for table in metadata.sorted_tables
            if table.name not in NOT_COMPARED and "outbox" not in table.name and "inbox" not in table.name and "request" not in table.name
        }


def id_of(contact: contacts_pb2.Contact) -> UUID:
    return UUID(contact.name.split("/")[1])


class Two:
    """Two records of one person, with everything that may hang on them."""

    def __init__(self, api: Api) -> None:
        self.api, self.here, self.there = api, api.new_customer(), api.new_customer()
        self.group = api.new_group(f"Gruppo {uuid4().hex[:6]}")
        self.boss, self.helper = api.new_contact(self.here), api.new_contact(self.there)
        self.colleague = api.new_contact(self.here)
        self.survivor = api.new_contact(self.here, last_name="Bianchi", tags=["vip"], email="anna@abc.example")
        profile = Struct()
        profile.update({"tax_code": "RSSMRA85T10A562S"})
        phone = contacts_pb2.ContactPoint(kind=contacts_pb2.ContactPoint.PHONE, value="+390612345678")
        shared = contacts_pb2.Affiliation(name=f"{self.here.name}/affiliations/-", position="tirocinante")
        self.duplicate = api.new_contact(
            self.new_home(),
            last_name="Bianchi-Neri",
            email="anna@altra.example",
            tags=["VIP", "fiera"],
            groups=[self.group.name],
            contact_points=[phone],
            profile=profile,
            reports_to=self.boss.name,
            affiliations=[shared, contacts_pb2.Affiliation(name=f"{self.there.name}/affiliations/-", position="capo")],
        )
        with api.operator():
            self.note = api.write_note(self.duplicate.name, "Preferisce il pomeriggio")
            api.link(self.duplicate, self.helper, "figlia")
            api.link(self.colleague, self.duplicate, "socia")
            api.update_contact(self.helper, reports_to=self.duplicate.name)
        did = Activity(uuid4(), uuid4(), id_of(self.duplicate), "recapito.documents.invoice.viewed.v1", datetime(2026, 11, 1, tzinfo=UTC))
        record([Occurrence(did.event_id, (did,), entered=True)], uow=repository.SqlUnitOfWork(api.engine, "contacts"))

    def new_home(self) -> customers_pb2.Customer:
        self.home = self.api.new_customer()
        return self.home


def test_the_survivor_takes_over_what_the_duplicate_had(api: Api) -> None:
    two = Two(api)
    with api.operator():
        merge = api.merge(two.survivor, two.duplicate, "last_name", "profile.tax_code")
        person = api.contact_of(two.survivor.name)
        assert merge.result == person
        assert (person.first_name, person.last_name, person.email) == ("Mario", "Bianchi-Neri", "anna@abc.example")
        assert [(one.kind, one.value) for one in person.contact_points] == [
            (contacts_pb2.ContactPoint.PHONE, "+390612345678"),
            (contacts_pb2.ContactPoint.EMAIL, "anna@altra.example"),
        ]
        assert (list(person.tags), list(person.groups)) == (["fiera", "vip"], [two.group.name])
        assert dict(person.profile)["tax_code"] == "RSSMRA85T10A562S"
        positions = {one.name.split("/")[1]: (one.position, one.primary) for one in person.affiliations}
        assert positions == {
            two.here.name.split("/")[1]: ("", False),
            two.there.name.split("/")[1]: ("capo", False),
            two.home.name.split("/")[1]: ("", True),
        }
        assert api.customer_of(two.home.name).primary_contact == person.name
        assert api.contact_of(two.helper.name).reports_to == person.name
        assert not api.contact_of(two.survivor.name).reports_to, "what is not taken stays"
        with pytest.raises(NotFound) as gone:
            api.contact_of(two.duplicate.name)
        assert (gone.value.reason, gone.value.metadata) == ("CONTACT_MERGED", {"contact": person.name})
    told = api.events_of(events_pb2.ContactDeleted)
    assert [event.contact for event in told] == [two.duplicate.name]
    with api.engine.connect() as connection:
        for table in ("notes", "activities"):
            held = connection.execute(sa.text(f"SELECT contact_id FROM {table}")).scalars()
            assert {str(id_).replace("-", "") for id_ in held} == {id_of(person).hex}
        links = connection.execute(sa.text("SELECT relation FROM sub_contacts ORDER BY relation")).scalars().all()
        assert links == ["figlia", "socia"]
    assert_history_ends_in_the_present(api.engine)


def test_undoing_restores_both_exactly(api: Api) -> None:
    two = Two(api)
    before = rows(api)
    with api.operator():
        contacts = {one.name: api.contact_of(one.name) for one in (two.survivor, two.duplicate)}
        merge = api.merge(two.survivor, two.duplicate, "email", "last_name", "access", "profile.tax_code")
        assert rows(api) != before
        undone = api.undo(merge)
        assert undone.HasField("undo_time")
        assert not undone.HasField("undo_until_time")
        for name, was in contacts.items():
            now = api.contact_of(name)
            assert now.version > was.version
            for one in (now, was):
                for field in RENEWED:
                    one.ClearField(field)  # type: ignore[arg-type] # a field of a contact
                for affiliation in one.affiliations:
                    affiliation.ClearField("etag")
            assert now == was
    assert rows(api) == before
    back = api.events_of(events_pb2.ContactCreated)[-1]
    deleted = api.events_of(events_pb2.ContactDeleted)[-1]
    assert (back.contact, back.skip_welcome, back.restored) == (two.duplicate.name, True, True)
    assert back.version > deleted.version
    assert_history_ends_in_the_present(api.engine)


@pytest.mark.parametrize("further", ["the survivor is merged itself", "the survivor takes over a third"])
def test_of_several_merges_each_is_undone_the_last_one_first(api: Api, further: str) -> None:
    two = Two(api)
    third = api.new_contact(two.there, email="terza@abc.example")
    before = rows(api)
    with api.operator():
        first = api.merge(two.survivor, two.duplicate)
        second = api.merge(third, two.survivor) if further == "the survivor is merged itself" else api.merge(two.survivor, third)
        if further == "the survivor takes over a third":
            with pytest.raises(FailedPrecondition) as error:
                api.undo(first)
            assert error.value.reason == "MERGE_CHANGED"
        api.undo(second)
        api.undo(first)
    assert rows(api) == before


def test_a_preview_changes_nothing(api: Api) -> None:
    two = Two(api)
    before, events = rows(api), len(api.events())
    with api.operator():
        preview = api.merge(two.survivor, two.duplicate, "email", validate_only=True)
        assert preview.result.email == two.duplicate.email
        assert (rows(api), len(api.events())) == (before, events)
        assert not [entry for entry in entries_in_outbox(api.engine) if entry.method.endswith("MergeContact")]
        done = api.merge(two.survivor, two.duplicate, "email", request_id="m-1")
        assert api.merge(two.survivor, two.duplicate, "email", request_id="m-1") == done
        for message in (preview.result, done.result):
            message.ClearField("update_time")
        assert preview.result == done.result


def test_a_merge_and_its_undoing_are_each_one_entry_of_the_audit(api: Api) -> None:
    """Security rule 64."""
    two = Two(api)
    count = len(entries_in_outbox(api.engine))
    with api.operator():
        merge = api.merge(two.survivor, two.duplicate)
        api.undo(merge)
    entries = entries_in_outbox(api.engine)[count:]
    told = [(entry.method.rpartition(".")[2], entry.resource) for entry in entries]
    assert told == [("MergeContact", two.survivor.name), ("UndoMerge", merge.name)]
    assert not any(word in str(entries) for word in ("Bianchi", "abc.example", "Mario"))


def test_those_above_the_survivor_report_past_it(api: Api) -> None:
    """No loop: the survivor reported to the duplicate's subordinate, and the duplicate to the boss."""
    home = api.new_customer()
    boss = api.new_contact(home)
    duplicate = api.new_contact(home, reports_to=boss.name)
    middle = api.new_contact(home, reports_to=duplicate.name)
    survivor = api.new_contact(home, reports_to=middle.name)
    with api.operator():
        merge = api.merge(survivor, duplicate)
        assert api.contact_of(middle.name).reports_to == boss.name
        assert api.contact_of(survivor.name).reports_to == middle.name
        api.undo(merge)
        assert api.contact_of(middle.name).reports_to == duplicate.name
        again = api.merge(api.contact_of(middle.name), duplicate)
        assert again.result.reports_to == boss.name, "a survivor that reported to the duplicate reports to its superior"
        api.undo(again)
        assert api.contact_of(middle.name).reports_to == duplicate.name


@pytest.mark.parametrize("change", ["survivor", "affiliation", "link", "address", "deleted", "erased"])
def test_what_was_changed_since_is_not_overwritten(api: Api, change: str) -> None:
    two = Two(api)
    with api.operator():
        merge = api.merge(two.survivor, two.duplicate)
        if change == "survivor":
            api.update_contact(two.survivor, first_name="Anna")
        elif change == "affiliation":
            api.update_affiliation(f"{two.there.name}/affiliations/{id_of(two.survivor)}", position="presidente")
        elif change == "link":
            name = f"{two.survivor.name}/subContacts/{id_of(two.helper)}"
            api.sub_contacts.DeleteSubContact(sub_contacts_pb2.DeleteSubContactRequest(name=name))
        elif change == "address":
            api.new_contact(two.here, email=two.duplicate.email)
        elif change == "deleted":
            make_others_primary(api, two)
            api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=two.survivor.name, force=True))
        else:
            make_others_primary(api, two)
            api.erasures.AnonymizeContact(erasures_pb2.AnonymizeContactRequest(name=two.survivor.name))
        before = rows(api)
        with pytest.raises(FailedPrecondition) as error:
            api.undo(merge)
        assert error.value.reason == "MERGE_CHANGED"
        assert rows(api) == before


def make_others_primary(api: Api, two: Two) -> None:
    other = api.new_contact(two.home)
    api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=f"{two.home.name}/affiliations/{id_of(other)}"))


def test_a_merge_is_undone_once_and_within_thirty_days(api: Api) -> None:
    two = Two(api)
    with api.operator():
        merge = api.merge(two.survivor, two.duplicate)
        undone = api.undo(merge, request_id="u-1")
        assert api.undo(merge, request_id="u-1").undo_time == undone.undo_time
        with pytest.raises(FailedPrecondition) as error:
            api.undo(merge)
        assert error.value.reason == "MERGE_UNDONE"
        old = api.merge(two.survivor, two.duplicate)
        shift(api, old, days=29)
        merges.sweep(uow=repository.SqlUnitOfWork(api.engine, "contacts"), clock=lambda: datetime.now(UTC))
        assert api.merges.GetMerge(merges_pb2.GetMergeRequest(name=old.name)).HasField("undo_until_time")
        shift(api, old, days=2)
        merges.sweep(uow=repository.SqlUnitOfWork(api.engine, "contacts"), clock=lambda: datetime.now(UTC))
        with pytest.raises(FailedPrecondition) as error:
            api.undo(old)
        assert error.value.reason == "MERGE_TOO_OLD"
        listed = api.merges.ListMerges(merges_pb2.ListMergesRequest(parent=two.survivor.name)).merges
        assert {one.name for one in listed} == {merge.name, old.name}
        assert not any(one.HasField("undo_until_time") for one in listed)
    assert "anna@altra" not in snapshots(api)


def shift(api: Api, merge: merges_pb2.Merge, days: int) -> None:
    table = metadata.tables["merges"]
    of_it = table.c.id == UUID(merge.name.split("/")[1])
    with api.engine.begin() as connection:
        time = connection.execute(sa.select(table.c.create_time).where(of_it)).scalar_one()
        connection.execute(sa.update(table).where(of_it).values(create_time=time - timedelta(days=days)))


def snapshots(api: Api) -> str:
    with api.engine.connect() as connection:
        return " ".join(text or "" for text in connection.execute(sa.text("SELECT snapshot FROM merges")).scalars())


def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(api: Api) -> None:
    two = Two(api)
    before = rows(api)
    with api.operator():
        for duplicate, taken, reason in (
            (two.survivor, (), "SAME_CONTACT"),
            (contacts_pb2.Contact(name=f"contacts/{uuid4()}"), (), "CONTACT_UNKNOWN"),
            (contacts_pb2.Contact(name="contacts/-"), (), "NAME_INVALID"),
            (two.duplicate, ("reports_to",), "FIELD_UNKNOWN"),
            (two.duplicate, ("profile.",), "FIELD_UNKNOWN"),
        ):
            with pytest.raises(InvalidArgument) as error:
                api.merge(two.survivor, duplicate, *taken)
            assert error.value.reason == reason
        for stale in ("etag", "duplicate_etag"):
            with pytest.raises(Aborted):
                api.merge(two.survivor, two.duplicate, **{stale: '"99"'})
        with pytest.raises(NotFound):
            api.merge(contacts_pb2.Contact(name=f"contacts/{uuid4()}"), two.duplicate)
        with pytest.raises(NotFound):
            api.undo(merges_pb2.Merge(name=f"merges/{uuid4()}"))
    assert rows(api) == before


def test_nothing_out_of_sight_is_moved(api: Api) -> None:
    """Security rule 26: who sees only some groups merges only what it sees, and hidden and missing are answered alike."""
    mine, hidden = api.new_group("Napoli"), api.new_group("Salerno")
    home, other = api.new_customer(groups=[mine.name]), api.new_customer(groups=[hidden.name])
    survivor = api.new_contact(home, groups=[mine.name])
    guest = api.new_contact(home, groups=[mine.name], affiliations=[contacts_pb2.Affiliation(name=f"{other.name}/affiliations/-")])
    shared = api.new_contact(home, groups=[mine.name, hidden.name])
    unseen = api.new_contact(home, groups=[hidden.name])
    with api.operator(mine.name):
        with pytest.raises(FailedPrecondition) as error:
            api.merge(survivor, guest)
        assert error.value.reason == "CUSTOMER_NOT_YOURS"
        with pytest.raises(InvalidArgument) as refused:
            api.merge(survivor, shared)
        assert refused.value.reason == "GROUP_NOT_YOURS"
        with pytest.raises(InvalidArgument) as missing:
            api.merge(survivor, unseen)
        assert missing.value.reason == "CONTACT_UNKNOWN"
        with pytest.raises(NotFound):
            api.merge(unseen, survivor)
    with api.operator():
        merge = api.merge(unseen, shared)
    with api.operator(mine.name):
        with pytest.raises(NotFound) as gone:
            api.contact_of(shared.name)
        assert gone.value.reason == "CONTACT_MERGED", "the group of the duplicate passed to the survivor"
    with api.operator():
        api.undo(merge)
    with api.operator(mine.name), pytest.raises(NotFound):
        api.merges.GetMerge(merges_pb2.GetMergeRequest(name=merge.name))


def test_who_has_no_address_takes_over_no_notifications(api: Api) -> None:
    home, other = api.new_customer(), api.new_customer()
    silent = api.new_contact(home, email="")
    wanted = api.new_contact(other)
    with api.operator():
        with pytest.raises(FailedPrecondition) as error:
            api.merge(silent, wanted)
        assert error.value.reason == "EMAIL_REQUIRED"
        assert api.merge(silent, wanted, "email").result.email == wanted.email
        with pytest.raises(AlreadyExists):
            api.new_contact(home, email=wanted.email)


def test_an_erasure_concerns_the_merged_id_too(api: Api) -> None:
    """Rule 63: other services know the person by both ids, and what undoing would need goes at once."""
    two = Two(api)
    third = api.new_contact(two.there, last_name="Bianchini")
    with api.operator():
        api.merge(two.duplicate, third)
        api.merge(two.survivor, two.duplicate)
        assert "bianchini" in snapshots(api).lower()
        make_others_primary(api, two)
        api.erasures.AnonymizeContact(erasures_pb2.AnonymizeContactRequest(name=two.survivor.name))
        ledger = {one.subject: one for one in api.erasures.ListErasures(erasures_pb2.ListErasuresRequest()).erasures}
    assert snapshots(api).strip() == ""
    assert not found(["bianchi", "altra.example", "+390612345678", "RSSMRA85T10A562S"], api.engine)
    people = {two.survivor.name, two.duplicate.name, third.name}
    assert ledger.keys() == people
    asked = api.events_of(events_pb2.ErasureRequested)
    assert {event.person for event in asked} == people
    customers = {frozenset(event.customers) for event in asked}
    assert customers == {frozenset({two.here.name, two.there.name, two.home.name})}, "what the law holds is looked for in all of them"
    with api.operator(), pytest.raises(FailedPrecondition) as error:
        api.merge(two.survivor, two.boss)
    assert error.value.reason == "CONTACT_ANONYMIZED"
