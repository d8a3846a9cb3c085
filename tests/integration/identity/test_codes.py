"""The code beside a sign-in link: one use, a quarter of an hour, five wrong tries; and nothing that tells right from wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from recapito.identity.v1 import links_pb2, sessions_pb2

from libs.errors import ServiceError, Unauthenticated
from services.identity.domain import codes
from tests.integration.identity.test_races import all_at_once
from tests.integration.identity.world import USER_AGENT, World

Link = links_pb2.Link
MINTED = datetime(2026, 11, 22, 12, tzinfo=UTC)
LANDING = "invoices/01234567-89ab-7def-8123-456789abcdef"


def mint(world: World, account_id: UUID, **more: Any) -> links_pb2.MintLinksResponse.Minted:
    (minted,) = world.mint(account_id, Link.MAGIC, with_code=True, **more)
    return minted


def type_code(world: World, code: str, email: str = "mario@acme.example", ip: str = "192.0.2.7") -> sessions_pb2.CreateSessionResponse:
    credential = sessions_pb2.CodeCredential(email=email, code=code)
    info = sessions_pb2.ClientInfo(ip_address=ip, user_agent=USER_AGENT)
    return world.sessions.CreateSession(sessions_pb2.CreateSessionRequest(code=credential, client_info=info))


def refusal_of(call: Callable[[], Any]) -> tuple[str, str]:
    """Return reason and text of a refusal, as the person's browser gets them."""
    with pytest.raises(ServiceError) as refused:
        call()
    return refused.value.reason, str(refused.value)


def wrong(code: str) -> str:
    """Return a code that differs in one letter."""
    return ("2" if code[0] != "2" else "3") + code[1:]


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' ')} "])
def test_a_code_signs_in_as_its_link_would_however_it_is_typed(worlds: World, typed: Callable[[str], str]) -> None:
    minted = mint(worlds, worlds.with_contact(), landing=LANDING)
    opened = type_code(worlds, typed(minted.code), " Mario@ACME.example")
    assert (opened.session.method, opened.session.landing) == (sessions_pb2.Session.MAGIC_LINK, LANDING)
    assert worlds.caller(opened.session_token).fresh_until is None


def test_code_and_link_are_spent_together(worlds: World) -> None:
    mario = worlds.with_contact()
    first = mint(worlds, mario)
    type_code(worlds, first.code)
    with pytest.raises(Unauthenticated) as refused:
        worlds.enter(first.token)
    assert refused.value.reason == "LINK_SPENT"
    second = mint(worlds, mario)
    worlds.enter(second.token)
    assert refusal_of(lambda: type_code(worlds, second.code))[0] == "WRONG_CREDENTIALS"
    assert refusal_of(lambda: type_code(worlds, first.code))[0] == "WRONG_CREDENTIALS"


@pytest.mark.parametrize(("after", "works"), [(timedelta(minutes=15), True), (timedelta(minutes=15, seconds=1), False)])
def test_a_code_works_for_fifteen_minutes_by_the_clock_of_the_database(worlds: World, after: timedelta, works: bool) -> None:
    mario = worlds.with_contact()
    worlds.moment = MINTED
    minted = mint(worlds, mario)
    worlds.moment = MINTED + after
    if works:
        assert type_code(worlds, minted.code).session_token
    else:
        assert refusal_of(lambda: type_code(worlds, minted.code))[0] == "WRONG_CREDENTIALS"
        assert worlds.enter(minted.token).session_token  # its link lives on


def test_five_wrong_tries_kill_the_code_and_not_its_link(worlds: World) -> None:
    minted = mint(worlds, worlds.with_contact())
    for number in range(codes.TRIES):
        worlds.ahead = timedelta(minutes=number)  # the waits of the address are over each time
        assert refusal_of(lambda: type_code(worlds, wrong(minted.code)))[0] == "WRONG_CREDENTIALS"
    worlds.ahead = timedelta(minutes=codes.TRIES)
    assert refusal_of(lambda: type_code(worlds, minted.code))[0] == "WRONG_CREDENTIALS"
    assert worlds.enter(minted.token).session_token


def test_the_newest_code_counts_alone(world: World) -> None:
    mario = world.with_contact()
    older, newer = mint(world, mario), mint(world, mario)
    assert refusal_of(lambda: type_code(world, older.code))[0] == "WRONG_CREDENTIALS"
    assert type_code(world, newer.code).session_token


def test_a_code_dies_with_what_kills_its_link(worlds: World) -> None:
    mario = worlds.with_contact()
    minted = mint(worlds, mario)
    worlds.with_password(mario)  # a new password cancels every link
    assert refusal_of(lambda: type_code(worlds, minted.code))[0] == "WRONG_CREDENTIALS"


@pytest.mark.parametrize("email", ["mario@acme.example", "nobody@acme.example", "locked@acme.example", "ada@studio.example"])
def test_rule_13_whatever_is_wrong_the_answer_and_the_statements_are_the_same(world: World, email: str) -> None:
    world.administrator()
    minted = mint(world, world.with_contact())
    locked = world.with_contact(email="locked@acme.example", enabled=False)
    world.tell(locked)
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    refusal_of(lambda: type_code(world, "2222-2222", "warm@acme.example"))
    work = []
    for address in ("reference@acme.example", email):
        sa.event.listen(sa.Engine, "before_cursor_execute", see)
        try:
            answer = refusal_of(partial(type_code, world, wrong(minted.code), address))
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", see)
        work.append((answer, [*seen]))
        seen.clear()
    assert work[0] == work[1]


def test_rule_14_codes_of_one_address_are_held_up_wherever_they_come_from(world: World) -> None:
    mint(world, world.with_contact())
    reasons = [refusal_of(partial(type_code, world, "2222-2222", ip=f"198.51.{number}.9"))[0] for number in range(6)]
    assert reasons == ["WRONG_CREDENTIALS"] * 5 + ["TOO_MANY_ATTEMPTS"]


def test_of_many_who_type_the_right_code_at_once_one_enters(postgres_world: World) -> None:
    minted = mint(postgres_world, postgres_world.with_contact())
    outcomes = all_at_once([partial(type_code, postgres_world, minted.code, ip=f"198.51.{number}.9") for number in range(4)])
    assert outcomes == {"": 1, "WRONG_CREDENTIALS": 3}


def test_rule_46_only_a_message_with_a_place_for_it_gets_a_code_and_only_its_hmac_is_stored(worlds: World) -> None:
    mario = worlds.with_contact()
    (without,) = worlds.mint(mario, Link.MAGIC)
    assert without.code == ""
    (set_password,) = worlds.mint(mario, Link.SET_PASSWORD, with_code=True)
    assert set_password.code == ""
    minted = mint(worlds, mario)
    assert len(codes.read(minted.code)) == codes.LENGTH
    assert set(codes.read(minted.code)) <= set(codes.ALPHABET)
    with worlds.engine.connect() as connection:
        stored = connection.execute(sa.text("SELECT * FROM link_codes")).one()
    assert codes.read(minted.code) not in repr(stored)
    assert codes.read(minted.code).encode() not in bytes(stored.code_hash)
