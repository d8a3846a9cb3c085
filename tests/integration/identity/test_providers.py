"""Operators sign in at the organisation's identity provider: whom that lets in, and what a provider that lies, stalls or breaks gets."""

from __future__ import annotations

import base64
import gzip
import hmac
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Response, redirect
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from recapito.identity.v1 import accounts_pb2, sessions_pb2, settings_pb2, settings_pb2_grpc

from libs.errors import InvalidArgument, PermissionDenied, ResourceExhausted, ServiceError, Unauthenticated, Unavailable
from services.identity.domain.providers import LinkRule
from services.identity.repository.tables import authorization_requests, provider_identities
from services.identity.settings import ProviderSettings
from tests import openid_provider
from tests.integration.identity.test_audit import listed, record_outbox
from tests.integration.identity.test_factors import with_app
from tests.integration.identity.test_races import all_at_once
from tests.integration.identity.world import PASSWORD, USER_AGENT, World
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, Claims, OpenIdProvider

ADA = "ada@studio.example"
BACK = "http://localhost:8080/console/provider/studio"
SIGN_IN = "recapito.identity.v1.Sessions.CreateSession"


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider.serving() as running:
        running.person["email"] = ADA
        yield running


def configure(world: World, provider: OpenIdProvider, **more: Any) -> World:
    """Start identity anew with this provider, known as "studio"."""
    given = {
        "id": "studio",
        "display_name": "Studio",
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "email_domains": ["Studio.example"],
    }
    settings = ProviderSettings(**{**given, "client_secret": SecretStr(CLIENT_SECRET), **more})
    world.server.stop()
    world.settings = world.settings.model_copy(update={"identity_providers": (settings,), "environment": "test"})
    world.start()
    return world


@pytest.fixture
def provided(worlds: World, provider: OpenIdProvider) -> World:
    """On both databases; Ada is an administrator."""
    worlds.administrator(ADA)
    return configure(worlds, provider)


@pytest.fixture
def lite(world: World, provider: OpenIdProvider) -> World:
    """On SQLite, for what does not concern a database."""
    world.administrator(ADA)
    return configure(world, provider)


def start(
    world: World, redirect_uri: str = BACK, provider_id: str = "studio", ip: str = "192.0.2.7"
) -> sessions_pb2.StartProviderSignInResponse:
    info = sessions_pb2.ClientInfo(ip_address=ip, user_agent=USER_AGENT)
    request = sessions_pb2.StartProviderSignInRequest(provider=provider_id, redirect_uri=redirect_uri, client_info=info)
    return world.sessions.StartProviderSignIn(request)


def finish(world: World, answer: dict[str, str], provider_id: str = "studio") -> sessions_pb2.CreateSessionResponse:
    credential = sessions_pb2.ProviderCredential(provider=provider_id, code=answer["code"], state=answer["state"])
    info = sessions_pb2.ClientInfo(ip_address="192.0.2.7", user_agent=USER_AGENT)
    return world.sessions.CreateSession(sessions_pb2.CreateSessionRequest(provider=credential, client_info=info))


def sign_in(world: World, provider: OpenIdProvider) -> sessions_pb2.CreateSessionResponse:
    return finish(world, provider.answer(start(world).authorization_uri))


def refusal(world: World, provider: OpenIdProvider) -> ServiceError:
    """Return what signing in is refused with; it must leave no link behind."""
    with pytest.raises(ServiceError) as refused:
        sign_in(world, provider)
    assert not links(world)
    return refused.value


def links(world: World) -> list[tuple[str, str]]:
    with world.engine.connect() as connection:
        return [(row.subject, str(row.account_id)) for row in connection.execute(sa.select(provider_identities))]


def another_operator(world: World, email: str) -> str:
    """Make an operator and return its name."""
    with world.as_person(world.sign_in(ADA).session_token):
        account = accounts_pb2.Account(kind=accounts_pb2.Account.OPERATOR, display_name="Bea", email=email)
        return str(world.accounts.CreateAccount(accounts_pb2.CreateAccountRequest(account=account)).name)


