"""Operators: invited, changed, disabled; and who may act on whom."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from recapito.identity.v1 import accounts_pb2 as pb
from recapito.identity.v1 import links_pb2, sessions_pb2

from libs.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ServiceError
from services.identity import __main__ as identity
from tests.integration.identity.operators import invite, joined, update
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World


# --- the first administrator ---------------------------------------------------------------------------------------------------------
def test_the_first_start_invites_an_administrator_and_later_starts_do_nothing(worlds: World) -> None:
    first = identity.bootstrap_administrator(worlds.settings, "ada@studio.example", "Ada")
    again = identity.bootstrap_administrator(worlds.settings, "ada@studio.example", "Ada")
    with pytest.raises(FailedPrecondition):  # the newer invitation took the place of the older one
        worlds.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=first, new_password=PASSWORD))
    worlds.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=again, new_password=PASSWORD))
    assert worlds.caller(worlds.sign_in("ada@studio.example").session_token).sees_all
    assert identity.bootstrap_administrator(worlds.settings, "ada@studio.example", "Ada") == ""
    assert identity.bootstrap_administrator(worlds.settings, "other@studio.example", "Other", OTHER_PASSWORD) == ""
    with worlds.as_person(worlds.sign_in("ada@studio.example").session_token):
        assert len(worlds.accounts.ListAccounts(pb.ListAccountsRequest()).accounts) == 1


def test_with_a_password_the_first_administrator_signs_in_at_once(world: World) -> None:
    assert identity.bootstrap_administrator(world.settings, "ada@studio.example", "Ada", PASSWORD) == ""
    assert world.sign_in("ada@studio.example").session_token


# --- created and changed -------------------------------------------------------------------------------------------------------------
def test_an_invited_operator_sets_a_password_and_becomes_active(worlds: World) -> None:
    administrator = worlds.administrator()
    with worlds.as_person(administrator):
        account = invite(worlds)
    assert (account.state, account.password_set) == (pb.Account.INVITED, False)
    (event,) = [event for event in worlds.events() if type(event).__name__ == "LinkRequested"]
    assert (event.purpose, event.email) == (links_pb2.Link.INVITATION, "bruno@studio.example")
    (minted,) = worlds.mint(UUID(account.name.split("/")[1]), links_pb2.Link.INVITATION)
    worlds.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=minted.token, new_password=PASSWORD))
    with worlds.as_person(worlds.sign_in("bruno@studio.example").session_token):
        mine = worlds.accounts.GetAccount(pb.GetAccountRequest(name="accounts/me"))
    assert (mine.state, mine.password_set, mine.HasField("last_sign_in_time")) == (pb.Account.ACTIVE, True, True)


def test_creating_again_with_the_same_request_id_answers_the_same_and_with_another_body_is_refused(worlds: World) -> None:
    account = pb.Account(kind=pb.Account.OPERATOR, display_name="Bruno", email="bruno@studio.example")
    request = pb.CreateAccountRequest(account=account, request_id="once")
    with worlds.as_person(worlds.administrator()):
        assert worlds.accounts.CreateAccount(request).name == worlds.accounts.CreateAccount(request).name
        request.account.display_name = "Carlo"
        with pytest.raises(AlreadyExists) as reused:
            worlds.accounts.CreateAccount(request)
    assert reused.value.reason == "REQUEST_ID_REUSED"


def test_an_address_is_one_operators_whatever_its_letters(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        invite(worlds)
        with pytest.raises(AlreadyExists) as taken:
            invite(worlds, "BRUNO@studio.example")
        assert taken.value.reason == "EMAIL_TAKEN"
        carla = invite(worlds, "carla@studio.example")
        carla.email = "bruno@studio.example"
        with pytest.raises(AlreadyExists):
            update(worlds, carla, "email")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": pb.Account.CONTACT}, "account.kind"),
        ({"kind": pb.Account.SERVICE}, "account.email"),
        ({"email": ""}, "account.email"),
        ({"email": "no address"}, "account.email"),
        ({"display_name": ""}, "account.display_name"),
        ({"display_name": "x" * 201}, "account.display_name"),
        ({"display_name": "a\x00b"}, "account.display_name"),
        ({"roles": ["roles/emperor"]}, "account.roles"),
        ({"groups": ["groups/none"]}, "account.groups[0]"),
        ({"language_code": "italiano"}, "account.language_code"),
    ],
)
def test_bad_input_is_refused_by_its_field(world: World, more: dict[str, Any], field: str) -> None:
    with world.as_person(world.administrator()), pytest.raises(InvalidArgument) as refused:
        invite(world, **more)
    assert field in {violation.field for violation in refused.value.violations}


def test_only_what_the_mask_names_changes_and_a_stale_etag_is_refused(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        bruno = invite(worlds)
        changed = update(worlds, pb.Account(name=bruno.name, etag=bruno.etag, display_name="Bruno Neri"), "display_name")
        assert (changed.display_name, changed.email, list(changed.roles)) == ("Bruno Neri", bruno.email, ["roles/operator"])
        with pytest.raises(ServiceError) as stale:
            update(worlds, pb.Account(name=bruno.name, etag=bruno.etag, display_name="x"), "display_name")
        assert stale.value.reason == "ETAG_MISMATCH"
        for path in ("state", "kind", "access_version", "password_set", "nothing"):
            with pytest.raises(InvalidArgument) as refused:
                update(worlds, pb.Account(name=bruno.name), path)
            assert refused.value.violations[0].field == "update_mask"


def test_a_changed_address_ends_the_sessions_and_the_links_of_an_operator(world: World) -> None:
    administrator = world.administrator()
    token = joined(world, administrator)
    with world.as_person(administrator):
        bruno = world.accounts.ListAccounts(pb.ListAccountsRequest(filter='email = "bruno@studio.example"')).accounts[0]
        update(world, pb.Account(name=bruno.name, email="bruno@new.example"), "email")
    with pytest.raises(ServiceError):
        world.passport(token)
    assert world.sign_in("bruno@new.example").session_token


def test_the_account_of_a_contact_is_changed_in_contacts(world: World) -> None:
    mario = world.with_contact()
    world.tell(mario)
    with world.as_person(world.administrator()), pytest.raises(FailedPrecondition) as refused:
        update(world, pb.Account(name=f"accounts/{mario}", display_name="x"), "display_name")
    assert refused.value.reason == "NOT_AN_OPERATOR"


def test_an_account_whose_event_has_not_come_is_asked_from_contacts(world: World) -> None:
    mario = world.with_contact()
    with world.as_person(world.administrator()):
        assert world.accounts.GetAccount(pb.GetAccountRequest(name=f"accounts/{mario}")).email == "mario@acme.example"
        with pytest.raises(NotFound):
            world.accounts.GetAccount(pb.GetAccountRequest(name=f"accounts/{uuid.uuid4()}"))


# --- the last administrator ----------------------------------------------------------------------------------------------------------
def test_the_last_administrator_stays_one(worlds: World) -> None:
    token = worlds.administrator()
    with worlds.as_person(token):
        me = worlds.accounts.GetAccount(pb.GetAccountRequest(name="accounts/me"))
        calls: list[Callable[[], Any]] = [
            lambda: update(worlds, pb.Account(name=me.name, roles=["roles/reader"]), "roles"),
            lambda: worlds.accounts.DisableAccount(pb.DisableAccountRequest(name=me.name)),
        ]
        for call in calls:
            with pytest.raises(FailedPrecondition) as refused:
                call()
            assert refused.value.reason == "LAST_ADMINISTRATOR"
        invite(worlds, roles=["roles/administrator"])
        assert list(update(worlds, pb.Account(name=me.name, roles=["roles/reader"]), "roles").roles) == ["roles/reader"]


# --- disabled and enabled ------------------------------------------------------------------------------------------------------------
def test_a_disabled_operator_is_out_at_once_and_comes_back_with_the_same_password(worlds: World) -> None:
    administrator = worlds.administrator()
    token = joined(worlds, administrator)
    with worlds.as_person(token):
        name = worlds.accounts.GetAccount(pb.GetAccountRequest(name="accounts/me")).name
    with worlds.as_person(administrator):
        assert worlds.accounts.DisableAccount(pb.DisableAccountRequest(name=name)).state == pb.Account.DISABLED
    for call in (lambda: worlds.passport(token), lambda: worlds.sign_in("bruno@studio.example", ip="198.51.100.9")):
        with pytest.raises(ServiceError):
            call()
    with worlds.as_person(administrator):
        assert worlds.accounts.EnableAccount(pb.EnableAccountRequest(name=name)).state == pb.Account.ACTIVE
    assert worlds.sign_in("bruno@studio.example").session_token


# --- who may act on whom -------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-11")
def test_an_operator_acts_on_contacts_of_its_groups_alone(worlds: World) -> None:
    administrator, naples, rome = worlds.administrator(), uuid.uuid4(), uuid.uuid4()
    bruno = joined(worlds, administrator, groups=[f"groups/{naples}"])
    seen = worlds.with_contact(email="seen@acme.example", groups=(naples, rome))
    hidden = worlds.with_contact(email="hidden@acme.example", groups=(rome,))
    free = worlds.with_contact(email="free@acme.example")
    for contact in (seen, hidden, free):
        worlds.tell(contact)
    with worlds.as_person(bruno):
        contacts = worlds.accounts.ListAccounts(pb.ListAccountsRequest(filter="kind = CONTACT")).accounts
        assert [account.name for account in contacts] == [f"accounts/{seen}"]
        assert worlds.links.ListLinks(links_pb2.ListLinksRequest(parent=f"accounts/{seen}")).links == []
        for contact in (hidden, free, uuid.uuid4()):
            name = f"accounts/{contact}"
            calls: list[Callable[[], Any]] = [
                partial(worlds.accounts.GetAccount, pb.GetAccountRequest(name=name)),
                partial(worlds.links.ListLinks, links_pb2.ListLinksRequest(parent=name)),
                partial(worlds.links.SendLink, links_pb2.SendLinkRequest(name=name, purpose=links_pb2.Link.SET_PASSWORD)),
                partial(worlds.sessions.ListSessions, sessions_pb2.ListSessionsRequest(parent=name)),
                partial(worlds.accounts.SetTemporaryPassword, pb.SetTemporaryPasswordRequest(name=name, password=OTHER_PASSWORD)),
            ]
            for call in calls:
                with pytest.raises(NotFound):
                    call()


def test_whoever_helps_contacts_cannot_take_over_an_operator(world: World) -> None:
    administrator = world.administrator()
    bruno = joined(world, administrator)
    with world.as_person(administrator):
        ada = world.accounts.GetAccount(pb.GetAccountRequest(name="accounts/me")).name
    with world.as_person(bruno):
        for call in (
            lambda: world.accounts.SetTemporaryPassword(pb.SetTemporaryPasswordRequest(name=ada, password=OTHER_PASSWORD)),
            lambda: world.links.SendLink(links_pb2.SendLinkRequest(name=ada, purpose=links_pb2.Link.SET_PASSWORD)),
            lambda: world.sessions.RevokeSessions(sessions_pb2.RevokeSessionsRequest(parent=ada)),
            lambda: world.accounts.DisableAccount(pb.DisableAccountRequest(name=ada)),
        ):
            with pytest.raises(PermissionDenied):
                call()


def test_a_sensitive_act_needs_a_fresh_sign_in(world: World) -> None:
    token = world.administrator()
    with world.new_uow() as uow:
        session = uow.sessions.signed_in(token)
        assert session is not None
        uow.connection.exec_driver_sql("UPDATE sessions SET fresh_until = '2020-01-01 00:00:00.000000'")
        uow.commit()
    world.ahead = timedelta()
    with world.as_person(token), pytest.raises(PermissionDenied) as refused:
        invite(world)
    assert refused.value.reason == "NOT_FRESH"


# --- lists ---------------------------------------------------------------------------------------------------------------------------
def test_accounts_are_listed_searched_filtered_and_paged(worlds: World) -> None:
    administrator = worlds.administrator()
    for number in range(5):
        worlds.tell(worlds.with_contact(email=f"p{number}@acme.example"))
    with worlds.as_person(administrator):
        invite(worlds, display_name="Bruno Neri")

        def names(**asked: Any) -> list[str]:
            return [account.email for account in worlds.accounts.ListAccounts(pb.ListAccountsRequest(**asked)).accounts]

        assert len(names()) == 7
        assert names(query="neri") == ["bruno@studio.example"]
        assert names(query="P3@") == ["p3@acme.example"]
        assert names(query="100%_") == []
        assert names(filter="role = roles/administrator") == ["ada@studio.example"]
        assert names(filter="last_sign_in_time != null") == ["ada@studio.example"]
        pages, token = [], ""
        while True:
            page = worlds.accounts.ListAccounts(pb.ListAccountsRequest(page_size=3, page_token=token))
            pages.append([account.name for account in page.accounts])
            token = page.next_page_token
            if not token:
                break
        assert [len(page) for page in pages] == [3, 3, 1]
        assert len({name for page in pages for name in page}) == 7
        for bad in ({"filter": "nothing = 1"}, {"order_by": "email"}, {"page_token": "x"}):
            with pytest.raises(InvalidArgument):
                names(**bad)


def test_accounts_are_filtered_by_their_groups(worlds: World) -> None:
    naples, rome = uuid.uuid4(), uuid.uuid4()
    for number, groups in enumerate([(naples,), (naples, rome), ()]):
        worlds.tell(worlds.with_contact(email=f"p{number}@acme.example", groups=groups))
    with worlds.as_person(worlds.administrator()):

        def found(wanted: str) -> list[str]:
            asked = pb.ListAccountsRequest(filter=f"kind = CONTACT AND {wanted}")
            return sorted(account.email[:2] for account in worlds.accounts.ListAccounts(asked).accounts)

        assert found(f'group = "groups/{naples}"') == ["p0", "p1"]
        assert found(f'group = "groups/{rome}"') == ["p1"]
        assert found(f'group != "groups/{rome}"') == ["p0", "p2"]
        assert found(f'NOT group = "groups/{naples}"') == ["p2"]
        assert found("group = null") == ["p2"]
        assert found("group != null") == ["p0", "p1"]


def test_a_retried_verb_answers_the_same_and_acts_once(worlds: World) -> None:
    mario = worlds.with_contact()
    name = f"accounts/{mario}"
    worlds.tell(mario)
    with worlds.as_person(worlds.administrator()):
        for call in (
            partial(worlds.accounts.DisableAccount, pb.DisableAccountRequest(name=name, request_id="a")),
            partial(worlds.accounts.EnableAccount, pb.EnableAccountRequest(name=name, request_id="b")),
            partial(
                worlds.accounts.SetTemporaryPassword, pb.SetTemporaryPasswordRequest(name=name, password=OTHER_PASSWORD, request_id="c")
            ),
        ):
            first = call()
            assert call().etag == first.etag
        assert worlds.accounts.EnableAccount(pb.EnableAccountRequest(name=name)).etag == first.etag  # it is enabled: nothing changes
    assert [type(event).__name__ for event in worlds.events()].count("CredentialsChanged") == 1
