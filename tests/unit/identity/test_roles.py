"""Roles, what they allow, and who may give them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from libs import access
from libs.errors import InvalidArgument, PermissionDenied
from services.identity.domain import roles
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.roles import ADMINISTRATOR, METHODLESS, ROLES, SEE_ALL, SEES_ALL, Authority, NameTaken, Role, RoleBuiltIn

NAPLES, ROME = uuid.uuid4(), uuid.uuid4()
OWN = f"roles/{UUID(int=0xABC)}"


def operator(**more: Any) -> Account:
    return replace(Account(uuid.uuid4(), Kind.OPERATOR, "Ada", datetime(2026, 11, 22, tzinfo=UTC)), **more)


def role(display_name: str = "Sportello", *capabilities: str) -> Role:
    return Role(OWN, display_name, frozenset(capabilities))


# --- built in ------------------------------------------------------------------------------------------------------------------------
def test_an_administrator_holds_every_capability_of_the_contract_and_sees_all() -> None:
    assert ROLES[ADMINISTRATOR] == {*access.capabilities(), *METHODLESS}


@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_built_in_role_names_only_capabilities_of_the_contract(name: str) -> None:
    assert ROLES[name] <= {*access.capabilities(), *METHODLESS}


def test_the_built_in_roles_have_a_name_in_each_language() -> None:
    italian, english = roles.built_in("it"), roles.built_in("en")
    assert [one.name for one in italian] == [one.name for one in english] == list(ROLES)
    assert not {one.display_name for one in italian} & {one.display_name for one in english}


def test_a_built_in_role_stays_as_it_is() -> None:
    for one in roles.built_in():
        with pytest.raises(RoleBuiltIn):
            one.changed(display_name="Sportello", capabilities=())


# --- the organisation's own ----------------------------------------------------------------------------------------------------------
def test_capabilities_are_the_union_of_the_roles() -> None:
    both = operator(roles=("roles/accountant", "roles/reader", OWN), granted=frozenset({"contacts.delete"}))
    assert both.capabilities == ROLES["roles/accountant"] | ROLES["roles/reader"] | {"contacts.delete"}


@pytest.mark.req("R-GRP-11")
@pytest.mark.parametrize(
    ("name", "sees_all"), [(ADMINISTRATOR, True), (SEES_ALL, True), ("roles/operator", False), ("roles/reader", False)]
)
def test_only_administrators_and_those_who_may_see_all_are_not_held_to_groups(name: str, sees_all: bool) -> None:
    assert operator(roles=(name,)).sees_all is sees_all
    assert operator(roles=(name, OWN), granted=frozenset({SEE_ALL})).sees_all


@pytest.mark.parametrize(
    "name", ["roles/emperor", "", "roles/", "roles", str(UUID(int=8)), f"groups/{UUID(int=9)}", OWN.upper(), f"roles/{UUID(int=7).hex}"]
)
def test_what_cannot_be_a_role_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        roles.checked_names(["roles/reader", name])
    assert [(one.field, one.reason) for one in refused.value.violations] == [("account.roles", "ROLE_UNKNOWN")]


@pytest.mark.parametrize("name", ["Amministratore", "administrator", " SEES   Everything", "Ａmministratore", "contabile"])
def test_a_role_is_not_called_as_a_built_in_one_in_any_language(name: str) -> None:
    with pytest.raises(NameTaken):
        roles.checked(role().changed(display_name=name, capabilities=()), ())


@pytest.mark.parametrize(
    ("named", "field", "reason"),
    [
        (role(""), "role.display_name", "REQUIRED"),
        (role("Sportello", "contacts.read", "contacts.rule"), "role.capabilities", "UNKNOWN_CAPABILITY"),
        (role("Sportello", ""), "role.capabilities", "UNKNOWN_CAPABILITY"),
    ],
)
def test_a_role_has_a_name_and_only_known_capabilities(named: Role, field: str, reason: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        roles.checked(named, {"contacts.read"})
    assert [(one.field, one.reason) for one in refused.value.violations] == [(field, reason)]


# --- who may give what ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mine", "other", "reason"),
    [
        (Authority(frozenset({"a", "b"})), Authority(frozenset({"a"})), ""),
        (Authority(frozenset({"a"})), Authority(frozenset({"a", "b"})), "MORE_CAPABILITIES"),
        (Authority(frozenset({"a"}), frozenset({NAPLES})), Authority(frozenset({SEE_ALL})), "MORE_CAPABILITIES"),
        (Authority(frozenset(), frozenset({NAPLES})), Authority(frozenset(), frozenset({NAPLES})), ""),
        (Authority(frozenset(), frozenset({NAPLES})), Authority(frozenset(), frozenset({NAPLES, ROME})), "MORE_GROUPS"),
        (Authority(frozenset({SEE_ALL})), Authority(frozenset(), frozenset({NAPLES, ROME})), ""),
    ],
)
def test_nobody_covers_what_it_lacks(mine: Authority, other: Authority, reason: str) -> None:
    try:
        mine.check_covers(other)
        found = ""
    except PermissionDenied as refused:
        found = refused.reason
    assert found == reason