# --- whom it lets in -----------------------------------------------------------------------------------------------------------------
def test_an_operator_signs_in_and_works(provided: World, provider: OpenIdProvider) -> None:
    opened = sign_in(provided, provider)
    session = opened.session
    assert (session.state, session.method, session.kind) == (session.OPEN, session.PROVIDER, accounts_pb2.Account.OPERATOR)
    assert session.expire_time.ToDatetime() - session.create_time.ToDatetime() == timedelta(minutes=30)
    assert session.fresh_until_time.ToDatetime() - session.create_time.ToDatetime() == timedelta(minutes=10)
    caller = provided.caller(opened.session_token)
    assert caller.method == "PROVIDER"
    assert "identity.accounts" in caller.capabilities
    assert links(provided) == [(provider.person["sub"], session.account.split("/")[1])]
    assert provided.events()[-1].method == session.PROVIDER


def test_who_was_only_invited_needs_no_password(provided: World, provider: OpenIdProvider) -> None:
    name = another_operator(provided, "bea@studio.example")
    provider.person["email"] = "Bea@Studio.Example"
    assert sign_in(provided, provider).session.account == name


def test_afterwards_the_subject_decides_and_never_the_address(provided: World, provider: OpenIdProvider) -> None:
    ada = sign_in(provided, provider).session.account
    another_operator(provided, "bea@studio.example")
    provider.person |= {"email": "bea@studio.example"}
    assert sign_in(provided, provider).session.account == ada
    provider.person |= {"email": "ada@elsewhere.example", "email_verified": False}
    assert sign_in(provided, provider).session.account == ada


def test_who_takes_over_an_address_does_not_become_its_former_holder(provided: World, provider: OpenIdProvider) -> None:
    """Rule 19: an address brings nothing to its next holder."""
    sign_in(provided, provider)
    before = links(provided)
    provider.person["sub"] = "somebody who got the address later"
    with pytest.raises(Unauthenticated) as refused:
        sign_in(provided, provider)
    assert refused.value.reason == "WRONG_CREDENTIALS"
    assert links(provided) == before


def test_who_is_disabled_and_enabled_again_is_linked_anew(provided: World, provider: OpenIdProvider) -> None:
    name = another_operator(provided, "bea@studio.example")
    provider.person["email"] = "bea@studio.example"
    opened = sign_in(provided, provider)
    with provided.as_person(provided.sign_in(ADA).session_token):
        provided.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=name))
        assert refusal(provided, provider).reason == "WRONG_CREDENTIALS"
        provided.accounts.EnableAccount(accounts_pb2.EnableAccountRequest(name=name))
    with pytest.raises(Unauthenticated):
        provided.passport(opened.session_token)
    provider.person["sub"] = "the same person, made anew at the provider"
    assert sign_in(provided, provider).session.account == name


def test_nobody_gets_in_whom_we_do_not_know(provided: World, provider: OpenIdProvider) -> None:
    """Rule 13: unknown, a contact, disabled: one answer."""
    answers = set()
    provided.with_password(provided.with_contact(email="mario@studio.example"))
    for email in ("nobody@studio.example", "mario@studio.example", "", "nul\0@studio.example", "ada@studio.example\0"):
        provider.person["email"] = email
        error = refusal(provided, provider)
        answers.add((type(error), error.reason, str(error)))
    assert len(answers) == 1
    assert answers.pop()[1] == "WRONG_CREDENTIALS"


@pytest.mark.parametrize(
    "person",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "ada@studio.example.evil.example"},
        {"email": "ada@evil.example"},
        {"email": "ADA@ｓtudio.example"},
        {"email": "ªda@studio.example"},
        {"email": ["ada@studio.example"]},
    ],
    ids=str,
)
def test_an_address_that_proves_nothing_links_nobody(lite: World, provider: OpenIdProvider, person: Claims) -> None:
    provider.person |= person
    assert refusal(lite, provider).reason == "WRONG_CREDENTIALS"


