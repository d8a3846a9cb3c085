"""Who may enter the client area: one rule, its boundaries, and an oracle written from the requirements."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.contacts import Access, Area, Contact, refusal

TODAY = date(2026, 11, 22)
MARIO = Contact(uuid.uuid4(), "Mario Rossi", "mario@acme.example", access=Access(enabled=True))


def entering(contact: Contact | None = MARIO, *, disabled: bool = False, today: date = TODAY, area_open: bool = True) -> str:
    return refusal(contact, disabled=disabled, area=Area(today, open=area_open))


def with_period(start: date | None, end: date | None) -> Contact:
    return replace(MARIO, access=Access(enabled=True, start_date=start, end_date=end))


def test_a_contact_with_access_and_an_address_may_enter() -> None:
    assert entering() == ""


@pytest.mark.req("R-IDN-26")
@pytest.mark.parametrize(
    ("contact", "disabled", "reason"),
    [
        (None, False, "ENTRY_CONTACT_DELETED"),
        (replace(MARIO, anonymized=True), False, "ENTRY_CONTACT_ANONYMIZED"),
        (replace(MARIO, email=""), False, "ENTRY_NO_EMAIL"),
        (replace(MARIO, access=Access()), False, "ENTRY_ACCESS_OFF"),
        (MARIO, True, "ENTRY_ACCESS_OFF"),
    ],
)
def test_who_may_not_enter_is_told_apart(contact: Contact | None, disabled: bool, reason: str) -> None:
    assert entering(contact, disabled=disabled) == reason


@pytest.mark.req("R-DGN-03")
def test_nobody_enters_an_area_that_is_off_whatever_else_is_true_of_them() -> None:
    assert entering(area_open=False) == "ENTRY_AREA_OFF"
    assert entering(None, area_open=False) == "ENTRY_AREA_OFF"
    assert entering(replace(MARIO, email=""), disabled=True, area_open=False) == "ENTRY_AREA_OFF"


@pytest.mark.req("R-IDN-14")
@pytest.mark.req("R-IDN-15")
@pytest.mark.parametrize(
    ("today", "reason"),
    [
        (date(2026, 11, 9), "ENTRY_PERIOD_NOT_STARTED"),
        (date(2026, 11, 10), ""),
        (date(2026, 11, 20), ""),
        (date(2026, 11, 21), "ENTRY_PERIOD_ENDED"),
    ],
)
def test_both_days_of_the_period_are_included(today: date, reason: str) -> None:
    assert entering(with_period(date(2026, 11, 10), date(2026, 11, 20)), today=today) == reason


@pytest.mark.req("R-IDN-15")
def test_the_last_day_ends_at_midnight_of_the_organisation() -> None:
    rome, contact = ZoneInfo("Europe/Rome"), with_period(None, date(2026, 7, 1))
    last_second = datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC)  # 23:59:59 in Rome
    assert entering(contact, today=last_second.astimezone(rome).date()) == ""
    assert entering(contact, today=(last_second + timedelta(seconds=1)).astimezone(rome).date()) == "ENTRY_PERIOD_ENDED"


days = st.none() | st.dates(date(2026, 11, 18), date(2026, 11, 26))
contacts = st.builds(
    lambda anonymized, email, enabled, start, end: replace(
        MARIO, anonymized=anonymized, email="m@x.example" if email else "", access=Access(enabled, start, end)
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    days,
    days,
)


@given(st.none() | contacts, st.booleans())
def test_the_rule_lets_in_exactly_those_whom_every_condition_lets_in(contact: Contact | None, disabled: bool) -> None:
    conditions = [contact is not None and not contact.anonymized and bool(contact.email) and contact.access.enabled, not disabled]
    if contact is not None:
        start, end = contact.access.start_date, contact.access.end_date
        conditions += [start is None or start <= TODAY, end is None or end >= TODAY]
    assert (entering(contact, disabled=disabled) == "") is all(conditions)


# --- for whom ------------------------------------------------------------------------------------------------------------------------
def test_a_contact_acts_for_the_wanted_customer_only_when_it_may() -> None:
    home, other = uuid.uuid4(), uuid.uuid4()
    contact = replace(MARIO, customer_id=home, permissions={home: frozenset(), other: frozenset()})
    assert contact.acts_for(other) == other
    assert contact.acts_for(None) == home
    assert contact.acts_for(uuid.uuid4()) == home
    assert replace(contact, permissions={}).acts_for(home) is None
