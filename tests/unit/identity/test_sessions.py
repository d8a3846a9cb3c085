"""How long a session lives, and what it waits for."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.identity.domain import sessions
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.sessions import Client, Method, State

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTACT = Account(uuid.uuid4(), Kind.CONTACT, "Mario", NOW)


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


def test_a_session_is_fresh_at_first_unless_a_link_opened_it() -> None:
    assert opened(Method.PASSWORD).fresh_until == NOW + timedelta(minutes=10)
    assert opened(Method.PROVIDER).fresh_until == NOW + timedelta(minutes=10)
    assert opened(Method.MAGIC_LINK).fresh_until is None


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
    assert sessions.state_of(opened(method), account, accepted=accepted) is state


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
