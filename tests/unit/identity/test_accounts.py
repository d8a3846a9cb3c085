"""Logins, and how an account follows its contact."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.identity.domain import accounts
from services.identity.domain.accounts import Account, Kind, State
from services.identity.domain.contacts import Access, Contact

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def operator(**more: Any) -> Account:
    return replace(Account(uuid.uuid4(), Kind.OPERATOR, "Ada", NOW, email="ada@studio.example"), **more)


def contact(**more: Any) -> Contact:
    return replace(Contact(uuid.uuid4(), "Mario Rossi", "mario@acme.example", access=Access(enabled=True)), **more)


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
