"""Why a contact can or cannot enter: the explanation is the decision, word for word, for every contact that there may be."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recapito.contacts.v1 import contacts_pb2, permissions_pb2
from recapito.identity.v1 import accounts_pb2

from libs.errors import InvalidArgument, NotFound, ResourceExhausted, ServiceError, Unauthenticated
from libs.ids import new_id
from libs.rpc import context
from services.identity.clients.passwords import Argon2Hasher
from services.identity.domain.accounts import Account, Kind
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, ROLE, World, contact, id_of

TODAY = datetime.now(UTC).astimezone(ZoneInfo("Europe/Rome")).date()


def explain(world: World, token: str, name: UUID | str, operator: str = "", language: str = "it") -> accounts_pb2.ExplainAccessResponse:
    with context.as_person(world.passport(token), language):
        return world.accounts.ExplainAccess(accounts_pb2.ExplainAccessRequest(name=f"accounts/{name}", operator=operator))


def unmet(found: accounts_pb2.ExplainAccessResponse) -> list[str]:
    return [check.code for check in found.checks if not check.passed]


def ready(world: World, **more: object) -> UUID:
    """Make a contact with a password."""
    account_id = world.with_contact(**more)
    world.with_password(account_id)
    return account_id


@pytest.mark.req("R-DGN-01")
def test_whoever_may_enter_meets_every_condition(worlds: World) -> None:
    token, mario = worlds.administrator(), ready(worlds)
    worlds.accept_policy(worlds.sign_in("mario@acme.example").session_token)
    found = explain(worlds, token, mario)
    assert found.may_enter
    assert found.visible
    assert unmet(found) == []
    assert next(check.value for check in found.checks if check.code == "CUSTOMER_PERMISSIONS") == "INVOICES"


@pytest.mark.req("R-DGN-01", "R-DGN-02", "R-IDN-15")
def test_the_condition_that_stops_is_named_with_its_value_and_what_to_change(world: World) -> None:
    token, mario = world.administrator(), ready(world)
    ended = (TODAY - timedelta(days=1)).isoformat()
    world.contacts.contacts[mario].access.end_date = ended
    found = explain(world, token, mario)
    stopped = next(check for check in found.checks if not check.passed)
    assert not found.may_enter
    assert (stopped.code, stopped.value, stopped.resource) == ("SUPPORT_WINDOW", f"../{ended}", f"contacts/{mario}")
    assert "periodo di accesso" in stopped.explanation
    english = next(check for check in explain(world, token, mario, language="en").checks if not check.passed)
    assert "access period" in english.explanation


def test_what_comes_after_the_door_does_not_close_it(world: World) -> None:
    token, mario = world.administrator(), world.with_contact(allowed=(), customers=2)
    found = explain(world, token, mario)
    assert found.may_enter
    assert unmet(found) == ["PASSWORD_SET", "POLICY_ACCEPTED", "CUSTOMER_PERMISSIONS", "CUSTOMER_PERMISSIONS"]
    world.contacts.contacts[mario].ClearField("affiliations")
    assert unmet(explain(world, token, mario)) == ["PASSWORD_SET", "POLICY_ACCEPTED", "ACTS_FOR_CUSTOMER"]


@pytest.mark.req("R-DGN-01", "R-DGN-02")
def test_faults_of_role_and_contact_points_are_named_with_the_rest(worlds: World) -> None:
    token, mario = worlds.administrator(), ready(worlds, customers=2)
    worlds.accept_policy(worlds.sign_in("mario@acme.example").session_token)
    roles = [check.value for check in explain(worlds, token, mario).checks if check.code == "CUSTOMER_ROLE"]
    assert roles == [ROLE, ROLE]
    found = worlds.contacts.contacts[mario]
    found.affiliations[1].contact_role = ""
    found.ClearField("contact_points")
    answer = explain(worlds, token, mario)
    assert answer.may_enter
    assert [(check.code, check.resource) for check in answer.checks if not check.passed] == [
        ("CUSTOMER_ROLE", found.affiliations[1].name.partition("/affiliations")[0]),
        ("CONTACT_POINTS", f"contacts/{mario}"),
    ]


def test_somebody_who_has_to_wait_is_told_until_when(world: World) -> None:
    token, mario = world.administrator(), ready(world)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            world.sign_in("mario@acme.example", OTHER_PASSWORD, ip="198.51.100.9")
    with pytest.raises(ResourceExhausted):
        world.sign_in("mario@acme.example", ip="198.51.100.9")
    found = explain(world, token, mario)
    held = next(check for check in found.checks if not check.passed)
    assert not found.may_enter
    assert held.code == "SIGN_IN_NOT_HELD"
    assert datetime.fromisoformat(held.value) > datetime.now(UTC)


days = st.none() | st.integers(-2, 2).map(lambda days: (TODAY + timedelta(days=days)).isoformat())


@pytest.mark.req("R-DGN-02", "R-IDN-14", "R-IDN-26")
def test_may_enter_is_what_signing_in_does(world: World) -> None:
    """Rule 18 of the security rules: one function decides, so the explanation cannot differ from the decision."""
    token = world.administrator()
    blocking = accounts_pb2.DisableAccountRequest
    seen: set[tuple[bool, str]] = set()

    @given(st.booleans(), days, days, st.booleans(), st.booleans(), st.booleans())
    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def agree(enabled: bool, start: str | None, end: str | None, address: bool, blocked: bool, told: bool) -> None:
        email = f"{uuid.uuid4().hex}@acme.example"
        account_id = ready(world, email=email)
        if blocked:
            with world.as_person(token):
                world.accounts.DisableAccount(blocking(name=f"accounts/{account_id}"))
        changed = world.contacts.contacts[account_id]
        changed.access.CopyFrom(permissions_pb2.PortalAccess(enabled=enabled, start_date=start or "", end_date=end or ""))
        changed.email = email if address else ""
        if told:
            world.tell(account_id)
        found = explain(world, token, account_id)
        try:
            entered = bool(world.sign_in(email, ip=f"2001:db8:{len(seen):x}::1").session_token)
        except Unauthenticated:
            entered = False
        assert found.may_enter is entered, (unmet(found), changed.access)
        seen.add((entered, next(iter(unmet(found)), "")))

    agree()
    assert {code for entered, code in seen if not entered} == {"EMAIL_PRESENT", "ACCOUNT_ENABLED", "ACCESS_ON", "SUPPORT_WINDOW"}
    assert any(entered for entered, _ in seen)


# --- who is seen by whom -------------------------------------------------------------------------------------------------------------
def operator(world: World, *, roles: tuple[str, ...], groups: tuple[UUID, ...] = ()) -> str:
    email = f"{uuid.uuid4().hex}@studio.example"
    password_hash = Argon2Hasher().hash(PASSWORD)
    new = Account(
        new_id(), Kind.OPERATOR, "Bruno", world.clock(), email, roles=roles, groups=frozenset(groups), password_hash=password_hash
    )
    with world.new_uow() as uow:
        uow.accounts.add(new)
        uow.commit()
    return f"accounts/{new.id}"


@pytest.mark.req("R-DGN-01", "R-DGN-02")
def test_an_operator_sees_a_contact_by_its_role_and_the_groups_of_both(worlds: World) -> None:
    token, mine, other = worlds.administrator(), uuid.uuid4(), uuid.uuid4()
    mario = worlds.with_contact(groups=(mine,))
    cases = {
        operator(worlds, roles=("roles/reader",), groups=(mine, other)): [],
        operator(worlds, roles=("roles/reader",), groups=(other,)): ["OPERATOR_GROUPS"],
        operator(worlds, roles=("roles/reader",)): ["OPERATOR_GROUPS"],
        operator(worlds, roles=(), groups=(mine,)): ["OPERATOR_ROLE"],
        operator(worlds, roles=("roles/reader", "roles/sees-all")): [],
        "accounts/me": [],
    }
    for name, expected in cases.items():
        found = explain(worlds, token, mario, name)
        assert [code for code in unmet(found) if code.startswith("OPERATOR")] == expected
        assert found.visible is (expected == [])
    groups = next(check for check in explain(worlds, token, mario, "accounts/me").checks if check.code == "OPERATOR_GROUPS")
    assert groups.value == f"groups/{mine}"


# --- what may be asked ---------------------------------------------------------------------------------------------------------------
def test_a_hidden_contact_and_a_missing_one_are_the_same(worlds: World) -> None:
    """Rule 26 of the security rules."""
    name = operator(worlds, roles=("roles/operator",), groups=(uuid.uuid4(),))
    with worlds.as_person(worlds.administrator()):
        email = worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name=name)).email
    session = worlds.sign_in(email).session_token
    hidden = worlds.with_contact(groups=(uuid.uuid4(),))
    answers = []
    for wanted in (hidden, uuid.uuid4()):
        with pytest.raises(NotFound) as refused:
            explain(worlds, session, wanted)
        answers.append((str(refused.value).replace(str(wanted), "?"), refused.value.reason))
    assert answers[0] == answers[1]


def test_names_that_are_not_a_contact_and_an_operator_are_named(world: World) -> None:
    token, mario, luisa = world.administrator(), world.with_contact(), world.with_contact(email="luisa@acme.example")
    world.tell(luisa)
    for name, asked, field in (("me", "", "name"), (str(mario), f"accounts/{luisa}", "operator")):
        with pytest.raises(InvalidArgument) as refused:
            explain(world, token, name, asked)
        assert refused.value.violations[0].field == field


def test_an_address_that_another_contact_still_holds_is_named(world: World) -> None:
    token, mario = world.administrator(), ready(world)
    luisa = contact(email="luisa@acme.example")
    world.contacts.contacts[id_of(luisa)] = luisa
    explain(world, token, id_of(luisa))
    luisa.email = "mario@acme.example"
    found = explain(world, token, id_of(luisa))
    assert unmet(found)[0] == "LOGIN_UP_TO_DATE"
    assert not found.may_enter
    assert explain(world, token, mario).may_enter


def test_without_contacts_nothing_is_claimed(world: World) -> None:
    token, mario = world.administrator(), world.with_contact()
    world.contacts.down = True
    with pytest.raises(ServiceError) as refused:
        explain(world, token, mario)
    assert type(refused.value).__name__ == "Unavailable"


def test_a_deleted_contact_is_gone(world: World) -> None:
    token, mario = world.administrator(), ready(world)
    world.contacts.contacts[mario].state = contacts_pb2.Contact.ANONYMIZED
    with pytest.raises(NotFound):
        explain(world, token, mario)
