"""Signing in by password: one answer for everything that is wrong, and no more tries than allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from recapito.contacts.v1 import permissions_pb2
from recapito.identity.v1 import accounts_pb2, links_pb2, sessions_pb2

from libs.errors import InvalidArgument, PermissionDenied, ResourceExhausted, ServiceError, Unauthenticated, Unavailable
from services.identity.clients.passwords import Argon2Hasher
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World


def answer_of(call: Callable[[], Any]) -> tuple[Any, ...]:
    with pytest.raises(ServiceError) as refused:
        call()
    error = refused.value
    return type(error), str(error), error.reason, error.violations, str(error.metadata), error.retry_after_seconds


def change(world: World, account_id: UUID, **access: Any) -> None:
    """Change the access of a contact, as contacts knows it; identity hears of it only by asking."""
    world.contacts.contacts[account_id].access.CopyFrom(permissions_pb2.PortalAccess(**({"enabled": True} | access)))


# --- the way in ----------------------------------------------------------------------------------------------------------------------
def test_an_operator_signs_in_and_is_let_in_at_once(worlds: World) -> None:
    worlds.administrator()
    signed_in = worlds.sign_in(" ADA@Studio.example ")
    session = signed_in.session
    assert (session.state, session.kind) == (sessions_pb2.Session.OPEN, accounts_pb2.Account.OPERATOR)
    assert session.device == "Firefox on Linux"
    assert len(signed_in.session_token) >= 43  # 256 bits


def test_each_sign_in_gets_a_new_session(world: World) -> None:
    world.administrator()
    assert world.sign_in("ada@studio.example").session_token != world.sign_in("ada@studio.example").session_token


def test_neither_tokens_nor_passwords_are_stored(worlds: World) -> None:
    token = worlds.administrator()
    mario = worlds.with_contact()
    minted = worlds.mint(mario, links_pb2.Link.MAGIC)[0].token
    with worlds.engine.connect() as connection:
        for table in sa.inspect(worlds.engine).get_table_names():
            stored = str(connection.execute(sa.text(f'SELECT * FROM "{table}"')).all())
            assert not any(secret in stored for secret in (token, minted, PASSWORD)), table


def test_an_address_may_be_an_operators_and_a_contacts(world: World) -> None:
    world.administrator("mario@acme.example", OTHER_PASSWORD)
    mario = world.with_contact(email="mario@acme.example")
    world.with_password(mario)
    as_contact = world.sign_in("mario@acme.example", kind=accounts_pb2.Account.CONTACT)
    as_operator = world.sign_in("mario@acme.example", OTHER_PASSWORD)
    assert as_contact.session.account == f"accounts/{mario}"
    assert as_operator.session.kind == accounts_pb2.Account.OPERATOR


def test_neither_password_nor_link_is_a_named_mistake(world: World) -> None:
    with pytest.raises(InvalidArgument) as refused:
        world.sessions.CreateSession(sessions_pb2.CreateSessionRequest())
    assert refused.value.violations[0].field == "password"


# --- what contacts says ---------------------------------------------------------------------------------------------------------------
def test_access_that_contacts_closed_a_moment_ago_is_refused_like_a_wrong_password(world: World) -> None:
    mario = world.with_contact()
    world.with_password(mario)
    change(world, mario, enabled=False)
    with pytest.raises(Unauthenticated) as refused:
        world.sign_in("mario@acme.example")
    assert refused.value.reason == "WRONG_CREDENTIALS"


def test_without_contacts_nobody_of_theirs_enters(world: World) -> None:
    mario = world.with_contact()
    world.with_password(mario)
    world.contacts.down = True
    with pytest.raises(Unavailable):
        world.sign_in("mario@acme.example")


def test_without_contacts_operators_still_enter(world: World) -> None:
    world.contacts.down = True
    assert world.caller(world.administrator()).sees_all


# --- no more tries than allowed ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("email", ["ada@studio.example", "nobody@studio.example"])
def test_after_five_wrong_passwords_everybody_waits_also_with_the_right_one(world: World, hashes: list[str], email: str) -> None:
    world.administrator()
    hashes.clear()
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            world.sign_in(email, OTHER_PASSWORD, ip="198.51.100.9")
    with pytest.raises(ResourceExhausted) as held:
        world.sign_in(email, ip="198.51.100.9")
    assert 1 <= (held.value.retry_after_seconds or 0) <= 15
    assert held.value.reason == "TOO_MANY_ATTEMPTS"
    assert len(hashes) == 5


def test_in_fifteen_minutes_ten_passwords_are_checked_at_most(worlds: World, hashes: list[str]) -> None:
    worlds.administrator()
    hashes.clear()
    for second in range(0, 15 * 60, 10):
        worlds.ahead = timedelta(seconds=second)
        with pytest.raises((Unauthenticated, ResourceExhausted)):
            worlds.sign_in("ada@studio.example", OTHER_PASSWORD, ip=f"198.51.{second % 250}.9")
    assert len(hashes) == 10


def test_no_lock_is_for_ever(world: World) -> None:
    world.administrator()
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            world.sign_in("ada@studio.example", OTHER_PASSWORD, ip="198.51.100.9")
    world.ahead = timedelta(minutes=16)
    assert world.sign_in("ada@studio.example", ip="198.51.100.9").session_token


def test_a_known_device_is_not_held_up_by_strangers(world: World) -> None:
    world.administrator()  # from 192.0.2.7
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            world.sign_in("ada@studio.example", OTHER_PASSWORD, ip="198.51.100.9")
    assert world.sign_in("ada@studio.example", ip="192.0.2.7").session_token


def test_a_network_is_counted_whatever_addresses_it_tries(world: World) -> None:
    for number in range(100):
        with pytest.raises(Unauthenticated):
            world.sign_in(f"guess{number}@studio.example", ip=f"198.51.100.{number}")
    with pytest.raises(ResourceExhausted):
        world.sign_in("another@studio.example", ip="198.51.100.200")


def test_a_busy_office_is_not_held_up_by_its_own_sign_ins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.administrator()
    monkeypatch.setattr(Argon2Hasher, "verify", lambda _self, _hash, password: password == PASSWORD)
    for _ in range(105):
        world.sign_in("ada@studio.example")


# --- passwords that change -----------------------------------------------------------------------------------------------------------
def temporary(world: World, account_id: UUID, password: str = OTHER_PASSWORD) -> None:
    with world.as_person(world.administrator()):
        world.accounts.SetTemporaryPassword(accounts_pb2.SetTemporaryPasswordRequest(name=f"accounts/{account_id}", password=password))


@pytest.mark.req("R-IDN-10")
@pytest.mark.req("R-CON-09")
def test_a_password_typed_by_an_operator_must_be_changed_at_the_first_entry(worlds: World) -> None:
    mario = worlds.with_contact()
    temporary(worlds, mario)
    token = worlds.sign_in("mario@acme.example", OTHER_PASSWORD).session_token
    assert worlds.caller(token).session_state == "PASSWORD_CHANGE_REQUIRED"
    with worlds.as_person(token), pytest.raises(PermissionDenied) as pending:
        worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me"))
    assert pending.value.reason == "PASSWORD_CHANGE_REQUIRED"
    with worlds.as_person(token), pytest.raises(InvalidArgument) as same:
        worlds.accounts.ChangePassword(accounts_pb2.ChangePasswordRequest(name="accounts/me", new_password=OTHER_PASSWORD))
    assert same.value.reason == "PASSWORD_UNCHANGED"
    with worlds.as_person(token):
        worlds.accounts.ChangePassword(accounts_pb2.ChangePasswordRequest(name="accounts/me", new_password=PASSWORD))
    assert worlds.caller(token).session_state == "POLICY_REQUIRED"
    assert worlds.sign_in("mario@acme.example", PASSWORD).session_token


@pytest.mark.req("R-IDN-10")
@pytest.mark.req("R-IDN-13")
def test_no_event_holds_a_password_or_a_token(world: World) -> None:
    mario = world.with_contact()
    temporary(world, mario)
    minted = world.mint(mario, links_pb2.Link.MAGIC)[0].token
    announced = b"".join(event.SerializeToString() for event in world.events())
    assert announced
    assert not any(secret.encode() in announced for secret in (PASSWORD, OTHER_PASSWORD, minted))


@pytest.mark.req("R-IDN-11")
def test_changing_the_password_ends_the_other_sessions_and_tells_the_person(worlds: World) -> None:
    mine, other = worlds.administrator(), worlds.sign_in("ada@studio.example").session_token
    with worlds.as_person(mine):
        worlds.accounts.ChangePassword(
            accounts_pb2.ChangePasswordRequest(name="accounts/me", current_password=PASSWORD, new_password=OTHER_PASSWORD)
        )
    assert worlds.passport(mine)
    with pytest.raises(Unauthenticated):
        worlds.passport(other)
    assert type(worlds.events()[-1]).__name__ == "CredentialsChanged"


def test_a_retried_password_change_answers_the_same(world: World) -> None:
    mine = world.administrator()
    request = accounts_pb2.ChangePasswordRequest(
        name="accounts/me", current_password=PASSWORD, new_password=OTHER_PASSWORD, request_id="once"
    )
    with world.as_person(mine):
        assert world.accounts.ChangePassword(request).name == world.accounts.ChangePassword(request).name
    assert [type(event).__name__ for event in world.events()].count("CredentialsChanged") == 1


def test_the_current_password_must_be_right_and_is_not_guessed_for_ever(world: World) -> None:
    mine = world.administrator()
    wrong = accounts_pb2.ChangePasswordRequest(name="accounts/me", current_password="wrong", new_password=OTHER_PASSWORD)
    with world.as_person(mine):
        for _ in range(5):
            with pytest.raises(PermissionDenied) as refused:
                world.accounts.ChangePassword(wrong)
            assert refused.value.reason == "WRONG_PASSWORD"
        with pytest.raises(ResourceExhausted):
            world.accounts.ChangePassword(wrong)


def test_nobody_changes_the_password_of_another(world: World) -> None:
    mine, mario = world.administrator(), world.with_contact()
    with world.as_person(mine), pytest.raises(ServiceError) as refused:
        world.accounts.ChangePassword(
            accounts_pb2.ChangePasswordRequest(name=f"accounts/{mario}", current_password=PASSWORD, new_password=OTHER_PASSWORD)
        )
    assert type(refused.value).__name__ == "NotFound"


def test_a_bad_password_is_refused_by_its_field(world: World) -> None:
    mario = world.with_contact()
    with world.as_person(world.administrator()), pytest.raises(InvalidArgument) as refused:
        world.accounts.SetTemporaryPassword(
            accounts_pb2.SetTemporaryPasswordRequest(name=f"accounts/{mario}", password="mario@acme.example")
        )
    assert (refused.value.violations[0].field, refused.value.reason) == ("password", "PASSWORD_TOO_COMMON")
