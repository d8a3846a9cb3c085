"""A device that was not used before is announced; and "this was not me" shuts out whoever is in."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from recapito.identity.events.v1.events_pb2 import CredentialsChanged
from recapito.identity.v1 import accounts_pb2, links_pb2, sessions_pb2

from libs.errors import FailedPrecondition, InvalidArgument, ServiceError, Unauthenticated
from services.identity import __main__ as identity
from services.identity.service import links
from tests.integration.identity.test_races import all_at_once
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, USER_AGENT, World

Link = links_pb2.Link
MINTED = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEWER = USER_AGENT.replace("140.0", "141.0")
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1"


def sign_in(world: World, user_agent: str = USER_AGENT, ip: str = "192.0.2.7", email: str = "mario@acme.example") -> str:
    credential = sessions_pb2.PasswordCredential(email=email, password=PASSWORD)
    info = sessions_pb2.ClientInfo(ip_address=ip, user_agent=user_agent)
    return str(world.sessions.CreateSession(sessions_pb2.CreateSessionRequest(password=credential, client_info=info)).session_token)


def changes(world: World, change: CredentialsChanged.Change.ValueType) -> list[Any]:
    return [event for event in world.events() if isinstance(event, CredentialsChanged) and event.change == change]


# --- new devices ---------------------------------------------------------------------------------------------------------------------
def test_a_device_that_was_not_used_before_is_announced_once_but_not_the_very_first(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.with_password(mario)
    sign_in(worlds)
    sign_in(worlds, NEWER)  # the same browser, a version later
    assert changes(worlds, CredentialsChanged.NEW_DEVICE) == []
    sign_in(worlds, PHONE)
    sign_in(worlds, PHONE)
    (event,) = changes(worlds, CredentialsChanged.NEW_DEVICE)
    assert (event.account, event.device, event.email) == (f"accounts/{mario}", "Safari on iPhone", "")
    sign_in(worlds, USER_AGENT, "203.0.113.7")
    assert len(changes(worlds, CredentialsChanged.NEW_DEVICE)) == 2


def test_the_first_password_after_entries_by_link_is_announced(world: World) -> None:
    mario = world.with_contact()
    world.enter(world.mint(mario, Link.MAGIC)[0].token)
    world.with_password(mario)
    sign_in(world)
    assert len(changes(world, CredentialsChanged.NEW_DEVICE)) == 1


def test_a_wrong_password_makes_no_device_known(world: World) -> None:
    world.with_password(world.with_contact())
    sign_in(world)
    with pytest.raises(Unauthenticated):
        world.sign_in("mario@acme.example", OTHER_PASSWORD, ip="203.0.113.7")
    sign_in(world, ip="203.0.113.7")
    assert len(changes(world, CredentialsChanged.NEW_DEVICE)) == 1


# --- this was not me -----------------------------------------------------------------------------------------------------------------
def disown(world: World, token: str) -> None:
    world.links.DisownLink(links_pb2.DisownLinkRequest(token=token, client_info=sessions_pb2.ClientInfo(ip_address="192.0.2.9")))


def refusal_of(world: World, token: str) -> str:
    try:
        disown(world, token)
    except ServiceError as error:
        return error.reason
    return ""


def mint(world: World, account_id: UUID) -> str:
    return str(world.mint(account_id, Link.DISOWN)[0].token)


def test_disowning_shuts_out_whoever_is_in(worlds: World) -> None:
    ada, mario = worlds.administrator(), worlds.with_contact()
    worlds.with_password(mario)
    inside, token = sign_in(worlds), mint(worlds, mario)
    (other,) = worlds.mint(mario, Link.MAGIC)
    disown(worlds, token)
    for refused in (lambda: worlds.passport(inside), lambda: worlds.enter(other.token), lambda: sign_in(worlds)):
        with pytest.raises(Unauthenticated):
            refused()
    (event,) = changes(worlds, CredentialsChanged.LINK_DISOWNED)
    assert event.account == f"accounts/{mario}"
    assert [(one.email, one.display_name) for one in event.administrators] == [("ada@studio.example", "Ada")]
    with worlds.as_person(ada):
        account = worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name=f"accounts/{mario}"))
    assert not account.password_set


def test_after_disowning_the_way_back_is_a_new_password(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.with_password(mario)
    token = mint(worlds, mario)
    disown(worlds, token)
    worlds.links.RequestLink(links_pb2.RequestLinkRequest(token=token))
    links.fulfil_requests(uow=worlds.new_uow())
    assert [event.purpose for event in worlds.events() if hasattr(event, "purpose")] == [Link.RESET_PASSWORD]
    worlds.with_password(mario, OTHER_PASSWORD)
    assert worlds.sign_in("mario@acme.example", OTHER_PASSWORD).session_token


def test_an_administrator_who_disowns_leaves_the_installation_open_to_a_new_invitation(world: World) -> None:
    ada = world.administrator()
    account_id = world.caller(ada).account_id
    assert account_id is not None
    disown(world, mint(world, account_id))
    with pytest.raises(Unauthenticated):
        world.passport(ada)
    assert identity.bootstrap_administrator(world.settings, "ada@studio.example", "Ada")  # the token of an invitation


def test_a_disown_link_works_once_for_seven_days_and_after_nothing_that_cancels_it(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.moment = MINTED
    first, second = mint(worlds, mario), mint(worlds, mario)
    worlds.moment = MINTED + timedelta(days=7, seconds=1)
    assert refusal_of(worlds, first) == "LINK_EXPIRED"
    worlds.moment = MINTED + timedelta(days=7)
    assert [refusal_of(worlds, token) for token in (first, first, second, "made up")] == [
        "",
        "LINK_SPENT",
        "LINK_CANCELLED",
        "LINK_UNKNOWN",
    ]


def test_only_its_own_links_disown_and_they_do_nothing_else(world: World) -> None:
    mario = world.with_contact()
    (magic,) = world.mint(mario, Link.MAGIC)
    assert refusal_of(world, magic.token) == "LINK_UNKNOWN"
    with pytest.raises(Unauthenticated):
        world.enter(mint(world, mario))
    with pytest.raises(FailedPrecondition):
        world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=mint(world, mario), new_password=PASSWORD))
    with world.as_person(world.administrator()), pytest.raises(InvalidArgument):
        world.links.SendLink(links_pb2.SendLinkRequest(name=f"accounts/{mario}", purpose=Link.DISOWN))


def test_looking_at_it_changes_nothing_and_of_many_at_once_one_acts(postgres_world: World) -> None:
    mario = postgres_world.with_contact()
    postgres_world.with_password(mario)
    inside, token = sign_in(postgres_world), mint(postgres_world, mario)
    for _ in range(3):
        assert postgres_world.links.InspectLink(links_pb2.InspectLinkRequest(token=token)).state == Link.USABLE
    assert postgres_world.passport(inside)
    assert all_at_once([lambda: disown(postgres_world, token)] * 4) == {"": 1, "LINK_SPENT": 3}
    assert len(changes(postgres_world, CredentialsChanged.LINK_DISOWNED)) == 1


def test_a_deleted_person_disowns_nothing(world: World) -> None:
    mario = world.with_contact()
    token = mint(world, mario)
    world.contacts.contacts.pop(mario)
    world.tell(mario, event_id=uuid.uuid4())
    assert refusal_of(world, token) == "LINK_CANCELLED"
