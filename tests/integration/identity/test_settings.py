"""What the organisation decides about signing in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from recapito.identity.v1 import accounts_pb2, links_pb2, settings_pb2

from libs.errors import Aborted, FailedPrecondition, InvalidArgument, PermissionDenied
from services.identity.service import links
from tests.integration.identity.world import World

Link = links_pb2.Link
CONTACT, OPERATOR = accounts_pb2.Account.CONTACT, accounts_pb2.Account.OPERATOR
READ = settings_pb2.GetIdentitySettingsRequest(name="settings/identity")


def ask(world: World, purpose: Link.Purpose.ValueType, kind: accounts_pb2.Account.Kind.ValueType, email: str) -> None:
    world.links.RequestLink(links_pb2.RequestLinkRequest(purpose=purpose, email=email, kind=kind))


def announced(world: World) -> list[Link.Purpose.ValueType]:
    links.fulfil_requests(uow=world.new_uow())
    return [event.purpose for event in world.events() if hasattr(event, "purpose")]


def test_at_first_people_may_reset_and_nobody_needs_a_second_factor(worlds: World) -> None:
    found = worlds.sign_in_settings.GetIdentitySettings(READ)  # by the portal, for whoever looks at its sign-in page
    assert (found.self_service_reset, found.magic_link_lifetime_days) == (True, 7)
    assert (found.administrators_need_second_factor, found.contacts_may_use_second_factor) == (False, True)


def test_a_change_names_its_fields_and_leaves_the_others(worlds: World) -> None:
    ada = worlds.administrator()
    before = worlds.sign_in_settings.GetIdentitySettings(READ)
    saved = worlds.decide(ada, magic_link_lifetime_days=30)
    assert saved == worlds.sign_in_settings.GetIdentitySettings(READ)
    assert (saved.self_service_reset, saved.magic_link_lifetime_days, saved.contacts_may_use_second_factor) == (True, 30, True)
    assert saved.etag != before.etag
    with pytest.raises(Aborted, match="changed since"):
        worlds.decide(ada, self_service_reset=False, etag=before.etag)


@pytest.mark.parametrize("days", [0, 31])
def test_a_sign_in_link_lives_one_to_thirty_days(world: World, days: int) -> None:
    with pytest.raises(InvalidArgument) as refused:
        world.decide(world.administrator(), magic_link_lifetime_days=days)
    assert refused.value.violations[0].field == "identity_settings.magic_link_lifetime_days"


def test_a_contact_decides_nothing(world: World) -> None:
    mario = world.with_contact()
    world.with_password(mario)
    token = world.sign_in("mario@acme.example").session_token
    world.accept_policy(token)
    with pytest.raises(PermissionDenied):
        world.decide(token, self_service_reset=False)


def test_a_sign_in_link_lives_as_long_as_was_decided(worlds: World) -> None:
    worlds.decide(worlds.administrator(), magic_link_lifetime_days=30)
    worlds.moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    (minted,) = worlds.mint(worlds.with_contact(), Link.MAGIC)
    assert minted.expire_time.ToDatetime(UTC) == worlds.moment + timedelta(days=30)


@pytest.mark.req("R-IDN-19")
def test_where_settings_allow_it_a_contact_resets_its_own_password(world: World) -> None:
    world.with_password(world.with_contact())
    ask(world, Link.RESET_PASSWORD, CONTACT, "mario@acme.example")
    assert announced(world) == [Link.RESET_PASSWORD]


@pytest.mark.req("R-IDN-20")
def test_where_settings_forbid_it_only_an_operator_helps_a_contact(worlds: World) -> None:
    ada, mario = worlds.administrator(), worlds.with_contact()
    worlds.with_password(mario)
    worlds.decide(ada, self_service_reset=False)
    for kind in (CONTACT, accounts_pb2.Account.KIND_UNSPECIFIED):
        with pytest.raises(FailedPrecondition) as refused:
            ask(worlds, Link.RESET_PASSWORD, kind, "mario@acme.example")
        assert refused.value.reason == "SELF_SERVICE_RESET_OFF"
    ask(worlds, Link.MAGIC, CONTACT, "mario@acme.example")
    ask(worlds, Link.RESET_PASSWORD, OPERATOR, "ada@studio.example")  # whom nobody else may be left to help
    with worlds.as_person(ada):
        worlds.links.SendLink(links_pb2.SendLinkRequest(name=f"accounts/{mario}", purpose=Link.SET_PASSWORD))
    assert sorted(announced(worlds)) == sorted([Link.MAGIC, Link.RESET_PASSWORD, Link.SET_PASSWORD])
