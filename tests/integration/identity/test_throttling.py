"""Nobody guesses for long, and nobody is kept out for long by the guesses of others. Rule 14 of the security rules."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from recapito.identity.v1 import accounts_pb2, links_pb2
from recapito.identity.v1.links_pb2 import Link

from libs.errors import ResourceExhausted, Unauthenticated
from services.identity.clients.passwords import Argon2Hasher
from services.identity.domain.sessions import Client
from services.identity.domain.tokens import LINK_OF_NETWORK, PASSWORD_OF_NETWORK
from services.identity.service import links as use_cases
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World

ADA = "ada@studio.example"
STRANGER = "198.51.100.9"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare without hashing: the counts are what matters here."""
    monkeypatch.setattr(Argon2Hasher, "verify", lambda _self, stored, password: bool(stored) and password == PASSWORD)


def guess(world: World, email: str = ADA, ip: str = STRANGER) -> float:
    """Try a wrong password; return the seconds to wait, 0 when it was looked at."""
    try:
        world.sign_in(email, OTHER_PASSWORD, ip=ip)
    except Unauthenticated:
        return 0
    except ResourceExhausted as error:
        return error.retry_after_seconds or 0
    raise AssertionError("a wrong password opened a session")


# --- one account ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("email", [ADA, "nobody@studio.example"])
def test_the_waits_of_an_account_grow_to_fifteen_minutes_and_no_further(worlds: World, email: str) -> None:
    worlds.administrator()
    waits: list[int] = []
    for _ in range(13):
        assert guess(worlds, email) == 0
        held = len(waits) in range(4, 10)
        waits.append(round(guess(worlds, email)) if held else 0)
        worlds.ahead += timedelta(seconds=waits[-1])
    assert waits == [0, 0, 0, 0, 15, 30, 60, 120, 240, 900, 0, 0, 0]  # nobody is locked out for good


def test_the_right_password_after_the_wait_forgets_the_wrong_ones(worlds: World) -> None:
    worlds.administrator()
    for _ in range(5):
        guess(worlds)
    worlds.ahead = timedelta(seconds=16)
    assert worlds.sign_in(ADA, ip=STRANGER).session_token
    assert [guess(worlds) for _ in range(4)] == [0, 0, 0, 0]


def test_a_known_device_has_a_count_of_its_own_that_grows_as_well(world: World) -> None:
    world.administrator()  # from 192.0.2.7
    while not guess(world):
        pass
    assert [bool(guess(world, ip="192.0.2.7")) for _ in range(6)] == [False] * 5 + [True]


def test_another_browser_in_the_same_network_is_not_the_known_device(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.administrator()
    monkeypatch.setattr("tests.integration.identity.world.USER_AGENT", "curl/8.5")
    for _ in range(5):
        guess(world)
    assert guess(world, ip="192.0.2.7") > 0


# --- one network ---------------------------------------------------------------------------------------------------------------------
def spray(world: World, addresses: int, ip: str = STRANGER) -> None:
    """Try one wrong password each for many addresses, as if by one network."""
    with world.new_uow() as uow:
        network = Client(ip).network
        for _ in range(addresses):
            uow.throttle.hit(PASSWORD_OF_NETWORK, network, world.clock())
        uow.commit()


def test_a_network_has_a_hundred_wrong_passwords_before_it_waits_and_the_waits_grow(worlds: World) -> None:
    worlds.administrator("ada@studio.example")
    spray(worlds, 98)
    addresses = (f"guess{number}@studio.example" for number in itertools.count())
    assert [guess(worlds, next(addresses)) for _ in range(2)] == [0, 0]
    waits = []
    for _ in range(6):
        waits.append(round(wait := guess(worlds, next(addresses))))
        worlds.ahead += timedelta(seconds=wait)
        assert guess(worlds, next(addresses)) == 0 if worlds.ahead < timedelta(minutes=15) else True
    assert waits == [15, 30, 60, 120, 240, 900]


def test_colleagues_whose_device_is_known_do_not_wait_for_their_network(worlds: World) -> None:
    worlds.administrator()  # from 192.0.2.7
    spray(worlds, 100, "192.0.2.200")
    assert guess(worlds, "guess@studio.example", "192.0.2.8") > 0
    assert worlds.sign_in(ADA, ip="192.0.2.9").session_token


def test_who_hops_through_the_addresses_of_one_subscriber_is_one_network(world: World) -> None:
    spray(world, 100, "2001:db8::1")
    assert guess(world, "guess@studio.example", "2001:db8::f:e:d:c") > 0
    assert guess(world, "guess@studio.example", "2001:db8:0:1::1") == 0


# --- links ---------------------------------------------------------------------------------------------------------------------------
def mails(world: World) -> int:
    """Return how many link mails were announced so far."""
    use_cases.fulfil_requests(uow=world.new_uow())
    return [type(event).__name__ for event in world.events()].count("LinkRequested")


def test_by_address_and_by_earlier_link_together_three_mails_leave_in_an_hour(worlds: World) -> None:
    mario = worlds.with_contact()
    token = worlds.mint(mario, Link.MAGIC)[0].token
    by_address = links_pb2.RequestLinkRequest(purpose=Link.MAGIC, email="MARIO@acme.example ", kind=accounts_pb2.Account.CONTACT)
    by_token = links_pb2.RequestLinkRequest(token=token)
    for minute in range(0, 60, 2):
        worlds.ahead = timedelta(minutes=minute)
        for request in (by_address, by_token):
            try:
                worlds.links.RequestLink(request)
            except ResourceExhausted as refused:
                assert refused.reason == "TOO_MANY_REQUESTS"  # noqa: PT017 - both answers are right here; the count is the point
                assert minute >= 10
        assert mails(worlds) == min(3, minute // 6 + 1)


def test_for_a_company_behind_one_address_sixty_links_leave_before_it_waits(world: World) -> None:
    with world.new_uow() as uow:
        for _ in range(60):
            uow.throttle.hit(LINK_OF_NETWORK, Client(STRANGER).network, world.clock())
        uow.commit()
    request = links_pb2.RequestLinkRequest(purpose=Link.MAGIC, email="mario@acme.example")
    request.client_info.ip_address = STRANGER
    with pytest.raises(ResourceExhausted) as refused:
        world.links.RequestLink(request)
    assert (refused.value.retry_after_seconds or 0) <= 60
    request.client_info.ip_address = "203.0.113.1"
    world.links.RequestLink(request)