def test_a_provider_that_never_says_verified_can_be_trusted_with_its_addresses(world: World, provider: OpenIdProvider) -> None:
    world.administrator(ADA)
    del provider.person["email_verified"]
    assert refusal(configure(world, provider), provider).reason == "WRONG_CREDENTIALS"
    assert sign_in(configure(world, provider, link_rule=LinkRule.EMAIL), provider).session.method == sessions_pb2.Session.PROVIDER


def test_links_can_be_closed(world: World, provider: OpenIdProvider) -> None:
    world.administrator(ADA)
    configure(world, provider, link_rule=LinkRule.NONE)
    assert refusal(world, provider).reason == "WRONG_CREDENTIALS"
    sign_in(configure(world, provider), provider)
    configure(world, provider, link_rule=LinkRule.NONE)
    assert sign_in(world, provider).session.state == sessions_pb2.Session.OPEN


def test_an_address_may_come_from_userinfo(lite: World, provider: OpenIdProvider) -> None:
    provider.alter = lambda claims: {name: value for name, value in claims.items() if not name.startswith("email")}
    assert sign_in(lite, provider).session.method == sessions_pb2.Session.PROVIDER


def test_userinfo_of_another_person_is_refused(lite: World, provider: OpenIdProvider) -> None:
    provider.alter = lambda claims: {name: value for name, value in claims.items() if not name.startswith("email")}
    provider.answers["/userinfo"] = lambda: {**provider.person, "sub": "another"}
    assert refusal(lite, provider).reason == "PROVIDER_REFUSED"


def test_a_session_is_fresh_for_ten_minutes_after_the_person_proved_itself_there(lite: World, provider: OpenIdProvider) -> None:
    def fresh_for(seconds_ago: float) -> timedelta:
        provider.alter = lambda claims: claims | {"auth_time": claims["iat"] - seconds_ago}
        session = sign_in(lite, provider).session
        return timedelta(seconds=session.fresh_until_time.seconds - session.create_time.seconds)

    assert fresh_for(0) >= timedelta(minutes=9, seconds=58)
    assert timedelta(minutes=4) < fresh_for(300) < timedelta(minutes=5, seconds=2)
    assert fresh_for(8 * HOUR) < timedelta(), "signed in there this morning: good to enter, not to change who may enter"
    assert fresh_for(-HOUR) <= timedelta(minutes=10)


def test_the_provider_can_be_told_to_ask_again(lite: World, provider: OpenIdProvider) -> None:
    request = sessions_pb2.StartProviderSignInRequest(provider="studio", redirect_uri=BACK, reauthenticate=True)
    assert parse_qs(urlsplit(lite.sessions.StartProviderSignIn(request).authorization_uri).query)["prompt"] == ["login"]
    assert "prompt" not in start(lite).authorization_uri


def test_who_has_a_second_factor_gives_it_after_the_provider_too(lite: World, provider: OpenIdProvider) -> None:
    """Rule 17: the provider stands for the password, and for no more."""
    with_app(lite, sign_in(lite, provider).session_token)
    opened = sign_in(lite, provider)
    assert opened.session.state == sessions_pb2.Session.SECOND_FACTOR_REQUIRED
    with lite.as_person(opened.session_token), pytest.raises(PermissionDenied):
        lite.accounts.ListAccounts(accounts_pb2.ListAccountsRequest())


def test_the_audit_says_who_came_in_and_who_was_turned_away(lite: World, provider: OpenIdProvider) -> None:
    """Rule 64: also when somebody else was signed in in the browser."""
    bea = another_operator(lite, "bea@studio.example")
    with lite.as_person(lite.sign_in(ADA).session_token):
        answer = provider.answer(start(lite).authorization_uri)
        provider.alter = lambda claims: claims | {"sub": "bea", "email": "bea@studio.example"}
        session = finish(lite, answer).session
        lite.accounts.DisableAccount(accounts_pb2.DisableAccountRequest(name=bea))
    refusal(lite, provider)
    record_outbox(lite)
    entries = listed(lite, lite.sign_in(ADA).session_token)
    assert {entry.resource for entry in entries if entry.method == SIGN_IN and entry.actor == bea and entry.result == "OK"} == {
        session.name
    }
    (refused,) = [entry for entry in entries if entry.method == SIGN_IN and entry.result != "OK"]
    assert (refused.resource, refused.result) == (bea, "UNAUTHENTICATED WRONG_CREDENTIALS")
    assert not [entry for entry in entries if entry.method.endswith("StartProviderSignIn")]


