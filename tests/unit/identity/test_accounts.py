"""Roles, logins, and how an account follows its contact."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from recapito.access.v1 import access_pb2

from libs.errors import InvalidArgument
from services.identity.domain import accounts
from services.identity.domain.accounts import ADMINISTRATOR, ROLES, SEES_ALL, Account, Kind, State
from services.identity.domain.contacts import Access, Contact

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DESCRIPTORS = Path(__file__).parents[3] / "protos" / "recapito" / "descriptors.binpb"


def operator(**more: Any) -> Account:
    return replace(Account(uuid.uuid4(), Kind.OPERATOR, "Ada", NOW, email="ada@studio.example"), **more)


def contact(**more: Any) -> Contact:
    return replace(Contact(uuid.uuid4(), "Mario Rossi", "mario@acme.example", access=Access(enabled=True)), **more)


def capabilities_of_the_contract() -> set[str]:
    """Every capability that a rule of any .proto names."""
    pool, found = descriptor_pool.Default(), set()
    files = descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    message_factory.GetMessageClassesForFiles([], pool)
    for file in files.file:
        for service in file.service:
            for method in service.method:
                options = descriptor_pb2.MethodOptions.FromString(method.options.SerializeToString())
                found.add(options.Extensions[access_pb2.rule].operator)
    return found - {""}


# --- roles ---------------------------------------------------------------------------------------------------------------------------
def test_an_administrator_holds_every_capability_of_the_contract() -> None:
    assert ROLES[ADMINISTRATOR] == capabilities_of_the_contract()


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_names_only_capabilities_of_the_contract(role: str) -> None:
    assert ROLES[role] <= capabilities_of_the_contract()


def test_capabilities_are_the_union_of_the_roles() -> None:
    both = operator(roles=("roles/accountant", "roles/reader"))
    assert both.capabilities == ROLES["roles/accountant"] | ROLES["roles/reader"]


@pytest.mark.req("R-GRP-11")
@pytest.mark.parametrize(
    ("role", "sees_all"), [(ADMINISTRATOR, True), (SEES_ALL, True), ("roles/operator", False), ("roles/reader", False)]
)
def test_only_administrators_and_those_who_may_see_all_are_not_held_to_groups(role: str, sees_all: bool) -> None:
    assert operator(roles=(role,)).sees_all is sees_all


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(InvalidArgument) as refused:
        accounts.checked_roles(["roles/emperor"])
    assert refused.value.violations[0].field == "account.roles"


def test_changed_groups_raise_the_access_version_and_a_changed_name_does_not() -> None:
    account = operator(roles=("roles/operator",))
    same: dict[str, Any] = {"email": account.email, "language_code": "it", "roles": account.roles}
    assert account.changed(display_name="Ada L.", groups=account.groups, **same).access_version == account.access_version
    assert account.changed(display_name="Ada", groups=[uuid.uuid4()], **same).access_version == account.access_version + 1


# --- logins --------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", [" Mario@Acme.Example ", "mario@acme.example", "MARIO@ACME.EXAMPLE", "ｍario@acme.example"])
def test_a_login_ignores_case_and_outer_spaces(typed: str) -> None:
    assert accounts.fold(typed) == "mario@acme.example"


@pytest.mark.parametrize(("email", "masked"), [("mario@acme.example", "m•••@acme.example"), ("", ""), ("x@y.example", "x•••@y.example")])
def test_a_masked_address_shows_one_letter(email: str, masked: str) -> None:
    assert accounts.masked(email) == masked


# --- following a contact -------------------------------------------------------------------------------------------------------------
def generation_after(old: Contact, new: Contact) -> int:
    account = accounts.of_contact(old, 1, NOW)
    return accounts.following(account, replace(new, id=old.id), 2, NOW).generation - account.generation


def test_a_changed_name_keeps_the_links() -> None:
    assert generation_after(contact(), contact(display_name="Mario Bianchi")) == 0


@pytest.mark.req("R-IDN-26")
@pytest.mark.parametrize(
    "new",
    [contact(email="mario@other.example"), contact(access=Access(enabled=False)), contact(email="")],
    ids=["address", "access", "no address"],
)
def test_a_changed_address_or_access_switched_off_cancels_the_links(new: Contact) -> None:
    assert generation_after(contact(), new) == 1


def test_a_period_that_ended_and_is_opened_again_does_not_bring_the_links_back() -> None:
    ended = contact(access=Access(enabled=True, end_date=date(2026, 11, 1)))
    assert generation_after(ended, contact(access=Access(enabled=True, end_date=date(2027, 11, 1)))) == 1


def test_a_period_that_is_prolonged_in_time_keeps_the_links() -> None:
    running = contact(access=Access(enabled=True, end_date=date(2026, 12, 1)))
    assert generation_after(running, contact(access=Access(enabled=True, end_date=date(2027, 11, 1)))) == 0


@pytest.mark.req("R-IDN-26")
def test_a_deleted_contact_leaves_nothing_but_its_id() -> None:
    account = replace(accounts.of_contact(contact(), 1, NOW), password_hash="x")
    left = accounts.forgotten(account, 2, NOW)
    assert (left.login, left.password_hash, left.display_name, left.state) == (None, "", "", State.DISABLED)
    assert left.contact() is None
    assert left.generation > account.generation
