"""What a passport says, that it is true at each request, and that an ended session is seen at once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from recapito.contacts.v1 import permissions_pb2
from recapito.identity.v1 import accounts_pb2, links_pb2, sessions_pb2

from libs.access import Kind
from libs.errors import InvalidArgument, PermissionDenied, Unauthenticated, Unavailable
from services.identity.domain.roles import ROLES
from tests.integration.identity.world import PASSWORD, World


def opened(world: World, account_id: UUID) -> str:
    """Return the token of an open session of a contact."""
    (minted,) = world.mint(account_id, links_pb2.Link.MAGIC)
    token = world.enter(minted.token).session_token
    world.accept_policy(token)
    return str(token)


def customers_of(world: World, account_id: UUID) -> list[str]:
    return [f"customers/{one.name.split('/')[1]}" for one in world.contacts.contacts[account_id].affiliations]


# --- contents ------------------------------------------------------------------------------------------------------------------------
def test_an_administrators_passport_holds_every_capability_and_sees_all(worlds: World) -> None:
    caller = worlds.caller(worlds.administrator())
    assert (caller.kind, caller.session_state, caller.method) == (Kind.OPERATOR, "OPEN", "PASSWORD")
    assert caller.capabilities == ROLES["roles/administrator"]
    assert caller.sees_all
    assert caller.customer_id is None
    assert caller.fresh_until is not None


@pytest.mark.req("R-IDN-23")
def test_a_contacts_passport_holds_exactly_its_own_permissions_for_one_customer(worlds: World) -> None:
    mario = worlds.with_contact(allowed=("invoices", "projects"), primary=True)
    caller = worlds.caller(opened(worlds, mario))
    assert (caller.kind, caller.account_id, caller.method) == (Kind.CONTACT, mario, "MAGIC_LINK")
    assert caller.permissions == {"INVOICES", "PROJECTS", "PRIMARY"}
    assert f"customers/{caller.customer_id}" == customers_of(worlds, mario)[0]
    assert (caller.capabilities, caller.groups, caller.sees_all) == (frozenset(), frozenset(), False)


def test_permissions_count_from_the_next_request(world: World) -> None:
    mario = world.with_contact(allowed=("invoices",))
    token = opened(world, mario)
    assert world.caller(token).permissions == {"INVOICES"}
    effective = world.contacts.contacts[mario].affiliations[0].effective_permissions
    effective.CopyFrom(permissions_pb2.Permissions(support=permissions_pb2.Permissions.ALLOW, invoices=permissions_pb2.Permissions.DENY))
    assert world.caller(token).permissions == {"SUPPORT"}


def test_a_contact_acts_for_a_customer_of_its_own_and_never_for_another(world: World) -> None:
    mario, laura = world.with_contact(customers=2), world.with_contact(email="laura@acme.example")
    token, (home, other) = opened(world, mario), customers_of(world, mario)
    assert f"customers/{world.caller(token).customer_id}" == home
    assert f"customers/{world.caller(token, other).customer_id}" == other
    assert f"customers/{world.caller(token, customers_of(world, laura)[0]).customer_id}" == home
    del world.contacts.contacts[mario].affiliations[1]
    assert f"customers/{world.caller(token, other).customer_id}" == home


@pytest.mark.req("R-GRP-04")
@pytest.mark.req("R-GRP-10")
def test_an_operators_groups_count_from_the_next_request(worlds: World) -> None:
    administrator, group = worlds.administrator(), f"groups/{uuid.uuid4()}"
    with worlds.as_person(administrator):
        bruno = worlds.accounts.CreateAccount(
            accounts_pb2.CreateAccountRequest(
                account=accounts_pb2.Account(
                    kind=accounts_pb2.Account.OPERATOR, display_name="Bruno", email="bruno@studio.example", roles=["roles/operator"]
                )
            )
        )
    (minted,) = worlds.mint(UUID(bruno.name.split("/")[1]), links_pb2.Link.INVITATION)
    worlds.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=minted.token, new_password=PASSWORD))
    token = worlds.sign_in("bruno@studio.example").session_token
    before = worlds.caller(token)
    assert (before.groups, before.sees_all) == (frozenset(), False)
    assert before.capabilities == ROLES["roles/operator"]
    with worlds.as_person(administrator):
        request = accounts_pb2.UpdateAccountRequest(account=accounts_pb2.Account(name=bruno.name, groups=[group]))
        request.update_mask.paths.append("groups")
        worlds.accounts.UpdateAccount(request)
    assert worlds.caller(token).groups == {UUID(group.split("/")[1])}


def test_a_passport_is_for_the_services_it_names(world: World) -> None:
    token = world.administrator()
    passport = world.sessions.CreatePassport(sessions_pb2.CreatePassportRequest(session_token=token, audience=["contacts"]))
    with pytest.raises(Unauthenticated):
        world.verifier.verify(passport.passport)


def test_only_the_fronts_get_passports(world: World) -> None:
    token = world.administrator()
    stub = type(world.sessions)(world.channel("documents"))
    with pytest.raises(PermissionDenied):
        stub.CreatePassport(sessions_pb2.CreatePassportRequest(session_token=token, audience=["contacts"]))


def test_a_credential_and_an_audience_are_required(world: World) -> None:
    with pytest.raises(InvalidArgument) as refused:
        world.sessions.CreatePassport(sessions_pb2.CreatePassportRequest(audience=["contacts"]))
    assert refused.value.violations[0].field == "session_token"
    with pytest.raises(InvalidArgument) as refused:
        world.sessions.CreatePassport(sessions_pb2.CreatePassportRequest(session_token="x"))
    assert refused.value.violations[0].field == "audience"


# --- the end of a session ------------------------------------------------------------------------------------------------------------
def ended(world: World, token: str) -> bool:
    try:
        world.passport(token)
    except Unauthenticated:
        return True
    return False


def test_an_unknown_token_is_no_session(world: World) -> None:
    assert ended(world, "never made")


def test_signing_out_is_seen_at_the_next_request(worlds: World) -> None:
    token = worlds.administrator()
    with worlds.as_person(token):
        worlds.sessions.DeleteSession(sessions_pb2.DeleteSessionRequest(name="accounts/me/sessions/current"))
    assert ended(worlds, token)


def test_revoking_ends_all_but_the_callers_own(worlds: World) -> None:
    mine = worlds.administrator()
    others = [worlds.sign_in("ada@studio.example").session_token for _ in range(2)]
    with worlds.as_person(mine):
        listed = worlds.sessions.ListSessions(sessions_pb2.ListSessionsRequest(parent="accounts/me")).sessions
        answer = worlds.sessions.RevokeSessions(sessions_pb2.RevokeSessionsRequest(parent="accounts/me"))
    assert (len(listed), answer.revoked_count) == (3, 2)
    assert [ended(worlds, token) for token in [mine, *others]] == [False, True, True]


def test_disabling_an_account_ends_its_sessions(worlds: World) -> None:
    mario = worlds.with_contact()
    token = opened(worlds, mario)
    with worlds.as_person(worlds.administrator()):
        worlds.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=f"accounts/{mario}"))
    assert ended(worlds, token)


@pytest.mark.req("R-IDN-15")
def test_access_that_ended_ends_the_open_session_for_good(worlds: World) -> None:
    mario = worlds.with_contact()
    token = opened(worlds, mario)
    worlds.contacts.contacts[mario].access.end_date = "2020-01-01"
    assert ended(worlds, token)
    worlds.contacts.contacts[mario].access.end_date = ""
    assert ended(worlds, token)


@pytest.mark.req("R-IDN-15")
@pytest.mark.parametrize(("zone", "over"), [("Etc/GMT+12", False), ("Pacific/Kiritimati", True)])
def test_the_last_day_is_a_day_of_the_organisations_zone(world: World, zone: str, over: bool) -> None:
    """Between these two zones the calendar always differs by a day or two."""
    last_day = world.clock().astimezone(ZoneInfo("Etc/GMT+12")).date().isoformat()
    world.contacts.time_zone = zone
    mario = world.with_contact()
    token = opened(world, mario)
    world.contacts.contacts[mario].access.end_date = last_day
    assert ended(world, token) is over


def test_a_session_that_is_used_stays_and_an_idle_one_ends(world: World) -> None:
    token = world.administrator()
    for minutes in (25, 50, 75):
        world.ahead = timedelta(minutes=minutes)
        assert not ended(world, token)
    world.ahead = timedelta(minutes=75 + 31)
    assert ended(world, token)


def test_without_contacts_no_contact_gets_a_passport_and_the_session_survives(world: World) -> None:
    token = opened(world, world.with_contact())
    world.contacts.down = True
    with pytest.raises(Unavailable):
        world.passport(token)
    world.contacts.down = False
    assert not ended(world, token)


def test_the_sessions_of_another_are_not_found(world: World) -> None:
    mario, laura = world.with_contact(), world.with_contact(email="laura@acme.example")
    opened(world, mario)
    with world.as_person(opened(world, laura)), pytest.raises(Exception, match="does not exist"):
        world.sessions.ListSessions(sessions_pb2.ListSessionsRequest(parent=f"accounts/{mario}"))


# --- the first time that somebody is let in ------------------------------------------------------------------------------------------
def test_an_opened_session_is_announced_once_and_only_when_nothing_stands_before_the_pages(worlds: World) -> None:
    mario = worlds.with_contact()
    (minted,) = worlds.mint(mario, links_pb2.Link.MAGIC)
    token = worlds.enter(minted.token).session_token
    worlds.passport(token)
    assert worlds.events() == []
    worlds.accept_policy(token)
    worlds.accept_policy(token)
    worlds.passport(token)
    announced = worlds.events()
    assert [type(event).__name__ for event in announced] == ["PolicyAccepted", "SessionOpened"]
    assert [event.version for event in announced] == [1, 2]
    assert announced[1].customer == customers_of(worlds, mario)[0]
    assert announced[1].method == sessions_pb2.Session.MAGIC_LINK
