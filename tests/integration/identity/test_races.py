"""What happens when many do the same at the same moment, on PostgreSQL."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from recapito.identity.v1 import accounts_pb2, links_pb2, policies_pb2, tokens_pb2

from libs.errors import ServiceError
from libs.rpc import context
from services.identity.clients.passwords import Argon2Hasher
from services.identity.service import tokens
from tests.integration.identity.test_tokens import exchange, refresh
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World, contact, id_of


def all_at_once(calls: Sequence[Callable[[], Any]]) -> Counter[str]:
    """Run every call in a thread of its own, from one starting signal; count the reasons of refusals, "" for a success."""
    together, outcomes = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        together.wait(20)
        try:
            call()
            outcomes.append("")
        except ServiceError as error:
            outcomes.append(error.reason or type(error).__name__)

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return Counter(outcomes)


def test_tries_are_counted_before_the_check_however_many_come_at_once(postgres_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(Argon2Hasher, "verify", lambda _self, _hash, password: hashed.append(password))
    monkeypatch.setattr(Argon2Hasher, "place", lambda _self, _known=None: nullcontext())
    guesses = [partial(postgres_world.sign_in, "ada@studio.example", f"guess number {n}", ip=f"198.51.{n}.9") for n in range(12)]
    assert all_at_once(guesses) == {"WRONG_CREDENTIALS": 5, "TOO_MANY_ATTEMPTS": 7}
    assert len(hashed) == 5


def test_two_administrators_cannot_disable_each_other(postgres_world: World) -> None:
    world = postgres_world
    ada = world.administrator()
    with world.as_person(ada):
        bruno = world.accounts.CreateAccount(
            accounts_pb2.CreateAccountRequest(
                account=accounts_pb2.Account(
                    kind=accounts_pb2.Account.OPERATOR, display_name="Bruno", email="bruno@studio.example", roles=["roles/administrator"]
                )
            )
        )
        me = world.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me"))
    (minted,) = world.mint(UUID(bruno.name.split("/")[1]), links_pb2.Link.INVITATION)
    world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=minted.token, new_password=PASSWORD))
    passports = {bruno.name: world.passport(ada), me.name: world.passport(world.sign_in("bruno@studio.example").session_token)}

    def disable(name: str) -> None:
        with context.as_person(passports[name]):
            world.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=name))

    assert all_at_once([partial(disable, name) for name in passports]) == {"": 1, "LAST_ADMINISTRATOR": 1}


def test_a_refresh_token_used_twice_at_once_gives_one_new_token_and_then_ends_the_family(postgres_world: World) -> None:
    world = postgres_world
    issued = exchange(world, world.administrator())
    assert all_at_once([partial(refresh, world, issued.refresh_token) for _ in range(4)])["invalid_grant"] >= 3
    with pytest.raises(ServiceError):
        refresh(world, issued.refresh_token)


def test_a_person_who_accepts_in_many_windows_leaves_one_proof_and_one_event(postgres_world: World) -> None:
    world = postgres_world
    (minted,) = world.mint(world.with_contact(), links_pb2.Link.MAGIC)
    token = world.enter(minted.token).session_token
    passport = world.passport(token)

    def accept() -> None:
        with context.as_person(passport):
            world.policies.AcceptPolicy(policies_pb2.AcceptPolicyRequest(name="policies/current", language_code="it"))

    assert all_at_once([accept] * 6) == {"": 6}
    assert Counter(type(event).__name__ for event in world.events()) == {"PolicyAccepted": 1, "SessionOpened": 1}


def test_of_many_who_publish_one_policy_is_current(postgres_world: World) -> None:
    world = postgres_world
    passport, names = world.passport(world.administrator()), []
    with context.as_person(passport):
        for number in range(4):
            policy = policies_pb2.Policy(version=str(number))
            policy.text.it = policy.text.en = "# Text"
            names.append(world.policies.CreatePolicy(policies_pb2.CreatePolicyRequest(policy=policy)).name)

    def publish(name: str) -> None:
        with context.as_person(passport):
            world.policies.PublishPolicy(policies_pb2.PublishPolicyRequest(name=name))

    outcomes = all_at_once([partial(publish, name) for name in names])
    assert outcomes[""] >= 1
    assert set(outcomes) <= {"", "Aborted"}
    with context.as_person(passport):
        listed = world.policies.ListPolicies(policies_pb2.ListPoliciesRequest(filter="state = CURRENT")).policies
    assert len(listed) == 1


def test_of_many_who_make_the_next_key_one_does(postgres_world: World) -> None:
    world = postgres_world
    rotate = partial(tokens.rotate_keys, timedelta(days=30), clock=world.clock)
    all_at_once([lambda: rotate(uow=world.new_uow())] * 6)
    with world.new_uow() as uow:
        assert len(uow.keys.all()) == 1
    assert world.tokens.GetKeySet(tokens_pb2.GetKeySetRequest()).data


def test_a_contact_that_many_ask_for_at_once_gets_one_account(postgres_world: World) -> None:
    mario = postgres_world.with_contact()
    outcomes = all_at_once([partial(postgres_world.mint, mario, links_pb2.Link.SET_PASSWORD) for _ in range(6)])
    assert outcomes == {"": 6}


def test_a_session_that_opens_while_the_password_changes_does_not_survive_it(postgres_world: World) -> None:
    """Whatever the order, after the reset no session of before is alive, and nobody signs in by the old password."""
    world = postgres_world
    for _ in range(5):
        found = contact(email=f"{uuid.uuid4().hex}@acme.example")
        world.contacts.contacts[id_of(found)] = found
        mario = id_of(found)
        world.with_password(mario)
        (magic,), (reset,) = world.mint(mario, links_pb2.Link.MAGIC), world.mint(mario, links_pb2.Link.RESET_PASSWORD)
        sessions: list[str] = []

        def enter(token: str = magic.token, opened: list[str] = sessions) -> None:
            opened.append(world.enter(token).session_token)

        def redeem(token: str = reset.token) -> None:
            world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=token, new_password=OTHER_PASSWORD))

        all_at_once([enter, redeem])
        for token in sessions:
            with pytest.raises(ServiceError):
                world.passport(token)
