"""A person is erased in identity: in any order of events, more than once, with everything that says who it was."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from recapito.contacts.events.v1.events_pb2 import ContactCreated, ContactDeleted, ContactUpdated, ErasureRequested
from recapito.identity.v1 import links_pb2
from recapito.platform.events.v1.events_pb2 import PersonalDataErased

from libs.errors import Unauthenticated
from libs.messaging.consumer import Delivery
from services.identity import consumer
from services.identity.domain.accounts import Account
from tests.everything import FakeSetAside, everything, found
from tests.integration.identity.world import PASSWORD, World, contact, id_of, snapshot

PERSONAL = ("mario", "rossi", "acme.example", "192.0.2.7", "firefox")


def erase(world: World, person: str, *, event_id: UUID | None = None, version: int = 1, parked: FakeSetAside | None = None) -> None:
    event = ErasureRequested(erasure=f"erasures/{person.split('/')[1]}", version=version, person=person)
    handler = consumer.erasing(world.new_uow, parked or FakeSetAside(), world.clock)[ErasureRequested]
    handler([Delivery(event, event_id or uuid.uuid4(), datetime.now(UTC))])


def receipts(world: World) -> list[PersonalDataErased]:
    return [event for event in world.events() if isinstance(event, PersonalDataErased)]


def entered(world: World) -> UUID:
    """Put a contact that set a password, signed in, accepted the policy and was sent a link."""
    mario = world.with_contact()
    world.tell(mario)
    world.with_password(mario)
    world.accept_policy(world.sign_in("mario@acme.example").session_token)
    world.mint(mario, links_pb2.Link.MAGIC, with_code=True)
    return mario


@pytest.mark.req("R-DEL-09")
def test_nothing_says_any_more_who_the_person_was(worlds: World) -> None:
    """Rule 63."""
    mario = entered(worlds)
    assert all(word in everything(worlds.engine) for word in PERSONAL)
    erase(worlds, f"contacts/{mario}")
    left = [line for line in found(PERSONAL, worlds.engine) if not line.startswith("policies:")]
    assert [line.split(":")[0] for line in left] in ([], ["outbox"] * len(left))
    (receipt,) = receipts(worlds)
    assert (receipt.service, receipt.erasure, receipt.version) == ("identity", f"erasures/{mario}", 1)
    assert receipt.erased_count > 3
    assert list(receipt.held) == ["audit", "acceptances"]
    with worlds.engine.connect() as connection:
        acceptances = connection.execute(sa.text("SELECT label, ip_address, user_agent FROM acceptances")).all()
        assert [(bool(row.label), row.ip_address, row.user_agent) for row in acceptances] == [(True, "", "")]
    with pytest.raises(Unauthenticated):
        worlds.sign_in("mario@acme.example", PASSWORD)


def test_erasing_twice_is_one_receipt_for_each_request(worlds: World) -> None:
    mario, event_id = entered(worlds), uuid.uuid4()
    for _ in range(2):
        erase(worlds, f"contacts/{mario}", event_id=event_id)
    assert len(receipts(worlds)) == 1
    erase(worlds, f"contacts/{mario}", version=2)
    assert [(receipt.version, receipt.erased_count > 0) for receipt in receipts(worlds)] == [(1, True), (2, False)]


def test_no_later_event_brings_an_erased_person_back(worlds: World) -> None:
    """Rule 63: an event that was on its way, or set aside and tried again, changes nothing."""
    mario, unknown = worlds.with_contact(), contact(email="unknown@acme.example")
    worlds.tell(mario)
    erase(worlds, f"contacts/{mario}")
    erase(worlds, unknown.name)  # before any event of this contact came
    worlds.tell(mario, version=99)
    worlds.handle(ContactCreated(contact=unknown.name, version=1, snapshot=snapshot(unknown)))
    worlds.handle(ContactDeleted(contact=unknown.name, version=2))
    worlds.handle(ContactCreated(contact=unknown.name, version=5, snapshot=snapshot(unknown), restored=True))  # a merge that was undone
    worlds.handle(ContactCreated(contact=f"contacts/{mario}", version=99, snapshot=snapshot(unknown), restored=True))
    with worlds.new_uow() as uow:
        for id_ in (mario, id_of(unknown)):
            account = uow.accounts.find(id_)
            assert account is not None
            assert (account.email, account.display_name, account.delete_time is not None) == ("", "", True)
    assert not found(["rossi", "unknown@"], worlds.engine)


def test_a_deleted_contacts_rest_is_erased_too(worlds: World) -> None:
    mario = entered(worlds)
    del worlds.contacts.contacts[mario]
    worlds.tell(mario)
    erase(worlds, f"contacts/{mario}")
    assert not [line for line in found(PERSONAL, worlds.engine) if not line.startswith(("policies:", "outbox:"))]


def test_parked_events_about_the_person_go_and_others_stay(world: World) -> None:
    mario, laura = f"contacts/{world.with_contact()}", f"contacts/{uuid.uuid4()}"
    parked = FakeSetAside((mario, ContactCreated), (mario, ContactUpdated), (laura, ContactCreated), (mario, ContactDeleted))
    erase(world, mario, parked=parked)
    assert parked.parked == [(laura, ContactCreated), (mario, ContactDeleted)]


def test_a_lead_has_no_account_and_gets_its_receipt(world: World) -> None:
    erase(world, f"leads/{uuid.uuid4()}")
    assert [(one.erased_count, list(one.held)) for one in receipts(world)] == [(0, [])]


def test_a_deleted_contact_that_is_back_sets_a_new_password(worlds: World) -> None:
    """Rule 63 for one that was deleted and then erased; before that, undoing a merge gives its account back, without its factors."""
    mario = entered(worlds)
    known = worlds.contacts.contacts.pop(mario)
    worlds.handle(ContactDeleted(contact=f"contacts/{mario}", version=5))
    worlds.handle(ContactUpdated(contact=f"contacts/{mario}", version=6, snapshot=snapshot(known)))
    assert account(worlds, mario).delete_time is not None, "an event that says nothing of it brings nobody back"
    worlds.contacts.contacts[mario] = known
    worlds.handle(ContactCreated(contact=f"contacts/{mario}", version=7, snapshot=snapshot(known), restored=True))
    back = account(worlds, mario)
    assert (back.email, back.delete_time, back.password_hash, back.disabled) == ("mario@acme.example", None, "", False)
    with pytest.raises(Unauthenticated):
        worlds.sign_in("mario@acme.example", PASSWORD)
    worlds.with_password(mario)
    worlds.sign_in("mario@acme.example", PASSWORD)
    worlds.handle(ContactDeleted(contact=f"contacts/{mario}", version=8))
    erase(worlds, f"contacts/{mario}")
    worlds.handle(ContactCreated(contact=f"contacts/{mario}", version=9, snapshot=snapshot(known), restored=True))
    assert account(worlds, mario).email == ""


def account(worlds: World, account_id: UUID) -> Account:
    with worlds.new_uow() as uow:
        found = uow.accounts.find(account_id)
    assert found is not None
    return found
