"""Accounts follow their contacts: in any order of events, more than once, and through a real broker."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from recapito.contacts.events.v1.events_pb2 import ContactCreated
from recapito.identity.v1 import links_pb2

from libs import database
from libs.messaging import bus
from libs.messaging.consumer import Consumer
from libs.messaging.relay import Relay
from libs.rpc import client
from services.identity import consumer, jobs
from services.identity.clients.contacts import GrpcContacts
from services.identity.domain.accounts import Account, EmailTaken, Kind
from services.identity.domain.links import Purpose
from services.identity.domain.sessions import Client
from services.identity.service import links
from tests.integration.identity.world import World, contact, id_of, snapshot

Eventually = Callable[..., object]


def account(world: World, account_id: uuid.UUID) -> Account | None:
    with world.new_uow() as uow:
        found: Account | None = uow.accounts.find(account_id)
    return found


def test_a_created_contact_has_an_account_with_its_id(worlds: World) -> None:
    mario = contact(groups=(uuid.uuid4(),))
    worlds.handle(ContactCreated(contact=mario.name, version=1, snapshot=snapshot(mario)))
    found = account(worlds, id_of(mario))
    assert found is not None
    assert (found.kind, found.email, found.access.enabled, len(found.groups)) == (Kind.CONTACT, "mario@acme.example", True, 1)


def test_an_event_that_comes_twice_counts_once(worlds: World) -> None:
    mario, event_id = worlds.with_contact(), uuid.uuid4()
    worlds.tell(mario, event_id=event_id)
    first = account(worlds, mario)
    worlds.contacts.contacts[mario].last_name = "Bianchi"
    worlds.tell(mario, event_id=event_id)
    assert account(worlds, mario) == first


def test_an_older_event_changes_nothing(worlds: World) -> None:
    mario = worlds.with_contact(email="new@acme.example")
    worlds.tell(mario, version=7)
    worlds.contacts.contacts[mario].email = "old@acme.example"
    worlds.tell(mario, version=6)
    found = account(worlds, mario)
    assert found is not None
    assert found.email == "new@acme.example"


def test_an_event_after_the_deletion_brings_nothing_back(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.tell(mario)
    kept = worlds.contacts.contacts.pop(mario)
    worlds.tell(mario)
    worlds.contacts.contacts[mario] = kept
    worlds.tell(mario)
    found = account(worlds, mario)
    assert found is not None
    assert found.delete_time is not None
    assert found.email == ""


def test_an_address_that_went_from_one_contact_to_another_is_followed_in_either_order(worlds: World) -> None:
    mario, laura = worlds.with_contact(email="shared@acme.example"), worlds.with_contact(email="laura@acme.example")
    worlds.tell(mario)
    worlds.tell(laura)
    worlds.contacts.contacts[mario].email = "mario@acme.example"
    worlds.contacts.contacts[laura].email = "shared@acme.example"
    worlds.tell(laura)  # before the event that says that Mario gave the address up
    worlds.tell(mario)
    with worlds.new_uow() as uow:
        assert [found.id for found in uow.accounts.by_login("shared@acme.example", None)] == [laura]
        assert [found.id for found in uow.accounts.by_login("mario@acme.example", None)] == [mario]


def test_two_contacts_that_exchanged_their_addresses_are_followed(worlds: World) -> None:
    mario, laura = worlds.with_contact(email="a@acme.example"), worlds.with_contact(email="b@acme.example")
    worlds.tell(mario)
    worlds.tell(laura)
    worlds.contacts.contacts[mario].email, worlds.contacts.contacts[laura].email = "b@acme.example", "a@acme.example"
    worlds.tell(mario)
    with worlds.new_uow() as uow:
        assert [found.id for found in uow.accounts.by_login("a@acme.example", None)] == [laura]
        assert [found.id for found in uow.accounts.by_login("b@acme.example", None)] == [mario]


def test_an_old_event_never_takes_the_address_of_its_present_holder(worlds: World) -> None:
    mario, laura = worlds.with_contact(email="mario@acme.example"), worlds.with_contact(email="a@acme.example")
    worlds.tell(laura)
    old = contact(id=mario, email="a@acme.example")  # what Mario had long ago; his present address is known to contacts
    with pytest.raises(EmailTaken):
        worlds.handle(ContactCreated(contact=old.name, version=1, snapshot=snapshot(old)))
    worlds.tell(mario, version=2)
    worlds.handle(ContactCreated(contact=old.name, version=1, snapshot=snapshot(old)))  # tried again: it is older now
    with worlds.new_uow() as uow:
        assert [found.id for found in uow.accounts.by_login("a@acme.example", None)] == [laura]
        assert [found.id for found in uow.accounts.by_login("mario@acme.example", None)] == [mario]


def test_events_arrive_through_the_broker_and_those_of_identity_leave_by_it(
    postgres_world: World, amqp_url: str, queue_prefix: str, eventually: Eventually
) -> None:
    world, stop = postgres_world, threading.Event()
    events = bus.connect(amqp_url, prefix=queue_prefix)
    contacts = GrpcContacts(client.connect(world.settings.contacts_address, service="identity", settings=world.settings))
    bodies: list[Callable[[threading.Event], None]] = [
        Consumer(world.engine, "identity", events, consumer.handlers(world.new_uow, contacts, world.clock)),
        # Nobody else is here: identity's own outbox plays the part of that of contacts.
        Relay(world.engine, "contacts", events).run,
        jobs.link_requests(world.engine, world.new_uow),
    ]
    threads = [threading.Thread(target=body, args=[stop], daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    mario = contact()
    with world.new_uow() as uow:
        uow.outbox.add(ContactCreated(contact=mario.name, version=1, snapshot=snapshot(mario)))
        uow.commit()
    try:
        eventually(lambda: account(world, id_of(mario)) is not None, 20)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


@pytest.mark.req("R-IDN-07")
def test_a_link_that_was_asked_for_is_announced_at_once(worlds: World, eventually: Eventually) -> None:
    mario, stop = worlds.with_contact(), threading.Event()
    worlds.tell(mario)
    job = threading.Thread(target=jobs.link_requests(worlds.engine, worlds.new_uow), args=[stop])
    job.start()
    try:
        links.request_link(Purpose.MAGIC, "mario@acme.example", "", None, Client(), uow=worlds.new_uow(), clock=worlds.clock)
        eventually(lambda: [event.purpose for event in worlds.events()] == [links_pb2.Link.MAGIC])
    finally:
        stop.set()
        job.join(10)
    with worlds.new_uow() as uow:
        assert uow.link_requests.take(10) == []


def test_housekeeping_forgets_what_is_dead_and_keeps_what_lives(worlds: World) -> None:
    token = worlds.administrator()
    jobs.sweep(worlds.new_uow, worlds.clock)
    assert worlds.passport(token)
    jobs.sweep(worlds.new_uow, partial(datetime, 2099, 1, 1, tzinfo=UTC))
    with worlds.engine.connect() as connection:
        for table in ("sessions", "links", "throttles", "known_devices"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table


def test_housekeeping_runs_until_it_is_stopped(world: World, eventually: Eventually) -> None:
    stop = threading.Event()
    job = threading.Thread(target=jobs.housekeeping(world.new_uow, timedelta(days=30), world.clock), args=[stop])
    job.start()

    def has_a_key() -> bool:
        with database.reader(world.engine).connect() as connection:
            return bool(connection.execute(sa.text("SELECT count(*) FROM keys")).scalar_one())

    try:
        eventually(has_a_key)
    finally:
        stop.set()
        job.join(10)
    assert not job.is_alive()
