"""How long a session lives, and what it waits for."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.identity.domain import sessions
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.roles import ADMINISTRATOR
from services.identity.domain.sessions import Client, Method, State

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTACT = Account(uuid.uuid4(), Kind.CONTACT, "Mario", NOW)
BOTH = replace(CONTACT, second_factor_set=True)
ADA = Account(uuid.uuid4(), Kind.OPERATOR, "Ada", NOW, roles=(ADMINISTRATOR,))


def opened(method: Method) -> sessions.Session:
    return sessions.opened(uuid.uuid4(), CONTACT.id, method, Client(), NOW)


def test_a_session_ends_half_an_hour_after_its_last_use() -> None:
    session = opened(Method.PASSWORD)
    assert session.live(NOW + timedelta(minutes=29, seconds=59))
    assert not session.live(NOW + timedelta(minutes=30))


@pytest.mark.parametrize(("method", "hours"), [(Method.PASSWORD, 12), (Method.PROVIDER, 12), (Method.MAGIC_LINK, 1)])
def test_a_session_ends_at_last_however_much_it_is_used(method: Method, hours: int) -> None:
    used = replace(opened(method), last_use_time=NOW + timedelta(hours=hours, minutes=-1))
    assert used.live(NOW + timedelta(hours=hours, seconds=-1))
    assert not used.live(NOW + timedelta(hours=hours))


@pytest.mark.parametrize("method", [method for method in Method if method is not Method.MAGIC_LINK])
def test_every_way_in_but_a_magic_link_makes_a_session_fresh(method: Method) -> None:
    assert opened(method).fresh(NOW + timedelta(minutes=9, seconds=59))
    assert not opened(method).fresh(NOW + timedelta(minutes=10))


def test_a_magic_links_session_does_not_even_become_fresh_later() -> None:
    assert not opened(Method.MAGIC_LINK).verified(NOW, second_factor=True).fresh(NOW)


@pytest.mark.req("R-PRV-11")
@pytest.mark.parametrize(
    ("account", "method", "accepted", "state"),
    [
        (CONTACT, Method.PASSWORD, True, State.OPEN),
        (CONTACT, Method.PASSWORD, False, State.POLICY_REQUIRED),
        (CONTACT, Method.MAGIC_LINK, False, State.POLICY_REQUIRED),
        (replace(CONTACT, password_change_required=True), Method.PASSWORD, False, State.PASSWORD_CHANGE_REQUIRED),
        (replace(CONTACT, password_change_required=True), Method.MAGIC_LINK, True, State.OPEN),
        (replace(CONTACT, kind=Kind.OPERATOR), Method.PASSWORD, False, State.OPEN),
    ],
)
def test_what_a_session_waits_for(account: Account, method: Method, accepted: bool, state: State) -> None:
    assert sessions.state_of(opened(method), account, accepted=accepted, factor_obligatory=False) is state


@pytest.mark.parametrize(
    ("account", "method", "obligatory", "state"),
    [
        (BOTH, Method.PASSWORD, False, State.SECOND_FACTOR_REQUIRED),
        (BOTH, Method.MAGIC_LINK, False, State.SECOND_FACTOR_REQUIRED),
        (replace(BOTH, password_change_required=True), Method.PASSWORD, False, State.SECOND_FACTOR_REQUIRED),
        (BOTH, Method.PASSKEY, False, State.OPEN),
        (ADA, Method.PASSWORD, True, State.SECOND_FACTOR_REQUIRED),
        (ADA, Method.PASSWORD, False, State.OPEN),
        (replace(ADA, roles=("roles/operator",)), Method.PASSWORD, True, State.OPEN),
        (CONTACT, Method.PASSWORD, True, State.OPEN),
    ],
)
def test_who_has_a_second_factor_or_must_have_one_gives_it_first(account: Account, method: Method, obligatory: bool, state: State) -> None:
    """security.md, rule 17."""
    assert sessions.state_of(opened(method), account, accepted=True, factor_obligatory=obligatory) is state


def test_a_second_factor_is_given_once_in_a_session() -> None:
    given = opened(Method.PASSWORD).verified(NOW, second_factor=True)
    assert sessions.state_of(given, BOTH, accepted=True, factor_obligatory=True) is State.OPEN


def test_an_administrator_who_is_in_already_sets_one_up_at_the_next_sign_in() -> None:
    within = replace(opened(Method.PASSWORD), open_time=NOW)
    assert sessions.state_of(within, ADA, accepted=True, factor_obligatory=True) is State.OPEN


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("", ""),
    ],
)
def test_a_device_is_named_as_people_say_it(user_agent: str, device: str) -> None:
    assert Client("", user_agent).device == device


@pytest.mark.parametrize(
    ("ip_address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8::5:6:7:8", "2001:db8::/64"),
        ("2001:0DB8:0:0:a:b:c:d", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_a_network_is_what_one_subscriber_holds(ip_address: str, network: str) -> None:
    assert Client(ip_address).network == network