# --- at the same moment --------------------------------------------------------------------------------------------------------------
def test_of_two_who_bring_the_same_answer_one_gets_in(provided: World, provider: OpenIdProvider) -> None:
    answer = provider.answer(start(provided).authorization_uri)
    assert all_at_once([partial(finish, provided, answer)] * 2) == {"": 1, "PROVIDER_SIGN_IN_EXPIRED": 1}


def test_one_person_may_come_in_two_browsers_at_once(provided: World, provider: OpenIdProvider) -> None:
    answers = [provider.answer(start(provided).authorization_uri) for _ in range(2)]
    assert all_at_once([partial(finish, provided, answer) for answer in answers]) == {"": 2}
    assert len(links(provided)) == 1


def test_of_two_people_with_one_address_one_is_linked(provided: World, provider: OpenIdProvider) -> None:
    answers = [provider.answer(start(provided).authorization_uri) for _ in range(2)]
    number = itertools.count()
    provider.alter = lambda claims: claims | {"sub": f"person {next(number)}"}
    assert all_at_once([partial(finish, provided, answer) for answer in answers]) == {"": 1, "WRONG_CREDENTIALS": 1}
    assert len(links(provided)) == 1


# --- the request ---------------------------------------------------------------------------------------------------------------------
def test_a_request_has_state_nonce_and_pkce_and_each_its_own(lite: World, provider: OpenIdProvider) -> None:
    first, second = (parse_qs(urlsplit(start(lite).authorization_uri).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"]
    assert first["scope"] == ["openid email"]
    assert first["redirect_uri"] == [BACK]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]


def test_what_is_stored_of_a_request_opens_nothing(provided: World, provider: OpenIdProvider) -> None:
    """Rule 7: an HMAC of the state; nonce and code verifier not at all."""
    started = start(provided)
    given = {value for values in parse_qs(urlsplit(started.authorization_uri).query).values() for value in values} - {BACK}
    with provided.engine.connect() as connection:
        (row,) = connection.execute(sa.select(authorization_requests))
    stored = repr(tuple(row)) + base64.urlsafe_b64encode(row.state_hash).decode()
    assert started.state in given
    assert not [value for value in given if value in stored]


def test_an_answer_is_good_once(provided: World, provider: OpenIdProvider) -> None:
    started = start(provided)
    finish(provided, provider.answer(started.authorization_uri))
    again = provider.answer(started.authorization_uri)
    with pytest.raises(Unauthenticated) as refused:
        finish(provided, again)
    assert refused.value.reason == "PROVIDER_SIGN_IN_EXPIRED"


def test_an_answer_is_good_for_ten_minutes(provided: World, provider: OpenIdProvider) -> None:
    answers = [provider.answer(start(provided).authorization_uri) for _ in range(2)]
    provided.ahead = timedelta(minutes=9, seconds=50)
    provider.alter = lambda claims: claims | {"exp": claims["exp"] + 1000}
    finish(provided, answers[0])
    provided.ahead = timedelta(minutes=10, seconds=1)
    with pytest.raises(Unauthenticated) as refused:
        finish(provided, answers[1])
    assert refused.value.reason == "PROVIDER_SIGN_IN_EXPIRED"


def test_an_answer_to_nothing_we_asked_is_refused(provided: World, provider: OpenIdProvider) -> None:
    for state in ("", "made up", "\0", "è" * 400):
        with pytest.raises((Unauthenticated, InvalidArgument)):
            finish(provided, {"code": "a code", "state": state})
    assert not provider.asked["/token"]


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "http://localhost:8080/console/provider/other", BACK + "?x=1", BACK + "/../..", "javascript:alert(1)"],
)
def test_people_are_sent_back_to_configured_addresses_alone(lite: World, address: str) -> None:
    """Rule 59: redirect targets come from a list."""
    with pytest.raises(InvalidArgument) as refused:
        start(lite, redirect_uri=address)
    assert refused.value.violations[0].field == "redirect_uri"


