"""Second factors: who has one gives it, each code and each challenge works once, and knowing the password alone opens nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pyotp
import pytest
import sqlalchemy as sa
from recapito.identity.events.v1.events_pb2 import CredentialsChanged, SessionOpened
from recapito.identity.v1 import accounts_pb2, factors_pb2, links_pb2, policies_pb2, sessions_pb2, settings_pb2, settings_pb2_grpc

from libs.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    ServiceError,
    Unauthenticated,
)
from services.identity.repository.tables import sessions
from tests.integration.identity.authenticator import Authenticator
from tests.integration.identity.test_races import all_at_once
from tests.integration.identity.world import OTHER_PASSWORD, PASSWORD, World

ADA = "ada@studio.example"
CURRENT = "accounts/me/sessions/current"
TOTP, PASSKEY = factors_pb2.Factor.TOTP, factors_pb2.Factor.PASSKEY


# --- what a person does --------------------------------------------------------------------------------------------------------------
def create(world: World, token: str, kind: factors_pb2.Factor.Kind.ValueType, request_id: str = "") -> factors_pb2.CreateFactorResponse:
    factor = factors_pb2.Factor(kind=kind, display_name="Mine")
    with world.as_person(token):
        return world.factors.CreateFactor(factors_pb2.CreateFactorRequest(parent="accounts/me", factor=factor, request_id=request_id))


def confirm(world: World, token: str, name: str, code: str = "", passkey: str = "") -> factors_pb2.Factor:
    proof: dict[str, Any] = {"passkey": sessions_pb2.PasskeyCredential(response=passkey)} if passkey else {"code": code}
    with world.as_person(token):
        return world.factors.ConfirmFactor(factors_pb2.ConfirmFactorRequest(name=name, **proof))


def app_of(made: factors_pb2.CreateFactorResponse) -> pyotp.TOTP:
    return pyotp.TOTP(parse_qs(urlsplit(made.enrolment).query)["secret"][0])


def code_of(world: World, app: pyotp.TOTP, ahead: int = 0) -> str:
    """Return the code that an app shows; ahead: in so many steps."""
    return app.at(world.clock() + timedelta(seconds=30 * ahead))


def with_app(world: World, token: str) -> pyotp.TOTP:
    """Enrol an app; the step of the confirmation is used up."""
    made = create(world, token, TOTP)
    app = app_of(made)
    confirm(world, token, made.factor.name, code_of(world, app, -1))
    return app


def with_passkey(world: World, token: str, **more: Any) -> Authenticator:
    made = create(world, token, PASSKEY)
    passkey = Authenticator(**more)
    confirm(world, token, made.factor.name, passkey=passkey.create(made.enrolment))
    return passkey


def verify(world: World, token: str, **given: Any) -> sessions_pb2.VerifySessionResponse:
    if "passkey" in given:
        given["passkey"] = sessions_pb2.PasskeyCredential(response=given["passkey"])
    with world.as_person(token):
        return world.sessions.VerifySession(sessions_pb2.VerifySessionRequest(name=CURRENT, **given))


def challenge(world: World) -> str:
    return world.sessions.CreatePasskeyChallenge(sessions_pb2.CreatePasskeyChallengeRequest()).options


def sign_in_by_passkey(
    world: World, response: str, kind: accounts_pb2.Account.Kind.ValueType | None = None
) -> sessions_pb2.CreateSessionResponse:
    credential = sessions_pb2.PasskeyCredential(response=response, kind=kind or accounts_pb2.Account.KIND_UNSPECIFIED)
    return world.sessions.CreateSession(sessions_pb2.CreateSessionRequest(passkey=credential))


def recovery_codes(world: World, token: str) -> list[str]:
    with world.as_person(token):
        return list(world.factors.CreateRecoveryCodes(factors_pb2.CreateRecoveryCodesRequest(parent="accounts/me")).codes)


def listed(world: World, token: str, account: str = "me") -> factors_pb2.ListFactorsResponse:
    with world.as_person(token):
        return world.factors.ListFactors(factors_pb2.ListFactorsRequest(parent=f"accounts/{account}"))


def delete(world: World, token: str, name: str) -> None:
    with world.as_person(token):
        world.factors.DeleteFactor(factors_pb2.DeleteFactorRequest(name=name))


def mario(world: World) -> str:
    """Return the session token of a contact who signed in by password and accepted the policy."""
    world.with_password(world.with_contact())
    token = world.sign_in("mario@acme.example").session_token
    world.accept_policy(token)
    return token


def changes(world: World) -> list[str]:
    told = [event for event in world.events() if isinstance(event, CredentialsChanged)]
    return [CredentialsChanged.Change.Name(event.change) for event in told]


def settle(world: World, **settings: Any) -> None:
    """Change the settings as an administrator does."""
    with world.as_person(world.sign_in(ADA).session_token):
        stub = settings_pb2_grpc.SettingsStub(world.anonymous)
        request = settings_pb2.UpdateIdentitySettingsRequest(
            identity_settings=settings_pb2.IdentitySettings(name="settings/identity", **settings)
        )
        request.update_mask.paths.extend(settings)
        stub.UpdateIdentitySettings(request)


def refused(call: Callable[[], Any], kind: type[ServiceError], reason: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert error.value.reason == reason


# --- enrolment -----------------------------------------------------------------------------------------------------------------------
def test_an_app_counts_once_confirmed_and_its_owner_is_told(worlds: World) -> None:
    token = worlds.administrator()
    made = create(worlds, token, TOTP)
    assert worlds.sign_in(ADA).session.state == sessions_pb2.Session.OPEN, "nothing is asked for before it works"
    refused(partial(confirm, worlds, token, made.factor.name, "000000"), PermissionDenied, "WRONG_CODE")
    confirmed = confirm(worlds, token, made.factor.name, code_of(worlds, app_of(made)))
    assert confirmed.confirmed
    assert changes(worlds)[-1] == "FACTOR_ADDED"
    with worlds.as_person(token):
        assert worlds.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me")).second_factor_set
    assert worlds.sign_in(ADA).session.state == sessions_pb2.Session.SECOND_FACTOR_REQUIRED


def test_other_open_sessions_give_the_new_factor_too(world: World) -> None:
    token, other = world.administrator(), world.sign_in(ADA).session_token
    with_app(world, token)
    assert world.caller(token).session_state == "OPEN"
    assert world.caller(other).session_state == "SECOND_FACTOR_REQUIRED"


def test_the_seed_is_stored_encrypted_and_codes_hashed(worlds: World) -> None:
    token = worlds.administrator()
    app = with_app(worlds, token)
    codes = recovery_codes(worlds, token)
    options = challenge(worlds)
    with worlds.engine.connect() as connection:
        for table in sa.inspect(worlds.engine).get_table_names():
            stored = str(connection.execute(sa.text(f'SELECT * FROM "{table}"')).all())
            secrets = [app.secret, *codes, *(code.replace("-", "") for code in codes), json.loads(options)["challenge"]]
            assert not any(secret in stored for secret in secrets), table


def test_a_retry_gets_the_same_enrolment_and_starting_again_forgets_the_first(worlds: World) -> None:
    token = worlds.administrator()
    first, again = (create(worlds, token, TOTP, request_id="one") for _ in range(2))
    assert first == again
    other = create(worlds, token, TOTP)
    assert other.enrolment != first.enrolment
    assert [factor.name for factor in listed(worlds, token).factors] == [other.factor.name]


def test_an_enrolment_that_nobody_confirms_in_an_hour_is_forgotten(world: World) -> None:
    token = world.administrator()
    made = create(world, token, TOTP)
    world.ahead = timedelta(minutes=25)
    token = world.sign_in(ADA).session_token
    world.ahead = timedelta(minutes=50)
    token = world.sign_in(ADA).session_token
    world.ahead = timedelta(minutes=59, seconds=50)
    assert listed(world, token).factors
    world.ahead = timedelta(hours=1)
    token = world.sign_in(ADA).session_token
    with pytest.raises(NotFound):
        confirm(world, token, made.factor.name, code_of(world, app_of(made)))


def test_an_account_has_ten_factors_at_most(world: World) -> None:
    token = world.administrator()
    for _ in range(10):
        with_passkey(world, token)
    refused(partial(create, world, token, TOTP), FailedPrecondition, "TOO_MANY_FACTORS")


def test_a_factor_is_enrolled_by_its_owner_and_by_nobody_else(world: World) -> None:
    ada, contact = world.administrator(), mario(world)
    account = world.caller(contact).account_id
    with world.as_person(ada), pytest.raises(NotFound):
        world.factors.CreateFactor(factors_pb2.CreateFactorRequest(parent=f"accounts/{account}", factor=factors_pb2.Factor(kind=TOTP)))
    with world.as_person(ada), pytest.raises(InvalidArgument):
        world.factors.CreateFactor(factors_pb2.CreateFactorRequest(parent="accounts/me", factor=factors_pb2.Factor(display_name="x")))


def test_contacts_may_use_a_second_factor_where_the_settings_say_so(world: World) -> None:
    world.administrator()
    token = mario(world)
    app = with_app(world, token)
    settle(world, contacts_may_use_second_factor=False)
    refused(partial(create, world, token, TOTP), PermissionDenied, "FACTORS_OFF")
    pending = world.sign_in("mario@acme.example")
    assert pending.session.state == sessions_pb2.Session.SECOND_FACTOR_REQUIRED, "who has one gives it all the same"
    assert verify(world, pending.session_token, code=code_of(world, app)).session.state == sessions_pb2.Session.OPEN


def test_rule_16_a_magic_links_session_enrols_and_removes_no_factor(world: World) -> None:
    token = mario(world)
    made = create(world, token, TOTP)
    (minted,) = world.mint(world.caller(token).account_id or uuid.uuid4(), links_pb2.Link.MAGIC)
    by_link = world.enter(minted.token).session_token
    refused(partial(create, world, by_link, TOTP), PermissionDenied, "MAGIC_LINK_SESSION")
    refused(partial(confirm, world, by_link, made.factor.name, "123456"), PermissionDenied, "MAGIC_LINK_SESSION")
    refused(partial(delete, world, by_link, made.factor.name), PermissionDenied, "NOT_FRESH")
    refused(partial(verify, world, by_link, password=PASSWORD), PermissionDenied, "MAGIC_LINK_SESSION")


def test_an_old_sign_in_is_renewed_before_a_factor_is_enrolled(world: World) -> None:
    token = world.administrator()
    world.ahead = timedelta(minutes=11)
    refused(partial(create, world, token, TOTP), PermissionDenied, "NOT_FRESH")
    renewed = verify(world, token, password=PASSWORD).session_token
    assert create(world, renewed, TOTP).enrolment


# --- the second step -----------------------------------------------------------------------------------------------------------------
def test_rule_17_the_second_factor_opens_the_session_under_a_new_token(worlds: World) -> None:
    """Rule 15: a new id at each authentication."""
    app = with_app(worlds, worlds.administrator())
    pending = worlds.sign_in(ADA)
    opened = verify(worlds, pending.session_token, code=code_of(worlds, app))
    assert opened.session.state == sessions_pb2.Session.OPEN
    assert opened.session.name == pending.session.name
    assert worlds.caller(opened.session_token).session_state == "OPEN"
    refused(partial(worlds.passport, pending.session_token), Unauthenticated, "SESSION_ENDED")
    told = [event.session for event in worlds.events() if isinstance(event, SessionOpened)]
    assert told.count(pending.session.name) == 1


def test_a_step_works_once(worlds: World) -> None:
    app = with_app(worlds, worlds.administrator())
    code = code_of(worlds, app)
    verify(worlds, worlds.sign_in(ADA).session_token, code=code)
    refused(partial(verify, worlds, worlds.sign_in(ADA).session_token, code=code), PermissionDenied, "WRONG_CODE")
    assert verify(worlds, worlds.sign_in(ADA).session_token, code=code_of(worlds, app, 1)).session_token


def test_the_step_that_confirmed_an_app_is_used_up(world: World) -> None:
    token = world.administrator()
    made = create(world, token, TOTP)
    code = code_of(world, app_of(made))
    confirm(world, token, made.factor.name, code)
    refused(partial(verify, world, world.sign_in(ADA).session_token, code=code), PermissionDenied, "WRONG_CODE")


def test_of_the_same_code_twice_at_once_one_wins(postgres_world: World) -> None:
    world = postgres_world
    app = with_app(world, world.administrator())
    passports = [world.sign_in(ADA).session_token for _ in range(4)]
    code = code_of(world, app)
    outcomes = all_at_once([partial(verify, world, token, code=code) for token in passports])
    assert outcomes[""] == 1, outcomes


def test_until_then_the_session_does_nothing_else(world: World) -> None:
    app = with_app(world, world.administrator())
    pending = world.sign_in(ADA).session_token
    (factor,) = listed(world, pending).factors
    calls: list[Callable[[], Any]] = [
        lambda: world.accounts.GetAccount(accounts_pb2.GetAccountRequest(name="accounts/me")),
        lambda: world.accounts.ChangePassword(
            accounts_pb2.ChangePasswordRequest(name="accounts/me", current_password=PASSWORD, new_password=OTHER_PASSWORD)
        ),
        lambda: world.policies.AcceptPolicy(policies_pb2.AcceptPolicyRequest(name="policies/current")),
        lambda: world.sessions.ListSessions(sessions_pb2.ListSessionsRequest(parent="accounts/me")),
        lambda: world.factors.CreateFactor(factors_pb2.CreateFactorRequest(parent="accounts/me", factor=factors_pb2.Factor(kind=TOTP))),
        lambda: world.factors.DeleteFactor(factors_pb2.DeleteFactorRequest(name=factor.name)),
        lambda: world.factors.CreateRecoveryCodes(factors_pb2.CreateRecoveryCodesRequest(parent="accounts/me")),
        lambda: world.sessions.VerifySession(sessions_pb2.VerifySessionRequest(name=CURRENT, password=PASSWORD)),
    ]
    with world.as_person(pending):
        for call in calls:
            refused(call, PermissionDenied, "SECOND_FACTOR_REQUIRED")
    assert verify(world, pending, code=code_of(world, app)).session.state == sessions_pb2.Session.OPEN


def test_a_magic_link_asks_for_the_second_factor_too_and_never_becomes_fresh(world: World) -> None:
    token = mario(world)
    app = with_app(world, token)
    (minted,) = world.mint(world.caller(token).account_id or uuid.uuid4(), links_pb2.Link.MAGIC)
    entered = world.enter(minted.token)
    assert entered.session.state == sessions_pb2.Session.SECOND_FACTOR_REQUIRED
    opened = verify(world, entered.session_token, code=code_of(world, app))
    assert opened.session.state == sessions_pb2.Session.OPEN
    assert not opened.session.HasField("fresh_until_time")


def test_rule_14_wrong_codes_are_counted_before_the_check_whatever_the_device_is_called(world: World) -> None:
    """Whoever knows the password must not get four more tries with each new name of a browser."""
    app = with_app(world, world.administrator())
    reasons = []
    for number in range(8):
        pending = world.sign_in(ADA, ip=f"198.51.{number}.9").session_token
        with pytest.raises(ServiceError) as error:
            verify(world, pending, code="000000")
        reasons.append(error.value.reason)
    assert reasons == ["WRONG_CODE"] * 5 + ["TOO_MANY_ATTEMPTS"] * 3
    with pytest.raises(ResourceExhausted):
        verify(world, world.sign_in(ADA, ip="203.0.113.1").session_token, code=code_of(world, app))


def test_the_owners_own_device_is_not_held_up_by_them(world: World) -> None:
    app = with_app(world, world.administrator())
    verify(world, world.sign_in(ADA).session_token, code=code_of(world, app))
    for number in range(6):
        with pytest.raises(ServiceError):
            verify(world, world.sign_in(ADA, ip=f"198.51.{number}.9").session_token, code="000000")
    assert verify(world, world.sign_in(ADA).session_token, code=code_of(world, app, 1)).session_token


def test_a_session_verifies_itself_and_no_other(world: World) -> None:
    token, other = world.administrator(), world.sign_in(ADA).session
    with world.as_person(token), pytest.raises(NotFound):
        world.sessions.VerifySession(sessions_pb2.VerifySessionRequest(name=other.name, password=PASSWORD))
    with world.as_person(token), pytest.raises(InvalidArgument):
        world.sessions.VerifySession(sessions_pb2.VerifySessionRequest(name=CURRENT))
    refused(partial(verify, world, token, password="wrong wrong wrong"), PermissionDenied, "WRONG_CODE")
    refused(partial(verify, world, token, code="123456"), FailedPrecondition, "NO_SECOND_FACTOR")


# --- recovery codes ------------------------------------------------------------------------------------------------------------------
def test_a_recovery_code_stands_for_the_factor_once(worlds: World) -> None:
    token = worlds.administrator()
    refused(partial(recovery_codes, worlds, token), FailedPrecondition, "NO_SECOND_FACTOR")
    with_app(worlds, token)
    former, codes = recovery_codes(worlds, token), recovery_codes(worlds, token)
    assert len(set(codes)) == 10
    assert changes(worlds)[-1] == "RECOVERY_CODES"
    refused(partial(verify, worlds, worlds.sign_in(ADA).session_token, code=former[0]), PermissionDenied, "WRONG_CODE")
    assert verify(worlds, worlds.sign_in(ADA).session_token, code=codes[0].lower()).session.state == sessions_pb2.Session.OPEN
    refused(partial(verify, worlds, worlds.sign_in(ADA).session_token, code=codes[0]), PermissionDenied, "WRONG_CODE")
    assert listed(worlds, token).recovery_codes_left == 9


def test_of_one_recovery_code_twice_at_once_one_wins(postgres_world: World) -> None:
    world = postgres_world
    token = world.administrator()
    with_app(world, token)
    code, passports = recovery_codes(world, token)[0], [world.sign_in(ADA).session_token for _ in range(4)]
    assert all_at_once([partial(verify, world, pending, code=code) for pending in passports])[""] == 1


# --- passkeys ------------------------------------------------------------------------------------------------------------------------
def test_a_passkey_is_both_factors_in_one(worlds: World) -> None:
    passkey = with_passkey(worlds, worlds.administrator())
    opened = sign_in_by_passkey(worlds, passkey.get(challenge(worlds)))
    assert (opened.session.state, opened.session.method) == (sessions_pb2.Session.OPEN, sessions_pb2.Session.PASSKEY)
    assert worlds.caller(opened.session_token).fresh_until is not None
    pending = worlds.sign_in(ADA).session_token
    assert verify(worlds, pending, passkey=passkey.get(challenge(worlds))).session.state == sessions_pb2.Session.OPEN


def test_an_answer_works_once_and_for_five_minutes(worlds: World) -> None:
    passkey = with_passkey(worlds, worlds.administrator())
    answer = passkey.get(challenge(worlds))
    sign_in_by_passkey(worlds, answer)
    refused(partial(sign_in_by_passkey, worlds, answer), Unauthenticated, "WRONG_CREDENTIALS")
    late = passkey.get(challenge(worlds))
    worlds.ahead = timedelta(minutes=5, seconds=1)
    refused(partial(sign_in_by_passkey, worlds, late), Unauthenticated, "WRONG_CREDENTIALS")


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:8081"},
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"verifies": False},
        {"sign_count": 0},
        {"user_handle": b"another"},
        {"credential_id": b"unknown"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_rule_17_a_wrong_answer_opens_nothing(world: World, wrong: dict[str, Any]) -> None:
    token = world.administrator()
    passkey = with_passkey(world, token, sign_count=5)
    sign_in_by_passkey(world, passkey.get(challenge(world)))
    for name, value in wrong.items():
        setattr(passkey, name, value)
    refused(partial(sign_in_by_passkey, world, passkey.get(challenge(world))), Unauthenticated, "WRONG_CREDENTIALS")
    refused(partial(verify, world, token, passkey=passkey.get(challenge(world))), PermissionDenied, "WRONG_CODE")


@pytest.mark.parametrize("wrong", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"verifies": False}])
def test_a_passkey_of_another_site_or_without_its_person_is_not_enrolled(world: World, wrong: dict[str, Any]) -> None:
    token = world.administrator()
    made = create(world, token, PASSKEY)
    answer = Authenticator(**wrong).create(made.enrolment)
    refused(partial(confirm, world, token, made.factor.name, passkey=answer), PermissionDenied, "WRONG_CODE")


def test_a_challenge_serves_what_it_was_made_for(world: World) -> None:
    token = world.administrator()
    passkey = with_passkey(world, token)
    enrolment = create(world, token, PASSKEY)
    refused(partial(sign_in_by_passkey, world, passkey.get(enrolment.enrolment)), Unauthenticated, "WRONG_CREDENTIALS")
    answer = Authenticator().create(challenge(world))
    refused(partial(confirm, world, token, enrolment.factor.name, passkey=answer), PermissionDenied, "WRONG_CODE")
    refused(partial(sign_in_by_passkey, world, Authenticator().get('{"challenge":"AAAA"}')), Unauthenticated, "WRONG_CREDENTIALS")


def test_a_passkey_belongs_to_one_account(worlds: World) -> None:
    passkey = with_passkey(worlds, worlds.administrator())
    contact = mario(worlds)
    made = create(worlds, contact, PASSKEY)
    refused(partial(confirm, worlds, contact, made.factor.name, passkey=passkey.create(made.enrolment)), AlreadyExists, "PASSKEY_TAKEN")
    foreign = partial(verify, worlds, contact, passkey=passkey.get(challenge(worlds)))
    refused(foreign, FailedPrecondition, "NO_SECOND_FACTOR")
    with_app(worlds, contact)
    refused(partial(verify, worlds, contact, passkey=passkey.get(challenge(worlds))), PermissionDenied, "WRONG_CODE")


def test_a_passkey_opens_the_web_that_it_is_for(world: World) -> None:
    passkey = with_passkey(world, world.administrator())
    foreign = partial(sign_in_by_passkey, world, passkey.get(challenge(world)), accounts_pb2.Account.CONTACT)
    refused(foreign, Unauthenticated, "WRONG_CREDENTIALS")


def test_rule_18_a_passkey_lets_in_nobody_who_may_not_enter(world: World) -> None:
    token = mario(world)
    passkey = with_passkey(world, token)
    account = world.caller(token).account_id
    assert account is not None
    world.contacts.contacts[account].access.enabled = False
    refused(partial(sign_in_by_passkey, world, passkey.get(challenge(world))), Unauthenticated, "WRONG_CREDENTIALS")


@pytest.mark.parametrize("response", ["{}", "x", '{"rawId":"AA","response":{"clientDataJSON":"AA"}}', "[" * 9000])
def test_what_no_browser_made_is_a_wrong_passkey(world: World, response: str) -> None:
    token = world.administrator()
    made = create(world, token, PASSKEY)
    refused(partial(sign_in_by_passkey, world, response), Unauthenticated, "WRONG_CREDENTIALS")
    refused(partial(confirm, world, token, made.factor.name, passkey=response), PermissionDenied, "WRONG_CODE")


# --- obligatory for administrators ---------------------------------------------------------------------------------------------------
def test_rule_17_an_administrator_sets_one_up_before_anything_else(worlds: World) -> None:
    worlds.administrator()
    settle(worlds, administrators_need_second_factor=True)
    pending = worlds.sign_in(ADA)
    assert pending.session.state == sessions_pb2.Session.SECOND_FACTOR_REQUIRED
    refused(partial(verify, worlds, pending.session_token, code="123456"), FailedPrecondition, "NO_SECOND_FACTOR")
    with_app(worlds, pending.session_token)
    assert worlds.caller(pending.session_token).session_state == "OPEN"
    told = [event.session for event in worlds.events() if isinstance(event, SessionOpened)]
    assert told.count(pending.session.name) == 1


def test_a_slow_administrator_gives_the_password_again_and_still_needs_the_factor(world: World) -> None:
    world.administrator()
    settle(world, administrators_need_second_factor=True)
    pending = world.sign_in(ADA).session_token
    world.ahead = timedelta(minutes=11)
    refused(partial(create, world, pending, TOTP), PermissionDenied, "NOT_FRESH")
    renewed = verify(world, pending, password=PASSWORD)
    assert renewed.session.state == sessions_pb2.Session.SECOND_FACTOR_REQUIRED
    with_app(world, renewed.session_token)
    assert world.caller(renewed.session_token).session_state == "OPEN"


# --- removal -------------------------------------------------------------------------------------------------------------------------
def test_the_last_factor_takes_the_recovery_codes_along_and_ends_no_session(worlds: World) -> None:
    token = worlds.administrator()
    with_app(worlds, token)
    with_passkey(worlds, token)
    recovery_codes(worlds, token)
    first, second = listed(worlds, token).factors
    delete(worlds, token, first.name)
    assert worlds.sign_in(ADA).session.state == sessions_pb2.Session.SECOND_FACTOR_REQUIRED
    delete(worlds, token, second.name)
    assert worlds.sign_in(ADA).session.state == sessions_pb2.Session.OPEN
    assert listed(worlds, token) == factors_pb2.ListFactorsResponse()
    assert worlds.caller(token).session_state == "OPEN"
    assert changes(worlds)[-2:] == ["FACTOR_REMOVED"] * 2


def test_an_operator_helps_somebody_who_lost_theirs(worlds: World) -> None:
    ada, contact = worlds.administrator(), mario(worlds)
    with_app(worlds, contact)
    account = worlds.caller(contact).account_id
    (factor,) = listed(worlds, ada, str(account)).factors
    delete(worlds, ada, factor.name)
    assert worlds.sign_in("mario@acme.example").session.state == sessions_pb2.Session.OPEN


def test_who_may_not_see_a_contact_learns_nothing_of_its_factors(world: World) -> None:
    ada, contact = world.administrator(), mario(world)
    with_app(world, contact)
    (factor,) = listed(world, contact).factors
    with world.as_person(ada):
        account = accounts_pb2.Account(
            kind=accounts_pb2.Account.OPERATOR, display_name="Bruno", email="bruno@studio.example", roles=["roles/operator"]
        )
        bruno = world.accounts.CreateAccount(accounts_pb2.CreateAccountRequest(account=account))
    (minted,) = world.mint(UUID(bruno.name.split("/")[1]), links_pb2.Link.INVITATION)
    world.links.RedeemPasswordLink(links_pb2.RedeemPasswordLinkRequest(token=minted.token, new_password=PASSWORD))
    token = world.sign_in("bruno@studio.example").session_token
    with pytest.raises(NotFound):
        delete(world, token, factor.name)
    with pytest.raises(NotFound):
        listed(world, token, factor.name.split("/")[1])


def test_removing_asks_for_a_fresh_sign_in(world: World) -> None:
    token = world.administrator()
    with_app(world, token)
    (factor,) = listed(world, token).factors
    with world.engine.begin() as connection:  # the server's own clock judges this one
        connection.execute(sa.update(sessions).values(fresh_until=world.clock() - timedelta(seconds=1)))
    refused(partial(delete, world, token, factor.name), PermissionDenied, "NOT_FRESH")


def test_nothing_is_left_of_a_deleted_contacts_factors(world: World) -> None:
    token = mario(world)
    account = world.caller(token).account_id
    assert account is not None
    with_app(world, token)
    world.contacts.contacts.pop(account)
    world.tell(account)
    with world.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM factors")).scalar_one() == 0


def test_dates_of_a_factor(world: World) -> None:
    token = world.administrator()
    app = with_app(world, token)
    (factor,) = listed(world, token).factors
    assert abs(factor.create_time.ToDatetime(UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    assert not factor.HasField("last_use_time")
    verify(world, world.sign_in(ADA).session_token, code=code_of(world, app))
    assert listed(world, token).factors[0].HasField("last_use_time")
