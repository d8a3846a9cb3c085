"""Access and refresh tokens, the key set, and the change of keys."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from pydantic import SecretStr
from recapito.identity.v1 import links_pb2, sessions_pb2, tokens_pb2

from libs.errors import InvalidArgument, Unauthenticated
from services.identity.service import tokens
from services.identity.servicer.tokens import EXCHANGE, SESSION_TOKEN
from tests.integration.identity.world import World

LIFE = timedelta(days=30)


def exchange(world: World, session_token: str) -> tokens_pb2.Token:
    return world.tokens.IssueToken(
        tokens_pb2.IssueTokenRequest(grant_type=EXCHANGE, subject_token=session_token, subject_token_type=SESSION_TOKEN)
    )


def refresh(world: World, refresh_token: str) -> tokens_pb2.Token:
    return world.tokens.IssueToken(tokens_pb2.IssueTokenRequest(grant_type="refresh_token", refresh_token=refresh_token))


def passport(world: World, access_token: str) -> str:
    request = sessions_pb2.CreatePassportRequest(access_token=access_token, audience=["documents"])
    return str(world.sessions.CreatePassport(request).passport)


def refused(world: World, access_token: str) -> str:
    with pytest.raises(Unauthenticated) as error:
        passport(world, access_token)
    return error.value.reason


# --- access tokens -------------------------------------------------------------------------------------------------------------------
def test_a_session_is_exchanged_for_an_access_token_that_becomes_a_passport(worlds: World) -> None:
    issued = exchange(worlds, worlds.administrator())
    assert (issued.token_type, issued.expires_in) == ("Bearer", 300)
    assert worlds.verifier.verify(passport(worlds, issued.access_token)).sees_all


def test_an_access_token_lives_five_minutes(world: World) -> None:
    access_token = exchange(world, world.administrator()).access_token
    world.ahead = timedelta(minutes=4, seconds=58)
    assert passport(world, access_token)
    world.ahead = timedelta(minutes=5, seconds=1)
    assert refused(world, access_token) == "TOKEN_EXPIRED"


def test_an_access_token_is_no_passport_and_a_passport_no_access_token(world: World) -> None:
    session = world.administrator()
    with pytest.raises(Unauthenticated):
        world.verifier.verify(exchange(world, session).access_token)
    assert refused(world, world.passport(session)) == "TOKEN_INVALID"


def forged(token: str, header: dict[str, str]) -> str:
    _, payload, signature = token.split(".")
    written = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{written}.{payload}.{signature}"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256", "kid": "x"},
        {"alg": "Ed25519", "kid": "x", "jku": "https://evil.example/keys"},
        {"alg": "Ed25519", "typ": "at+jwt"},
        {},
    ],
)
def test_a_forged_header_is_refused(world: World, header: dict[str, str]) -> None:
    token = exchange(world, world.administrator()).access_token
    assert refused(world, forged(token, header)) == "TOKEN_INVALID"
    assert refused(world, token[:-4] + "AAAA") == "TOKEN_INVALID"
    assert refused(world, "not a token") == "TOKEN_INVALID"


def test_a_session_that_is_not_open_gets_no_tokens(world: World) -> None:
    (minted,) = world.mint(world.with_contact(), links_pb2.Link.MAGIC)
    with pytest.raises(InvalidArgument) as error:
        exchange(world, world.enter(minted.token).session_token)
    assert error.value.reason == "invalid_grant"


def test_signing_out_ends_the_tokens_too(worlds: World) -> None:
    session = worlds.administrator()
    issued = exchange(worlds, session)
    with worlds.as_person(session):
        worlds.sessions.DeleteSession(sessions_pb2.DeleteSessionRequest(name="accounts/me/sessions/current"))
    assert refused(worlds, issued.access_token) == "SESSION_ENDED"
    with pytest.raises(InvalidArgument):
        refresh(worlds, issued.refresh_token)


# --- refresh tokens ------------------------------------------------------------------------------------------------------------------
def test_a_refresh_token_is_changed_for_the_next_one(worlds: World) -> None:
    first = exchange(worlds, worlds.administrator())
    second = refresh(worlds, first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert passport(worlds, second.access_token)
    assert refresh(worlds, second.refresh_token).access_token


def test_a_spent_refresh_token_ends_its_whole_family_and_no_other(worlds: World) -> None:
    session = worlds.administrator()
    first, other = exchange(worlds, session), exchange(worlds, session)
    second = refresh(worlds, first.refresh_token)
    with pytest.raises(InvalidArgument) as error:
        refresh(worlds, first.refresh_token)
    assert error.value.reason == "invalid_grant"
    with pytest.raises(InvalidArgument):
        refresh(worlds, second.refresh_token)
    assert refused(worlds, second.access_token) == "SESSION_ENDED"
    assert passport(worlds, other.access_token)
    assert worlds.passport(session)


def test_a_revoked_token_ends_its_family_and_an_unknown_one_is_no_mistake(worlds: World) -> None:
    issued = exchange(worlds, worlds.administrator())
    worlds.tokens.RevokeToken(tokens_pb2.RevokeTokenRequest(token=issued.refresh_token))
    worlds.tokens.RevokeToken(tokens_pb2.RevokeTokenRequest(token="unknown"))
    assert refused(worlds, issued.access_token) == "SESSION_ENDED"
    with pytest.raises(InvalidArgument):
        refresh(worlds, issued.refresh_token)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (tokens_pb2.IssueTokenRequest(grant_type="password"), "unsupported_grant_type"),
        (tokens_pb2.IssueTokenRequest(grant_type="refresh_token"), "invalid_request"),
        (tokens_pb2.IssueTokenRequest(grant_type="refresh_token", refresh_token="x"), "invalid_grant"),
        (tokens_pb2.IssueTokenRequest(grant_type=EXCHANGE, subject_token="x"), "invalid_request"),
        (tokens_pb2.IssueTokenRequest(grant_type=EXCHANGE, subject_token_type=SESSION_TOKEN), "invalid_request"),
        (tokens_pb2.IssueTokenRequest(grant_type=EXCHANGE, subject_token="x", subject_token_type=SESSION_TOKEN), "invalid_grant"),
    ],
)
def test_the_token_endpoint_refuses_by_the_words_of_the_standard(world: World, request_: tokens_pb2.IssueTokenRequest, reason: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        world.tokens.IssueToken(request_)
    assert error.value.reason == reason


# --- keys ----------------------------------------------------------------------------------------------------------------------------
def key_ids(world: World) -> list[str]:
    answer = world.tokens.GetKeySet(tokens_pb2.GetKeySetRequest())
    assert answer.content_type == "application/jwk-set+json"
    published = json.loads(answer.data)["keys"]
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in published)
    return [key["kid"] for key in published]


def kid_of(token: str) -> str:
    header = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def test_keys_change_without_a_single_failed_verification(worlds: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.identity.servicer.tokens._KEYS_SECONDS", 0.0)  # as if time passed for the cache, too
    session = worlds.administrator()
    old_passport = worlds.passport(session)
    assert worlds.verifier.verify(old_passport)
    (old,) = key_ids(worlds)
    tokens.rotate_keys(LIFE, uow=worlds.new_uow(), clock=worlds.clock, force=True)
    _, new = key_ids(worlds)
    used = set()
    for minutes in range(0, 25, 3):
        worlds.ahead = timedelta(minutes=minutes)
        tokens.rotate_keys(LIFE, uow=worlds.new_uow(), clock=worlds.clock)
        worlds.verifier._fetched -= 11  # three minutes are more than the ten seconds between two questions
        fresh = worlds.passport(session)
        used.add(kid_of(fresh))
        assert worlds.verifier.verify(fresh).sees_all
    assert used == {old, new}
    assert key_ids(worlds) == [new]


def test_signing_keys_are_made_in_time_by_the_job(world: World) -> None:
    world.passport(world.administrator())
    (first,) = key_ids(world)
    world.ahead = LIFE - timedelta(minutes=11)
    assert [key.id for key in tokens.rotate_keys(LIFE, uow=world.new_uow(), clock=world.clock)] == [first]
    world.ahead = LIFE - timedelta(minutes=9)
    assert len(tokens.rotate_keys(LIFE, uow=world.new_uow(), clock=world.clock)) == 2
    assert len(tokens.rotate_keys(LIFE, uow=world.new_uow(), clock=world.clock)) == 2


def test_private_keys_are_encrypted_under_a_secret_that_the_database_does_not_hold(world: World) -> None:
    world.passport(world.administrator())
    with world.new_uow() as uow:
        (key,) = uow.keys.all()
        (stored,) = uow.connection.exec_driver_sql("SELECT secret FROM keys").scalars().all()
    assert key.secret not in stored


def test_another_secret_makes_new_keys_and_ends_every_session(world: World) -> None:
    token = world.administrator()
    world.passport(token)
    (old,) = key_ids(world)
    world.server.stop()
    world.settings = world.settings.model_copy(update={"identity_secret": SecretStr("another secret, at least as long as it must be")})
    world.start()
    assert refused_session(world, token) == "SESSION_ENDED"
    assert world.verifier.verify(world.passport(world.sign_in("ada@studio.example").session_token)).sees_all
    assert old not in key_ids(world)


def refused_session(world: World, session_token: str) -> str:
    with pytest.raises(Unauthenticated) as error:
        world.passport(session_token)
    return error.value.reason


def test_the_service_needs_a_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from services.identity.settings import Settings

    monkeypatch.setenv("RECAPITO_DATABASE_URL", "sqlite:///x.db")
    monkeypatch.setenv("RECAPITO_BUS_URL", "sqlite:///y.db")
    monkeypatch.setenv("RECAPITO_IDENTITY_SECRET", "too short")
    with pytest.raises(SystemExit):
        Settings.load()
    assert "RECAPITO_IDENTITY_SECRET" in capsys.readouterr().err
