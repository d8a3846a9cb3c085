"""One-time links: how long, how often, for whom; asked for, minted, listed, revoked."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from recapito.contacts.v1 import contacts_pb2, permissions_pb2
from recapito.identity.v1 import accounts_pb2, links_pb2, sessions_pb2

from libs import database
from libs.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ResourceExhausted, ServiceError, Unauthenticated
from services.identity.service import links as use_cases
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World

Link = links_pb2.Link
MINTED = datetime(2026, 11, 22, 12, tzinfo=UTC)
LANDING = "invoices/01234567-89ab-7def-8123-456789abcdef"


def redeem(world: World, token: str, password: str = PASSWORD) -> None:
    world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=token, new_password=password))


def inspect(world: World, token: str) -> links_pb2.InspectLinkResponse:
    return world.links.InspectLink(links_pb2.InspectLinkRequest(token=token))


def refusal_of(call: Callable[[], Any]) -> str:
    """Return the reason of a refusal, "" when there was none."""
    try:
        call()
    except ServiceError as error:
        return error.reason
    return ""


def one(world: World, account_id: UUID, purpose: Link.Purpose.ValueType, **more: Any) -> str:
    return str(world.mint(account_id, purpose, **more)[0].token)


# --- how long ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-03")
@pytest.mark.req("R-IDN-04")
@pytest.mark.req("R-IDN-09")
@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (timedelta(hours=47, minutes=59), ""),
        (timedelta(hours=47, minutes=59, seconds=59), ""),
        (timedelta(hours=48), ""),
        (timedelta(hours=48, seconds=1), "LINK_EXPIRED"),
    ],
)
def test_a_set_password_link_works_for_48_hours_and_not_a_second_longer(worlds: World, after: timedelta, reason: str) -> None:
    mario = worlds.with_contact()
    worlds.moment = MINTED
    token = one(worlds, mario, Link.SET_PASSWORD)
    worlds.moment = MINTED + after
    assert inspect(worlds, token).state == (Link.EXPIRED if reason else Link.USABLE)
    assert refusal_of(lambda: redeem(worlds, token)) == reason


@pytest.mark.parametrize(
    ("purpose", "life"),
    [(Link.SET_PASSWORD, timedelta(hours=48)), (Link.RESET_PASSWORD, timedelta(minutes=60)), (Link.MAGIC, timedelta(days=7))],
)
def test_each_purpose_has_its_life(world: World, purpose: Link.Purpose.ValueType, life: timedelta) -> None:
    world.moment = MINTED
    (minted,) = world.mint(world.with_contact(), purpose)
    assert minted.expire_time.ToDatetime(UTC) == MINTED + life


@pytest.mark.req("R-IDN-21")
def test_expiry_is_judged_by_the_database_and_not_by_the_service(worlds: World) -> None:
    mario = worlds.with_contact()
    token = one(worlds, mario, Link.MAGIC)
    worlds.ahead = timedelta(days=30)  # the service's own clock is wrong
    assert worlds.enter(token).session.method == sessions_pb2.Session.MAGIC_LINK


def test_a_magic_link_works_on_the_seventh_day_and_not_after(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.moment = MINTED
    first, second = one(worlds, mario, Link.MAGIC), one(worlds, mario, Link.MAGIC)
    worlds.moment = MINTED + timedelta(days=7)
    assert worlds.enter(first).session_token
    worlds.moment = MINTED + timedelta(days=7, seconds=1)
    assert refusal_of(lambda: worlds.enter(second)) == "LINK_EXPIRED"


# --- how often -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-05")
def test_a_password_link_works_once(worlds: World) -> None:
    token = one(worlds, worlds.with_contact(), Link.SET_PASSWORD)
    redeem(worlds, token)
    assert refusal_of(lambda: redeem(worlds, token, OTHER_PASSWORD)) == "LINK_SPENT"
    assert worlds.sign_in("mario@acme.example", PASSWORD).session_token


@pytest.mark.req("R-IDN-05")
def test_a_new_password_link_cancels_the_older_ones(worlds: World) -> None:
    mario = worlds.with_contact()
    older, newer = one(worlds, mario, Link.SET_PASSWORD), one(worlds, mario, Link.RESET_PASSWORD)
    assert refusal_of(lambda: redeem(worlds, older)) == "LINK_CANCELLED"
    assert refusal_of(lambda: redeem(worlds, newer)) == ""


@pytest.mark.req("R-IDN-22")
def test_a_magic_link_works_once_and_signs_in_at_once(worlds: World) -> None:
    mario = worlds.with_contact()
    token = one(worlds, mario, Link.MAGIC, landing=LANDING)
    session = worlds.enter(token).session
    assert (session.account, session.landing) == (f"accounts/{mario}", LANDING)
    assert refusal_of(lambda: worlds.enter(token)) == "LINK_SPENT"


def test_magic_links_of_different_messages_live_side_by_side_and_of_one_message_only_the_last(worlds: World) -> None:
    mario, message = worlds.with_contact(), uuid.uuid4()
    other = one(worlds, mario, Link.MAGIC)
    first, again = one(worlds, mario, Link.MAGIC, message=message), one(worlds, mario, Link.MAGIC, message=message)
    assert refusal_of(lambda: worlds.enter(first)) == "LINK_CANCELLED"
    assert worlds.enter(again).session_token
    assert worlds.enter(other).session_token


@pytest.mark.parametrize("purpose", [Link.SET_PASSWORD, Link.MAGIC], ids=["password", "magic"])
def test_of_two_who_redeem_at_the_same_moment_one_wins(postgres_world: World, purpose: Link.Purpose.ValueType) -> None:
    mario = postgres_world.with_contact()
    token, together, outcomes = one(postgres_world, mario, purpose), threading.Barrier(4), []

    def try_it() -> None:
        together.wait(10)
        use = (lambda: postgres_world.enter(token)) if purpose == Link.MAGIC else (lambda: redeem(postgres_world, token))
        outcomes.append(refusal_of(use))

    threads = [threading.Thread(target=try_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["", "LINK_SPENT", "LINK_SPENT", "LINK_SPENT"]


def test_a_link_serves_its_purpose_alone(worlds: World) -> None:
    mario = worlds.with_contact()
    magic, password = one(worlds, mario, Link.MAGIC), one(worlds, mario, Link.SET_PASSWORD)
    assert refusal_of(lambda: redeem(worlds, magic)) == "LINK_UNKNOWN"
    assert refusal_of(lambda: worlds.enter(password)) == "LINK_UNKNOWN"
    assert inspect(worlds, magic).state == inspect(worlds, password).state == Link.USABLE


def test_a_bad_password_spends_nothing(worlds: World) -> None:
    token = one(worlds, worlds.with_contact(), Link.SET_PASSWORD)
    with pytest.raises(InvalidArgument) as refused:
        redeem(worlds, token, "short")
    assert (refused.value.violations[0].field, refused.value.reason) == ("new_password", "PASSWORD_TOO_SHORT")
    redeem(worlds, token)


# --- looking spends nothing ----------------------------------------------------------------------------------------------------------
def rows_of(world: World) -> dict[str, list[Any]]:
    with world.engine.connect() as connection:
        return {
            name: sorted(map(str, connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()))
            for name in sa.inspect(world.engine).get_table_names()
        }


@pytest.mark.req("R-IDN-24")
def test_opening_a_link_changes_nothing_however_often(worlds: World) -> None:
    mario = worlds.with_contact()
    tokens = [one(worlds, mario, Link.MAGIC), one(worlds, mario, Link.SET_PASSWORD), "unknown"]
    before = rows_of(worlds)
    for _ in range(5):
        assert [inspect(worlds, token).state for token in tokens] == [Link.USABLE, Link.USABLE, Link.CANCELLED]
    assert rows_of(worlds) == before
    assert inspect(worlds, tokens[0]).masked_email == "m•••@acme.example"
    assert worlds.enter(tokens[0]).session_token


@pytest.mark.parametrize("token", ["", "x", "ü🦊", "A" * 100, "..", "' OR 1=1 --"])
def test_a_token_that_was_never_made_tells_nothing(world: World, token: str) -> None:
    if token:
        assert inspect(world, token) == links_pb2.InspectLinkResponse(state=Link.CANCELLED)
        assert refusal_of(lambda: redeem(world, token)) == "LINK_UNKNOWN"
        assert refusal_of(lambda: world.enter(token)) == "LINK_UNKNOWN"
    else:
        with pytest.raises(InvalidArgument):
            inspect(world, token)


# --- for whom ------------------------------------------------------------------------------------------------------------------------
def disable(world: World, account_id: UUID) -> None:
    with world.as_person(world.administrator()):
        world.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=f"accounts/{account_id}"))


def close(**access: Any) -> Callable[[World, UUID], None]:
    def apply(world: World, account_id: UUID) -> None:
        world.contacts.contacts[account_id].access.CopyFrom(permissions_pb2.PortalAccess(**access))

    return apply


def delete(world: World, account_id: UUID) -> None:
    del world.contacts.contacts[account_id]


def anonymise(world: World, account_id: UUID) -> None:
    found = world.contacts.contacts[account_id]
    found.state = contacts_pb2.Contact.ANONYMIZED
    found.ClearField("email")


def take_address(world: World, account_id: UUID) -> None:
    world.contacts.contacts[account_id].email = ""


YESTERDAY = (date.today() - timedelta(days=2)).isoformat()  # noqa: DTZ011 - two days, so that no zone matters
TOMORROW = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011
CHANGES: dict[str, Callable[[World, UUID], None]] = {
    "disabled": close(enabled=False),
    "account disabled": disable,
    "deleted": delete,
    "anonymised": anonymise,
    "without address": take_address,
    "period over": close(enabled=True, end_date=YESTERDAY),
    "period not begun": close(enabled=True, start_date=TOMORROW),
}


@pytest.mark.req("R-IDN-15")
@pytest.mark.req("R-IDN-26")
@pytest.mark.parametrize("heard", [False, True], ids=["before the event", "after the event"])
@pytest.mark.parametrize("change", CHANGES)
def test_who_may_not_enter_is_refused_by_every_link_and_every_session(world: World, change: str, heard: bool) -> None:
    mario = world.with_contact()
    world.with_password(mario)
    session = world.sign_in("mario@acme.example").session_token
    magic, password = one(world, mario, Link.MAGIC), one(world, mario, Link.SET_PASSWORD)
    CHANGES[change](world, mario)
    if heard and change != "account disabled":
        world.tell(mario)
    assert refusal_of(lambda: world.enter(magic)) in {"LINK_ENTRY_CLOSED", "LINK_CANCELLED"}
    assert refusal_of(lambda: redeem(world, password)) in {"LINK_ENTRY_CLOSED", "LINK_CANCELLED"}
    assert refusal_of(lambda: world.passport(session)) in {"ENTRY_CLOSED", "SESSION_ENDED"}
    if heard or change == "account disabled":
        assert inspect(world, magic).state == Link.CANCELLED
        (minted,) = world.mint(mario, Link.SET_PASSWORD)
        assert not minted.token
        assert minted.refusal.startswith("ENTRY_")


@pytest.mark.req("R-IDN-26")
@pytest.mark.parametrize("change", ["disabled", "without address", "account disabled"])
def test_a_link_stays_dead_when_access_comes_back(world: World, change: str) -> None:
    mario = world.with_contact()
    world.tell(mario)
    magic = one(world, mario, Link.MAGIC)
    CHANGES[change](world, mario)
    world.tell(mario)
    close(enabled=True)(world, mario)
    world.contacts.contacts[mario].email = "mario@acme.example"
    world.tell(mario)
    if change == "account disabled":
        with world.as_person(world.sign_in("ada@studio.example").session_token):
            world.accounts.EnableAccount(accounts_pb2.EnableAccountRequest(name=f"accounts/{mario}"))
    assert refusal_of(lambda: world.enter(magic)) == "LINK_CANCELLED"
    assert world.enter(one(world, mario, Link.MAGIC)).session_token


def test_an_address_freed_by_deletion_brings_nothing_to_its_next_holder(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.with_password(mario)
    magic, session = one(worlds, mario, Link.MAGIC), worlds.sign_in("mario@acme.example").session_token
    delete(worlds, mario)
    next_holder = worlds.with_contact(email="mario@acme.example")
    worlds.tell(mario)
    worlds.tell(next_holder)
    assert refusal_of(lambda: worlds.sign_in("mario@acme.example")) == "WRONG_CREDENTIALS"
    assert refusal_of(lambda: worlds.enter(magic)) in {"LINK_ENTRY_CLOSED", "LINK_CANCELLED"}
    assert refusal_of(lambda: worlds.passport(session)) == "SESSION_ENDED"
    with worlds.as_person(worlds.administrator()), pytest.raises(NotFound):
        worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name=f"accounts/{mario}"))


@pytest.mark.req("R-IDN-11")
def test_a_reset_ends_every_session_and_every_link_and_tells_the_person(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.with_password(mario)
    sessions = [worlds.sign_in("mario@acme.example").session_token, worlds.enter(one(worlds, mario, Link.MAGIC)).session_token]
    magic = one(worlds, mario, Link.MAGIC)
    redeem(worlds, one(worlds, mario, Link.RESET_PASSWORD), OTHER_PASSWORD)
    assert [refusal_of(partial(worlds.passport, token)) for token in sessions] == ["SESSION_ENDED"] * 2
    assert refusal_of(lambda: worlds.enter(magic)) == "LINK_CANCELLED"
    changed = worlds.events()[-1]
    assert (type(changed).__name__, changed.account) == ("CredentialsChanged", f"accounts/{mario}")
    assert refusal_of(lambda: worlds.sign_in("mario@acme.example", PASSWORD)) == "WRONG_CREDENTIALS"
    assert worlds.sign_in("mario@acme.example", OTHER_PASSWORD).session_token


# --- minted --------------------------------------------------------------------------------------------------------------------------
def test_a_hundred_messages_get_their_links_in_one_call_in_their_order(worlds: World) -> None:
    people = [worlds.with_contact(email=f"p{number}@acme.example", enabled=number % 3 != 0) for number in range(20)]
    orders = [
        links_pb2.MintLinksRequest.Order(
            message=f"messages/{uuid.uuid4()}", account=f"accounts/{people[number % 20]}", purposes=[Link.MAGIC]
        )
        for number in range(100)
    ]
    answer = worlds.minting.MintLinks(links_pb2.MintLinksRequest(orders=orders))
    assert [order.message for order in answer.orders] == [order.message for order in orders]
    refusals = [order.links[0].refusal for order in answer.orders]
    assert refusals == ["ENTRY_ACCESS_OFF" if number % 20 % 3 == 0 else "" for number in range(100)]
    tokens = {order.links[0].token for order in answer.orders if order.links[0].token}
    assert len(tokens) == refusals.count("")


def test_of_two_password_links_minted_in_one_call_the_last_one_works(worlds: World) -> None:
    mario = worlds.with_contact()
    orders = [
        links_pb2.MintLinksRequest.Order(message=f"messages/{uuid.uuid4()}", account=f"accounts/{mario}", purposes=[purpose, Link.MAGIC])
        for purpose in (Link.SET_PASSWORD, Link.RESET_PASSWORD)
    ]
    first, last = worlds.minting.MintLinks(links_pb2.MintLinksRequest(orders=orders)).orders
    assert [inspect(worlds, link.token).state for link in (*first.links, *last.links)] == [
        Link.CANCELLED, Link.USABLE, Link.USABLE, Link.USABLE
    ]  # fmt: skip


def test_only_notifications_may_mint(world: World) -> None:
    order = links_pb2.MintLinksRequest.Order(
        message=f"messages/{uuid.uuid4()}", account=f"accounts/{world.with_contact()}", purposes=[Link.MAGIC]
    )
    with pytest.raises(PermissionDenied):
        world.links.MintLinks(links_pb2.MintLinksRequest(orders=[order]))


def test_access_that_was_just_opened_counts_before_its_event(world: World) -> None:
    mario = world.with_contact(enabled=False)
    world.tell(mario)
    close(enabled=True)(world, mario)
    assert one(world, mario, Link.SET_PASSWORD)


def test_an_unknown_person_gets_a_reason_and_no_link(world: World) -> None:
    (minted,) = world.mint(uuid.uuid4(), Link.SET_PASSWORD)
    assert (minted.token, minted.refusal) == ("", "ENTRY_CONTACT_DELETED")


# --- listed and revoked --------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-IDN-25")
def test_an_operator_sees_every_link_with_purpose_state_and_expiry_and_revokes_one(worlds: World) -> None:
    mario = worlds.with_contact()
    spent, usable, expired = (one(worlds, mario, Link.MAGIC) for _ in range(3))
    worlds.enter(spent)
    with worlds.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE links SET expire_time = :past WHERE token_hash = :hash").bindparams(
                sa.bindparam("past", datetime(2026, 1, 1, tzinfo=UTC), type_=database.UtcDateTime),
                hash=worlds.new_uow()._vault.digest("link", expired),
            )
        )
    parent = f"accounts/{mario}"
    with worlds.as_person(worlds.administrator()):
        listed = worlds.links.ListLinks(links_pb2.ListLinksRequest(parent=parent)).links
        assert [link.state for link in listed] == [Link.EXPIRED, Link.USABLE, Link.SPENT]
        assert all(link.purpose == Link.MAGIC and link.HasField("expire_time") for link in listed)
        assert listed[2].use_ip_address == "192.0.2.7"
        only = worlds.links.ListLinks(links_pb2.ListLinksRequest(parent=parent, filter="state = USABLE")).links
        assert [link.name for link in only] == [listed[1].name]
        revoked = worlds.links.RevokeLink(links_pb2.RevokeLinkRequest(name=listed[1].name))
    assert revoked.state == Link.CANCELLED
    assert refusal_of(lambda: worlds.enter(usable)) == "LINK_CANCELLED"


def test_a_link_of_another_account_is_not_found(world: World) -> None:
    mario, laura = world.with_contact(), world.with_contact(email="laura@acme.example")
    one(world, mario, Link.MAGIC)
    with world.as_person(world.administrator()):
        link = world.links.ListLinks(links_pb2.ListLinksRequest(parent=f"accounts/{mario}")).links[0]
        world.tell(laura)
        with pytest.raises(NotFound):
            world.links.RevokeLink(links_pb2.RevokeLinkRequest(name=f"accounts/{laura}/links/{link.name.split('/')[-1]}"))


# --- sent by an operator -------------------------------------------------------------------------------------------------------------
def send(world: World, account_id: UUID, purpose: Link.Purpose.ValueType = Link.SET_PASSWORD, **more: Any) -> None:
    world.links.SendLink(links_pb2.SendLinkRequest(name=f"accounts/{account_id}", purpose=purpose, **more))


def announced(world: World) -> list[Any]:
    return [event for event in world.events() if type(event).__name__ == "LinkRequested"]


@pytest.mark.req("R-IDN-09")
def test_an_operator_has_a_link_mailed_and_the_older_one_dies_at_once(worlds: World) -> None:
    mario = worlds.with_contact()
    older = one(worlds, mario, Link.SET_PASSWORD)
    with worlds.as_person(worlds.administrator()):
        send(worlds, mario)
    (event,) = announced(worlds)
    assert (event.account, event.purpose, event.email, event.password_set) == (f"accounts/{mario}", Link.SET_PASSWORD, "", False)
    assert refusal_of(lambda: redeem(worlds, older)) == "LINK_CANCELLED"


def test_sending_again_with_the_same_request_id_sends_once(worlds: World) -> None:
    mario = worlds.with_contact()
    with worlds.as_person(worlds.administrator()):
        send(worlds, mario, request_id="once")
        send(worlds, mario, request_id="once")
    assert len(announced(worlds)) == 1


@pytest.mark.parametrize(
    ("change", "reason"), [("without address", "NO_EMAIL"), ("disabled", "ACCESS_CLOSED"), ("period over", "ACCESS_CLOSED")]
)
def test_no_link_is_sent_to_whoever_may_not_enter(world: World, change: str, reason: str) -> None:
    mario = world.with_contact()
    CHANGES[change](world, mario)
    with world.as_person(world.administrator()), pytest.raises(FailedPrecondition) as refused:
        send(world, mario)
    assert refused.value.reason == reason


# --- asked for by the person ---------------------------------------------------------------------------------------------------------
def ask(world: World, email: str = "", purpose: Link.Purpose.ValueType = Link.RESET_PASSWORD, **more: Any) -> Any:
    if email:
        more["email"] = email
    return world.links.RequestLink(links_pb2.RequestLinkRequest(purpose=purpose, **more))


def fulfil(world: World) -> list[Any]:
    use_cases.fulfil_requests(uow=world.new_uow())
    return announced(world)


@pytest.mark.req("R-IDN-07")
@pytest.mark.req("R-IDN-19")
def test_a_person_who_forgot_the_password_gets_a_reset_link(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.with_password(mario)
    ask(worlds, " Mario@ACME.example")
    (event,) = fulfil(worlds)
    assert (event.account, event.purpose, event.password_set) == (f"accounts/{mario}", Link.RESET_PASSWORD, True)
    redeem(worlds, one(worlds, mario, Link.RESET_PASSWORD), OTHER_PASSWORD)
    assert worlds.sign_in("mario@acme.example", OTHER_PASSWORD).session_token


@pytest.mark.req("R-IDN-08")
def test_the_answer_and_the_work_are_the_same_for_an_address_that_does_not_exist(worlds: World) -> None:
    worlds.with_password(worlds.with_contact())
    seen: list[str] = []
    work = {}

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    ask(worlds, "warm@acme.example")
    sa.event.listen(sa.Engine, "before_cursor_execute", see)
    try:
        for email in ("mario@acme.example", "nobody@acme.example"):
            seen.clear()
            work[email] = (ask(worlds, email).SerializeToString(), tuple(seen))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", see)
    assert work["mario@acme.example"] == work["nobody@acme.example"]
    assert len(fulfil(worlds)) == 1


@pytest.mark.req("R-IDN-08")
@pytest.mark.parametrize("email", ["mario@acme.example", "nobody@acme.example"])
def test_asking_is_limited_alike_for_every_address(world: World, email: str) -> None:
    world.with_password(world.with_contact())
    known = email == "mario@acme.example"
    for number in range(3):
        world.ahead = timedelta(minutes=6 * number)
        ask(world, email)
        assert len(fulfil(world)) == (number + 1 if known else 0)
        if number < 2:
            ask(world, email)  # within five minutes: the same answer, and no second mail
            assert len(fulfil(world)) == (number + 1 if known else 0)
    world.ahead = timedelta(minutes=18)
    with pytest.raises(ResourceExhausted) as refused:
        ask(world, email)
    assert refused.value.reason == "TOO_MANY_REQUESTS"
    world.ahead = timedelta(minutes=75)
    ask(world, email)


@pytest.mark.req("R-IDN-04")
def test_the_holder_of_an_expired_link_asks_for_a_fresh_one_of_its_purpose(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.moment = MINTED
    expired = one(worlds, mario, Link.MAGIC, landing=LANDING)
    worlds.moment = MINTED + timedelta(days=30)
    assert inspect(worlds, expired).state == Link.EXPIRED
    ask(worlds, token=expired)
    (event,) = fulfil(worlds)
    assert (event.account, event.purpose, event.landing) == (f"accounts/{mario}", Link.MAGIC, LANDING)


def test_an_unknown_token_asks_for_nothing_and_is_not_told_so(world: World) -> None:
    assert ask(world, token="never made").SerializeToString() == b""
    assert fulfil(world) == []


@pytest.mark.parametrize("purpose", [Link.SET_PASSWORD, Link.INVITATION, Link.PURPOSE_UNSPECIFIED])
def test_nobody_asks_for_a_link_that_only_operators_send(world: World, purpose: Link.Purpose.ValueType) -> None:
    with pytest.raises(InvalidArgument) as refused:
        ask(world, "mario@acme.example", purpose)
    assert refused.value.violations[0].field == "purpose"


def test_an_operator_gets_no_magic_link(world: World) -> None:
    world.administrator()
    ask(world, "ada@studio.example", Link.MAGIC)
    assert fulfil(world) == []


# --- what a magic-link session may not do --------------------------------------------------------------------------------------------
def test_a_magic_link_session_neither_changes_the_password_nor_sees_other_sessions(worlds: World) -> None:
    mario = worlds.with_contact()
    worlds.with_password(mario)
    by_password = worlds.sign_in("mario@acme.example")
    by_link = worlds.enter(one(worlds, mario, Link.MAGIC))
    worlds.accept_policy(by_link.session_token)
    with worlds.as_person(by_link.session_token):
        assert refusal_of(
            lambda: worlds.accounts.ChangePassword(
                accounts_pb2.ChangePasswordRequest(name="accounts/me", current_password=PASSWORD, new_password=OTHER_PASSWORD)
            )
        ) == "MAGIC_LINK_SESSION"  # fmt: skip
        assert refusal_of(
            lambda: worlds.sessions.RevokeSessions(sessions_pb2.RevokeSessionsRequest(parent="accounts/me"))
        ) == "MAGIC_LINK_SESSION"  # fmt: skip
        seen = worlds.sessions.ListSessions(sessions_pb2.ListSessionsRequest(parent="accounts/me")).sessions
        assert [session.name for session in seen] == [by_link.session.name]
        with pytest.raises(NotFound):
            worlds.sessions.GetSession(sessions_pb2.GetSessionRequest(name=by_password.session.name))
        with pytest.raises(NotFound):
            worlds.sessions.DeleteSession(sessions_pb2.DeleteSessionRequest(name=by_password.session.name))
    assert worlds.passport(by_password.session_token)


def test_a_magic_link_session_is_never_fresh_and_ends_after_an_hour(world: World) -> None:
    mario = world.with_contact()
    token = world.enter(one(world, mario, Link.MAGIC)).session_token
    assert world.caller(token).fresh_until is None
    for minutes in (20, 40, 59):
        world.ahead = timedelta(minutes=minutes)
        assert world.passport(token)
    world.ahead = timedelta(minutes=60)
    with pytest.raises(Unauthenticated):
        world.passport(token)