def test_an_unknown_provider_is_named(lite: World) -> None:
    with pytest.raises(InvalidArgument) as refused:
        start(lite, provider_id="nobody")
    assert refused.value.reason == "PROVIDER_UNKNOWN"
    with pytest.raises(InvalidArgument):
        finish(lite, {"code": "c", "state": "s"}, provider_id="nobody")


def test_strangers_cannot_start_for_ever(provided: World, provider: OpenIdProvider) -> None:
    for _ in range(100):
        start(provided, ip="198.51.100.9")
    with pytest.raises(ResourceExhausted) as refused:
        start(provided, ip="198.51.100.9")
    assert refused.value.retry_after_seconds
    start(provided)
    assert sum(provider.asked.values()) == 1, "the metadata, once"


# --- providers that lie --------------------------------------------------------------------------------------------------------------
def hs256_with_the_public_key(claims: Claims, key: RSAKey) -> str:
    signing_input = parts({"alg": "HS256", "kid": str(key.kid)}, claims)
    return f"{signing_input}.{encoded(hmac.digest(key.as_pem(private=False), signing_input.encode(), 'sha256'))}"


def unsigned(claims: Claims, key: RSAKey) -> str:
    return parts({"alg": "none", "kid": str(key.kid)}, claims) + "."


def parts(*found: dict[str, Any]) -> str:
    return ".".join(encoded(json.dumps(part).encode()) for part in found)


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def with_a_key_in_its_header(claims: Claims, key: RSAKey) -> str:
    mine = openid_provider.new_key()
    return jwt.encode({"alg": "RS256", "kid": str(key.kid), "jwk": mine.as_dict(private=False)}, claims, mine, algorithms=["RS256"])


def of_another_key(claims: Claims, key: RSAKey) -> str:
    mine = openid_provider.new_key()
    return jwt.encode({"alg": "RS256", "kid": str(key.kid)}, claims, mine, algorithms=["RS256"])


def of_an_unknown_key(claims: Claims, _key: RSAKey) -> str:
    return openid_provider.signed(claims, openid_provider.new_key())


def tampered(claims: Claims, key: RSAKey) -> str:
    header, body, signature = openid_provider.signed(claims, key).split(".")
    other = openid_provider.signed(claims | {"sub": "another"}, key).split(".")[1]
    assert other != body
    return f"{header}.{other}.{signature}"


@pytest.mark.parametrize(
    "sign",
    [
        hs256_with_the_public_key,
        unsigned,
        with_a_key_in_its_header,
        of_another_key,
        of_an_unknown_key,
        tampered,
        lambda _claims, _key: "",
        lambda _claims, _key: "a.b.c",
        lambda _claims, _key: ["not a text"],
    ],
)
def test_a_token_is_signed_by_a_published_key_with_a_named_algorithm(
    lite: World, provider: OpenIdProvider, sign: Callable[[Claims, RSAKey], str]
) -> None:
    provider.sign = sign
    assert refusal(lite, provider).reason == "PROVIDER_REFUSED"


def test_a_provider_that_names_only_weak_algorithms_gets_nobody_in(lite: World, provider: OpenIdProvider) -> None:
    provider.metadata["id_token_signing_alg_values_supported"] = ["none", "HS256"]
    for sign in (hs256_with_the_public_key, unsigned):
        provider.sign = sign
        assert refusal(lite, provider).reason == "PROVIDER_REFUSED"


