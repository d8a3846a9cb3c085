"""Roles of the organisation's own; who may give what, and when it counts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from recapito.identity.v1 import accounts_pb2, links_pb2, sessions_pb2
from recapito.identity.v1 import roles_pb2 as pb

from libs import access
from libs.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ServiceError
from services.identity.domain.roles import METHODLESS, ROLES, SEE_ALL
from tests.integration.identity.operators import change_role, invite, joined, update, with_role
from tests.integration.identity.world import OTHER_PASSWORD, World

DESK = ("contacts.read", "contacts.write", "identity.read")


def delete(world: World, role: pb.Role, **more: str) -> None:
    world.roles.DeleteRole(pb.DeleteRoleRequest(name=role.name, **more))


def own_account(world: World, token: str) -> accounts_pb2.Account:
    with world.as_person(token):
        return world.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me"))


# --- made, changed, deleted ----------------------------------------------------------------------------------------------------------
def test_a_role_is_created_read_changed_and_deleted(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        made = with_role(worlds, " Sportello ", *DESK)
        assert (made.display_name, list(made.capabilities), made.built_in) == ("Sportello", sorted(DESK), False)
        assert worlds.roles.GetRole(pb.GetRoleRequest(name=made.name)) == made
        renamed = change_role(worlds, pb.Role(name=made.name, etag=made.etag, display_name="Banco"), "display_name")
        assert (renamed.display_name, list(renamed.capabilities)) == ("Banco", sorted(DESK))
        with pytest.raises(ServiceError) as stale:
            change_role(worlds, pb.Role(name=made.name, etag=made.etag), "capabilities")
        assert stale.value.reason == "ETAG_MISMATCH"
        with pytest.raises(ServiceError) as stale:
            delete(worlds, made, etag=made.etag)
        assert stale.value.reason == "ETAG_MISMATCH"
        assert list(change_role(worlds, pb.Role(name=made.name), "capabilities").capabilities) == []
        delete(worlds, made)
        with pytest.raises(NotFound):
            worlds.roles.GetRole(pb.GetRoleRequest(name=made.name))


def test_a_retry_makes_and_deletes_a_role_once(worlds: World) -> None:
    request = pb.CreateRoleRequest(role=pb.Role(display_name="Sportello", capabilities=DESK), request_id="once")
    with worlds.as_person(worlds.administrator()):
        made = worlds.roles.CreateRole(request)
        assert worlds.roles.CreateRole(request) == made
        changing = pb.UpdateRoleRequest(role=pb.Role(name=made.name, display_name="Banco", etag=made.etag), request_id="twice")
        changing.update_mask.paths.append("display_name")
        assert worlds.roles.UpdateRole(changing) == worlds.roles.UpdateRole(changing)
        for _ in range(2):
            delete(worlds, made, request_id="gone")
        request.role.display_name = "Banco"
        with pytest.raises(AlreadyExists) as reused:
            worlds.roles.CreateRole(request)
    assert reused.value.reason == "REQUEST_ID_REUSED"


def test_roles_are_listed_the_built_in_ones_first_and_paged(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        for name in ("ﷺ" * 100, "banco", "Àncora", "Zeta"):
            with_role(worlds, name)
        whole = worlds.roles.ListRoles(pb.ListRolesRequest()).roles
        paged: list[pb.Role] = []
        token = ""
        while True:
            page = worlds.roles.ListRoles(pb.ListRolesRequest(page_size=2, page_token=token))
            paged += page.roles
            if not (token := page.next_page_token):
                break
    assert paged == list(whole)
    assert [role.name for role in whole if role.built_in] == [role.name for role in whole][: len(ROLES)] == list(ROLES)
    assert [role.display_name for role in whole][len(ROLES) :] == ["banco", "Zeta", "Àncora", "ﷺ" * 100]


@pytest.mark.parametrize(
    ("role", "field", "reason"),
    [
        (pb.Role(display_name=" "), "role.display_name", "REQUIRED"),
        (pb.Role(display_name="x" * 101), "role.display_name", "STRING_MAX_LEN"),
        (pb.Role(display_name="a\x00b"), "role.display_name", ""),
        (pb.Role(display_name="x", capabilities=["contacts.read", "contacts.rule"]), "role.capabilities", "UNKNOWN_CAPABILITY"),
        (pb.Role(display_name="x", capabilities=[""]), "role.capabilities", "UNKNOWN_CAPABILITY"),
        (pb.Role(display_name="x", capabilities=["contacts.read contacts.write"]), "role.capabilities", "UNKNOWN_CAPABILITY"),
    ],
)
def test_a_bad_role_is_refused_by_its_field(world: World, role: pb.Role, field: str, reason: str) -> None:
    with world.as_person(world.administrator()), pytest.raises(InvalidArgument) as refused:
        world.roles.CreateRole(pb.CreateRoleRequest(role=role))
    assert field in {violation.field for violation in refused.value.violations}
    assert reason in {"", refused.value.reason, *(violation.reason for violation in refused.value.violations)}


def test_two_roles_do_not_share_a_name_whatever_its_letters(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        with_role(worlds, "Sportello")
        other = with_role(worlds, "Banco")
        calls: list[Callable[[], Any]] = [
            partial(with_role, worlds, " SPORTELLO"),
            partial(with_role, worlds, "Amministratore"),
            partial(with_role, worlds, "reader"),
            partial(change_role, worlds, pb.Role(name=other.name, display_name="sportello"), "display_name"),
            partial(change_role, worlds, pb.Role(name=other.name, display_name="Administrator"), "display_name"),
        ]
        for call in calls:
            with pytest.raises(AlreadyExists) as taken:
                call()
            assert taken.value.reason == "NAME_TAKEN"


def test_a_built_in_role_is_neither_changed_nor_deleted(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        for role in worlds.roles.ListRoles(pb.ListRolesRequest()).roles:
            role.capabilities.append("contacts.delete")
            for call in (partial(change_role, worlds, role, "capabilities"), partial(delete, worlds, role)):
                with pytest.raises(FailedPrecondition) as refused:
                    call()
                assert refused.value.reason == "ROLE_BUILT_IN"


@pytest.mark.parametrize("path", ["name", "built_in", "etag", "nothing", "*"])
def test_nothing_else_of_a_role_is_changed(world: World, path: str) -> None:
    with world.as_person(world.administrator()):
        role = with_role(world, "Sportello")
        with pytest.raises(InvalidArgument) as refused:
            change_role(world, role, path)
    assert refused.value.violations[0].field == "update_mask"


def test_a_role_in_use_is_not_deleted(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        role = with_role(worlds, "Sportello", *DESK)
        bruno = invite(worlds, roles=[role.name, "roles/reader"])
        assert list(bruno.roles) == sorted([role.name, "roles/reader"])
        with pytest.raises(FailedPrecondition) as refused:
            delete(worlds, role)
        assert refused.value.reason == "ROLE_IN_USE"
        update(worlds, accounts_pb2.Account(name=bruno.name, roles=["roles/reader"]), "roles")
        delete(worlds, role)


def test_a_role_that_does_not_exist_is_not_given(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        bruno = invite(worlds)
        gone = with_role(worlds, "Sportello")
        delete(worlds, gone)
        for name in (gone.name, f"roles/{uuid.uuid4()}", "roles/emperor"):
            for call in (
                partial(invite, worlds, "carla@studio.example", roles=[name]),
                partial(update, worlds, accounts_pb2.Account(name=bruno.name, roles=[name]), "roles"),
            ):
                with pytest.raises(InvalidArgument) as refused:
                    call()
                assert (refused.value.violations[0].field, refused.value.reason) == ("account.roles", "ROLE_UNKNOWN")
        accounts = worlds.accounts.ListAccounts(accounts_pb2.ListAccountsRequest(query="carla")).accounts
        assert list(accounts) == []


# --- capabilities --------------------------------------------------------------------------------------------------------------------
def test_every_capability_is_listed_with_the_methods_of_all_services_that_ask_for_it(world: World) -> None:
    with world.as_person(world.administrator()):
        listed: dict[str, list[str]] = {}
        token = ""
        while True:
            page = world.roles.ListCapabilities(pb.ListCapabilitiesRequest(page_size=5, page_token=token))
            listed |= {capability.id: list(capability.methods) for capability in page.capabilities}
            if not (token := page.next_page_token):
                break
    assert listed == {**access.capabilities(), **{capability: [] for capability in METHODLESS}}
    assert listed["documents.issue"] == ["recapito.documents.v1.Invoices.IssueInvoice"]
    assert "recapito.identity.v1.Roles.CreateRole" in listed["identity.accounts"]
    assert {capability.partition(".")[0] for capability in listed} == {"contacts", "documents", "identity", "notifications"}


# --- it counts from the next request -------------------------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-10")
def test_a_changed_role_counts_from_the_next_passport_of_its_holders(worlds: World) -> None:
    administrator = worlds.administrator()
    with worlds.as_person(administrator):
        role = with_role(worlds, "Sportello", *DESK)
    bruno = joined(worlds, administrator, roles=[role.name, "roles/accountant"])
    assert worlds.caller(bruno).capabilities == ROLES["roles/accountant"] | set(DESK)
    with worlds.as_person(administrator):
        change_role(worlds, pb.Role(name=role.name, capabilities=["contacts.read", SEE_ALL]), "capabilities")
    seen = worlds.caller(bruno)
    assert (seen.capabilities, seen.sees_all) == (ROLES["roles/accountant"] | {"contacts.read", SEE_ALL}, True)
    with worlds.as_person(administrator):
        change_role(worlds, pb.Role(name=role.name, capabilities=["contacts.read"]), "capabilities")
    assert not worlds.caller(bruno).sees_all
    name = own_account(worlds, bruno).name
    with worlds.as_person(administrator):
        update(worlds, accounts_pb2.Account(name=name, roles=["roles/reader"]), "roles")
    assert worlds.caller(bruno).capabilities == ROLES["roles/reader"]


@pytest.mark.req("R-GRP-10")
def test_changed_groups_count_from_the_next_passport(worlds: World) -> None:
    administrator, naples, rome = worlds.administrator(), uuid.uuid4(), uuid.uuid4()
    bruno = joined(worlds, administrator, groups=[f"groups/{naples}"])
    assert worlds.caller(bruno).groups == {naples}
    changed = own_account(worlds, bruno)
    with worlds.as_person(administrator):
        changed.groups[:] = [f"groups/{rome}"]
        assert update(worlds, changed, "groups").access_version == changed.access_version + 1
    assert worlds.caller(bruno).groups == {rome}


@pytest.mark.req("R-GRP-04")
def test_operators_are_found_by_role_and_by_group(worlds: World) -> None:
    naples = uuid.uuid4()
    with worlds.as_person(worlds.administrator()):
        role = with_role(worlds, "Sportello", *DESK)
        invite(worlds, "bruno@studio.example", roles=[role.name], groups=[f"groups/{naples}"])
        invite(worlds, "carla@studio.example", roles=["roles/reader", role.name])
        invite(worlds, "dario@studio.example", roles=[])

        def names(filter_: str) -> list[str]:
            found = worlds.accounts.ListAccounts(accounts_pb2.ListAccountsRequest(filter=filter_)).accounts
            return sorted(account.email.partition("@")[0] for account in found)

        assert names(f'role = "{role.name}"') == ["bruno", "carla"]
        assert names(f'role != "{role.name}"') == ["ada", "dario"]
        assert names("role = roles/reader") == ["carla"]
        assert names("role = null") == ["dario"]
        assert names("role:*") == ["ada", "bruno", "carla"]
        assert names(f"group = groups/{naples}") == ["bruno"]
        assert names(f'group = "{naples}" AND role = "{role.name}"') == ["bruno"]


# --- nobody gives, or touches, more than it holds ------------------------------------------------------------------------------------
@pytest.fixture
def office(worlds: World) -> tuple[World, str, str]:
    """An administrator, and Bruno, who administers the operators of Naples and may do little else."""
    administrator = worlds.administrator()
    with worlds.as_person(administrator):
        role = with_role(worlds, "Capo ufficio", "contacts.read", "identity.accounts", "identity.access", "identity.read")
    return worlds, administrator, joined(worlds, administrator, roles=[role.name], groups=[f"groups/{NAPLES}"])


NAPLES, ROME = UUID(int=1), UUID(int=2)


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(PermissionDenied) as error:
        call()
    return error.value.reason


def test_nobody_gives_a_capability_it_lacks(office: tuple[World, str, str]) -> None:
    """Rules 1 and 30: neither by a role, nor by an account, its own least of all."""
    world, administrator, bruno = office
    me = own_account(world, bruno)
    with world.as_person(administrator):
        issuing = with_role(world, "Emette fatture", "documents.issue")
        reading = with_role(world, "Legge", "contacts.read")
    with world.as_person(bruno):
        carla = invite(world, "carla@studio.example", roles=[reading.name])
        calls: list[Callable[[], Any]] = [
            partial(with_role, world, "Tutto", "documents.issue"),
            partial(with_role, world, "Tutto", SEE_ALL),
            partial(change_role, world, pb.Role(name=me.roles[0], capabilities=["documents.issue"]), "capabilities"),
            partial(change_role, world, pb.Role(name=issuing.name, display_name="Emette"), "display_name"),
            partial(change_role, world, pb.Role(name=issuing.name), "capabilities"),
            partial(delete, world, issuing),
            *(
                partial(update, world, accounts_pb2.Account(name=name, roles=[*me.roles, role]), "roles")
                for name in (me.name, carla.name)
                for role in ("roles/administrator", "roles/sees-all", "roles/accountant", issuing.name)
            ),
            *(partial(invite, world, "d@studio.example", roles=[role]) for role in ("roles/administrator", issuing.name)),
        ]
        assert [refused(call) for call in calls] == ["MORE_CAPABILITIES"] * len(calls)
        allowed = with_role(world, "Legge anche", "contacts.read")
        assert list(update(world, accounts_pb2.Account(name=carla.name, roles=[allowed.name]), "roles").roles) == [allowed.name]
        delete(world, reading)
    assert world.caller(bruno).capabilities == {"contacts.read", "identity.accounts", "identity.access", "identity.read"}


@pytest.mark.req("R-GRP-04")
def test_nobody_gives_a_group_it_does_not_see(office: tuple[World, str, str]) -> None:
    world, _, bruno = office
    me = own_account(world, bruno)
    both = [f"groups/{NAPLES}", f"groups/{ROME}"]
    with world.as_person(bruno):
        carla = invite(world, "carla@studio.example", roles=[], groups=both[:1])
        calls: list[Callable[[], Any]] = [
            *(partial(update, world, accounts_pb2.Account(name=name, groups=both), "groups") for name in (me.name, carla.name)),
            partial(invite, world, "d@studio.example", roles=[], groups=both[1:]),
        ]
        assert [refused(call) for call in calls] == ["MORE_GROUPS"] * 3
        assert list(update(world, accounts_pb2.Account(name=carla.name), "groups").groups) == []


@pytest.mark.parametrize("more", [{"roles": ["roles/accountant"]}, {"roles": [], "groups": [f"groups/{ROME}"]}], ids=["role", "group"])
def test_an_account_that_holds_more_is_not_touched(office: tuple[World, str, str], more: dict[str, Any]) -> None:
    """Whoever could change its address, send it a link or type its password could act as its holder."""
    world, administrator, bruno = office
    with world.as_person(administrator):
        dario = invite(world, "dario@studio.example", **more)
        world.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=dario.name))
    with world.as_person(bruno):
        calls: list[Callable[[], Any]] = [
            partial(update, world, accounts_pb2.Account(name=dario.name, email="bruno2@studio.example"), "email"),
            partial(update, world, accounts_pb2.Account(name=dario.name), "roles", "groups"),
            partial(world.accounts.DisableAccount, accounts_pb2.DisableAccountRequest(name=dario.name)),
            partial(world.accounts.EnableAccount, accounts_pb2.EnableAccountRequest(name=dario.name)),
            partial(
                world.accounts.SetTemporaryPassword, accounts_pb2.SetTemporaryPasswordRequest(name=dario.name, password=OTHER_PASSWORD)
            ),
            partial(world.links.SendLink, links_pb2.SendLinkRequest(name=dario.name, purpose=links_pb2.Link.INVITATION)),
            partial(world.links.ListLinks, links_pb2.ListLinksRequest(parent=dario.name)),
            partial(world.sessions.ListSessions, sessions_pb2.ListSessionsRequest(parent=dario.name)),
            partial(world.sessions.RevokeSessions, sessions_pb2.RevokeSessionsRequest(parent=dario.name)),
        ]
        expected = "MORE_GROUPS" if "groups" in more else "MORE_CAPABILITIES"
        assert [refused(call) for call in calls] == [expected] * len(calls)
        assert world.accounts.GetAccount(accounts_pb2.GetAccountRequest(name=dario.name)).display_name == "Bruno"


def test_an_equal_may_be_helped(office: tuple[World, str, str]) -> None:
    world, _, bruno = office
    roles = list(own_account(world, bruno).roles)
    with world.as_person(bruno):
        carla = invite(world, "carla@studio.example", roles=roles, groups=[f"groups/{NAPLES}"])
        world.links.SendLink(links_pb2.SendLinkRequest(name=carla.name, purpose=links_pb2.Link.INVITATION))
        world.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=carla.name))
        assert update(world, accounts_pb2.Account(name=carla.name, email="c@studio.example"), "email").email == "c@studio.example"


def test_whoever_sees_all_gives_any_group(worlds: World) -> None:
    administrator = worlds.administrator()
    with worlds.as_person(administrator):
        role = with_role(worlds, "Direzione", "identity.accounts", SEE_ALL)
    direction = joined(worlds, administrator, roles=[role.name])
    with worlds.as_person(direction):
        assert invite(worlds, "carla@studio.example", roles=["roles/sees-all"], groups=[f"groups/{ROME}"])


def test_giving_a_role_and_deleting_it_at_once_leaves_no_dangling_role(worlds: World) -> None:
    """The database decides: whichever comes second is refused."""
    with worlds.as_person(worlds.administrator()):
        bruno, role = invite(worlds), with_role(worlds, "Sportello")
        with worlds.new_uow() as giving:
            account = giving.accounts.get(UUID(bruno.name.split("/")[1]))
            stored = giving.roles.get(role.name)
            giving.roles.delete(stored)
            with pytest.raises(InvalidArgument):
                giving.accounts.save(account.changed(**_same(account), roles=[role.name]))


def _same(account: Any) -> dict[str, Any]:
    return {name: getattr(account, name) for name in ("display_name", "email", "language_code", "groups")}