HOUR = 3600
ALTERATIONS: dict[str, Callable[[Claims], Claims]] = {
    "wrong nonce": lambda claims: claims | {"nonce": "of another sign-in"},
    "no nonce": lambda claims: without(claims, "nonce"),
    "wrong audience": lambda claims: claims | {"aud": "somebody else"},
    "no audience": lambda claims: without(claims, "aud"),
    "wrong issuer": lambda claims: claims | {"iss": "https://evil.example"},
    "no issuer": lambda claims: without(claims, "iss"),
    "issued for others too, and not for us first": lambda claims: claims | {"aud": [CLIENT_ID, "other"], "azp": "other"},
    "issued for others too, and no word for whom first": lambda claims: claims | {"aud": [CLIENT_ID, "other"]},
    "for others alone, though we are the party": lambda claims: claims | {"aud": ["other"], "azp": CLIENT_ID},
    "expired": lambda claims: claims | {"exp": claims["iat"] - HOUR},
    "no end": lambda claims: without(claims, "exp"),
    "an end that is no number": lambda claims: claims | {"exp": "tomorrow"},
    "issued in the future": lambda claims: claims | {"iat": claims["iat"] + HOUR, "exp": claims["exp"] + 2 * HOUR},
    "no time of issue": lambda claims: without(claims, "iat"),
    "not yet valid": lambda claims: claims | {"nbf": claims["iat"] + HOUR},
    "no subject": lambda claims: without(claims, "sub"),
    "empty subject": lambda claims: claims | {"sub": ""},
    "long subject": lambda claims: claims | {"sub": "s" * 256},
    "subject with a zero byte": lambda claims: claims | {"sub": "a\0b"},
    "subject that is no text": lambda claims: claims | {"sub": 7},
    "a time of proof that is no number": lambda claims: claims | {"auth_time": "today"},
    "a time of proof that is not even that": lambda claims: claims | {"auth_time": float("nan")},
    "wrong hash of the access token": lambda claims: claims | {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


def without(claims: Claims, name: str) -> Claims:
    return {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize("lie", ALTERATIONS)
def test_every_claim_is_checked(lite: World, provider: OpenIdProvider, lie: str) -> None:
    provider.alter = ALTERATIONS[lie]
    assert refusal(lite, provider).reason == "PROVIDER_REFUSED"


def test_a_code_of_another_browser_is_no_use(lite: World, provider: OpenIdProvider) -> None:
    """A stolen code: PKCE and the nonce bind it to the request that it answers."""
    stolen = provider.answer(start(lite).authorization_uri)
    mine = start(lite)
    with pytest.raises(Unauthenticated) as refused:
        finish(lite, {"code": stolen["code"], "state": mine.state})
    assert refused.value.reason == "PROVIDER_REFUSED"


# --- keys --------------------------------------------------------------------------------------------------------------------------------
def test_new_keys_are_fetched_at_most_each_ten_seconds(lite: World, provider: OpenIdProvider) -> None:
    sign_in(lite, provider)
    provider.key = openid_provider.new_key()
    with pytest.raises(Unauthenticated):
        sign_in(lite, provider)
    assert provider.asked["/keys"] == 1, "fetched a moment ago"
    lite.ahead = timedelta(seconds=11)
    assert sign_in(lite, provider).session.method == sessions_pb2.Session.PROVIDER
    provider.sign = of_an_unknown_key
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            sign_in(lite, provider)
    assert provider.asked["/keys"] == 2


def test_what_the_provider_publishes_is_asked_for_again_after_an_hour(lite: World, provider: OpenIdProvider) -> None:
    for _ in range(3):
        sign_in(lite, provider)
    assert (provider.asked["/keys"], provider.asked["/.well-known/openid-configuration"]) == (1, 1)
    lite.ahead = timedelta(hours=1, seconds=1)
    provider.alter = lambda claims: claims | {"exp": claims["exp"] + 2 * HOUR}
    sign_in(lite, provider)
    assert (provider.asked["/keys"], provider.asked["/.well-known/openid-configuration"]) == (2, 2)


# --- providers that do not answer --------------------------------------------------------------------------------------------------------
def dripping() -> Response:
    """A byte at a time, each before a reader gives up, and never an end."""
    pause = threading.Event()

    def drip() -> Iterator[bytes]:
        while not pause.wait(0.2):
            yield b" "

    return Response(drip(), mimetype="application/json")


def huge() -> Response:
    return Response((b" " * 65536 for _ in range(1000)), mimetype="application/json")


def bomb() -> Response:
    return Response(gzip.compress(b" " * 20_000_000), mimetype="application/json", headers={"Content-Encoding": "gzip"})


BROKEN: dict[str, Callable[[], Any]] = {
    "huge": huge,
    "a bomb": bomb,
    "an error": lambda: ("broken", 500),
    "elsewhere": lambda: redirect("http://169.254.169.254/latest/meta-data"),
    "no JSON": lambda: "<html>",
    "nested without end": lambda: Response("[" * 100_000, mimetype="application/json"),
    "nothing of use": lambda: Response("[]", mimetype="application/json"),
    "wrong types": lambda: Response('{"keys": [{"kty": "RSA"}], "issuer": [], "id_token": {}}', mimetype="application/json"),
}


@pytest.mark.parametrize("answer", BROKEN)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
def test_a_broken_provider_lets_nobody_in_and_breaks_nothing(lite: World, provider: OpenIdProvider, path: str, answer: str) -> None:
    """Rule 2: fail closed. Rule 25: limits."""
    provider.answers[path] = BROKEN[answer]
    error = refusal(lite, provider)
    assert error.reason in ({"PROVIDER_UNAVAILABLE", "PROVIDER_REFUSED"} if path == "/token" else {"PROVIDER_UNAVAILABLE"})
    assert lite.sign_in(ADA).session_token, "passwords still work"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token"])
def test_a_slow_provider_is_given_up_in_seconds(lite: World, provider: OpenIdProvider, path: str) -> None:
    """Rule 24: every call has a deadline."""
    provider.answers[path] = dripping
    assert refusal(lite, provider).reason == "PROVIDER_UNAVAILABLE"


def test_a_provider_that_was_down_is_left_alone_for_ten_seconds(lite: World, provider: OpenIdProvider) -> None:
    provider.answers["/.well-known/openid-configuration"] = lambda: ("down", 503)
    for _ in range(3):
        with pytest.raises(Unavailable):
            start(lite)
    assert provider.asked["/.well-known/openid-configuration"] == 1
    provider.answers.clear()
    lite.ahead = timedelta(seconds=11)
    assert sign_in(lite, provider).session.state == sessions_pb2.Session.OPEN


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "http://evil.example/keys"},
        {"token_endpoint": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_metadata_that_leads_astray_is_refused(lite: World, provider: OpenIdProvider, metadata: dict[str, str]) -> None:
    provider.metadata = metadata
    assert refusal(lite, provider).reason == "PROVIDER_UNAVAILABLE"


def test_in_production_nothing_is_asked_without_https(lite: World, provider: OpenIdProvider) -> None:
    lite.server.stop()
    lite.settings = lite.settings.model_copy(update={"environment": "production"})
    lite.start()
    with pytest.raises(Unavailable):
        start(lite)
    assert not provider.asked


# --- what others see -----------------------------------------------------------------------------------------------------------------
def test_the_settings_name_the_providers_to_the_portal(lite: World) -> None:
    settings = settings_pb2_grpc.SettingsStub(lite.anonymous).GetIdentitySettings(
        settings_pb2.GetIdentitySettingsRequest(name="settings/identity")
    )
    assert [(provider.id, provider.display_name) for provider in settings.providers] == [("studio", "Studio")]


def test_a_wrong_password_is_still_wrong(lite: World, provider: OpenIdProvider) -> None:
    sign_in(lite, provider)
    with pytest.raises((Unauthenticated, PermissionDenied)):
        lite.sign_in(ADA, PASSWORD + "x")
