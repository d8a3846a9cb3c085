"""Client applications: their accounts, how they prove who they are, and what their tokens open."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from google.protobuf.duration_pb2 import Duration
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from recapito.identity.v1 import accounts_pb2 as pb
from recapito.identity.v1 import links_pb2, sessions_pb2, tokens_pb2

from libs.access import Kind
from libs.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ServiceError, Unauthenticated
from libs.rpc import context
from services.identity.domain.roles import ROLES
from services.identity.service.clients import ASSERTION_TYPE
from tests.integration.identity.operators import joined, update
from tests.integration.identity.world import World

CALLBACK = "https://app.example/callback"
VERIFIER = "a-verifier-that-is-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ISSUER = "http://localhost:8080"


def register(world: World, *roles: str, groups: tuple[UUID, ...] = (), **client: Any) -> pb.Account:
    """Register a service; the caller is an administrator."""
    account = pb.Account(
        kind=pb.Account.SERVICE,
        display_name="Gestionale",
        roles=roles or ("roles/accountant",),
        groups=[f"groups/{group}" for group in groups],
        client=pb.Client(**client),
    )
    return world.accounts.CreateAccount(pb.CreateAccountRequest(account=account, request_id=uuid.uuid4().hex))


def rotate(world: World, account: pb.Account, *, overlap: int = 0, request_id: str = "") -> str:
    request = pb.RotateClientSecretRequest(name=account.name, overlap=Duration(seconds=overlap), request_id=request_id)
    return world.accounts.RotateClientSecret(request).client_secret


def id_of(account: pb.Account) -> str:
    return account.name.removeprefix("accounts/")


def issue(world: World, **fields: str) -> tokens_pb2.Token:
    return world.tokens.IssueToken(tokens_pb2.IssueTokenRequest(**fields))


def by_secret(world: World, account: pb.Account, secret: str, **fields: str) -> tokens_pb2.Token:
    return issue(world, **({"grant_type": "client_credentials", "client_id": id_of(account), "client_secret": secret} | fields))


def caller(world: World, access_token: str) -> Any:
    request = sessions_pb2.CreatePassportRequest(access_token=access_token, audience=["documents", "identity"])
    with context.as_person(""):  # as a gateway asks
        return world.verifier.verify(world.sessions.CreatePassport(request).passport)


def refusal(error: pytest.ExceptionInfo[ServiceError]) -> str:
    return error.value.reason


# --- accounts ------------------------------------------------------------------------------------------------------------------------
def test_a_service_is_registered_changed_and_found_by_its_kind(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        made = register(worlds, redirect_uris=[CALLBACK], first_party=True)
        assert (made.kind, made.email, list(made.client.redirect_uris)) == (pb.Account.SERVICE, "", [CALLBACK])
        found = worlds.accounts.ListAccounts(pb.ListAccountsRequest(filter="kind = SERVICE")).accounts
        assert [one.name for one in found] == [made.name]
        changed = update(worlds, pb.Account(name=made.name, client=pb.Client(redirect_uris=["http://127.0.0.1:9000/cb"])), "client")
        assert changed.client == pb.Client(redirect_uris=["http://127.0.0.1:9000/cb"])
        partly = update(worlds, pb.Account(name=made.name, client=pb.Client(first_party=True)), "client.first_party")
        assert partly.client == pb.Client(redirect_uris=["http://127.0.0.1:9000/cb"], first_party=True)
    assert [type(event).__name__ for event in worlds.events()] == ["SessionOpened"]  # nobody is mailed


PRIVATE = OKPKey.generate_key("Ed25519", {"kid": "k"})
WEAK = RSAKey.generate_key(1024)


def key_set(*keys: Any, private: bool = False) -> str:
    return json.dumps(KeySet(list(keys)).as_dict(private=private))


@pytest.mark.parametrize(
    ("account", "field", "reason"),
    [
        ({"email": "service@studio.example"}, "account.email", "NOT_FOR_SERVICES"),
        ({"display_name": " "}, "account.display_name", "REQUIRED"),
        ({"roles": ["roles/none"]}, "account.roles", "ROLE_UNKNOWN"),
        ({"client": pb.Client(redirect_uris=[CALLBACK, "http://app.example/"])}, "account.client.redirect_uris[1]", "REDIRECT_URI_INVALID"),
        ({"client": pb.Client(key_set=key_set(PRIVATE, private=True))}, "account.client.key_set", "KEY_IS_PRIVATE"),
        (
            {"client": pb.Client(key_set=json.dumps({"keys": [OctKey.generate_key(256).as_dict()]}))},
            "account.client.key_set",
            "KEY_IS_PRIVATE",
        ),
        ({"client": pb.Client(key_set=key_set(WEAK))}, "account.client.key_set", "KEY_SET_INVALID"),
        ({"client": pb.Client(key_set='{"keys": []}')}, "account.client.key_set", "KEY_SET_INVALID"),
        ({"client": pb.Client(key_set="[" * 5000)}, "account.client.key_set", "KEY_SET_INVALID"),
    ],
)
def test_what_a_service_cannot_have_is_refused_by_name(world: World, account: dict[str, Any], field: str, reason: str) -> None:
    asked: dict[str, Any] = {"kind": pb.Account.SERVICE, "display_name": "Gestionale"} | account
    with world.as_person(world.administrator()), pytest.raises(InvalidArgument) as error:
        world.accounts.CreateAccount(pb.CreateAccountRequest(account=pb.Account(**asked)))
    (fault,) = error.value.violations
    assert (fault.field, fault.reason) == (field, reason)


def test_a_service_gets_no_link_and_no_password_and_others_no_client_secret(world: World) -> None:
    administrator = world.administrator()
    with world.as_person(administrator):
        service = register(world)
        mine = world.accounts.GetAccount(pb.GetAccountRequest(name="accounts/me"))
        with pytest.raises(InvalidArgument):
            world.links.SendLink(links_pb2.SendLinkRequest(name=service.name, purpose=links_pb2.Link.INVITATION))
        with pytest.raises(FailedPrecondition) as no_password:
            world.accounts.SetTemporaryPassword(pb.SetTemporaryPasswordRequest(name=service.name, password="a long enough password"))
        with pytest.raises(FailedPrecondition) as no_secret:
            rotate(world, mine)
    assert (refusal(no_password), refusal(no_secret)) == ("NOT_FOR_SERVICES", "NOT_A_SERVICE")
    assert world.mint(UUID(id_of(service)), links_pb2.Link.SET_PASSWORD)[0].token == ""


def test_who_may_not_administer_cannot_make_or_rotate(world: World) -> None:
    administrator = world.administrator()
    bruno = joined(world, administrator)
    with world.as_person(administrator):
        service = register(world)
    with world.as_person(bruno), pytest.raises(PermissionDenied):
        rotate(world, service)


# --- secrets -------------------------------------------------------------------------------------------------------------------------
def test_a_client_acts_as_an_operator_with_its_roles_and_groups_does(worlds: World) -> None:
    group = uuid.uuid4()
    with worlds.as_person(worlds.administrator()):
        service = register(worlds, "roles/reader", groups=(group,))
        secret = rotate(worlds, service)
    issued = by_secret(worlds, service, secret)
    assert (issued.token_type, issued.expires_in, issued.refresh_token, issued.id_token) == ("Bearer", 300, "", "")
    who = caller(worlds, issued.access_token)
    assert (who.kind, str(who), who.groups, who.sees_all) == (Kind.CLIENT, service.name, {group}, False)
    assert who.capabilities == ROLES["roles/reader"]
    assert (who.session_id, who.fresh_until, who.pending) == (None, None, False)
    with worlds.as_person(worlds.administrator()):
        assert worlds.accounts.GetAccount(pb.GetAccountRequest(name=service.name)).HasField("last_sign_in_time")


def test_roles_count_from_the_next_passport_and_a_scope_only_narrows(worlds: World) -> None:
    administrator = worlds.administrator()
    with worlds.as_person(administrator):
        service = register(worlds, "roles/accountant")
        secret = rotate(worlds, service)
    whole, narrow = by_secret(worlds, service, secret), by_secret(worlds, service, secret, scope="documents.write documents.read")
    assert (whole.scope, narrow.scope) == ("", "documents.read documents.write")
    assert caller(worlds, narrow.access_token).capabilities == {"documents.read", "documents.write"}
    with worlds.as_person(administrator):
        update(worlds, pb.Account(name=service.name, roles=["roles/reader"]), "roles")
    assert caller(worlds, narrow.access_token).capabilities == {"documents.read"}
    assert "documents.write" not in caller(worlds, whole.access_token).capabilities
    for scope in ("documents.write", "nonsense", "openid"):
        with pytest.raises(InvalidArgument) as error:
            by_secret(worlds, service, secret, scope=scope)
        assert refusal(error) == "invalid_scope"


def test_a_client_never_signs_in_afresh_and_has_no_session(world: World) -> None:
    with world.as_person(world.administrator()):
        service = register(world, "roles/administrator")
        access_token = by_secret(world, service, rotate(world, service)).access_token
    request = sessions_pb2.CreatePassportRequest(access_token=access_token, audience=["identity"])
    with context.as_person(world.sessions.CreatePassport(request).passport):
        assert world.accounts.GetAccount(pb.GetAccountRequest(name="accounts/me")).name == service.name
        assert world.accounts.ListAccounts(pb.ListAccountsRequest()).accounts
        with pytest.raises(PermissionDenied) as fresh:
            register(world)
        with pytest.raises(NotFound):  # it may, as an administrator, but has no session of its own
            world.sessions.GetSession(sessions_pb2.GetSessionRequest(name="accounts/me/sessions/current"))
        with pytest.raises(PermissionDenied) as code:
            world.tokens.Authorize(tokens_pb2.AuthorizeRequest(client_id=id_of(service), redirect_uri=CALLBACK))
    assert (refusal(fresh), refusal(code)) == ("NOT_FRESH", "access_denied")


def test_a_new_secret_ends_the_old_one_at_once_or_after_the_overlap(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        service = register(worlds)
        first = rotate(worlds, service)
        old_token = by_secret(worlds, service, first).access_token
        second = rotate(worlds, service, overlap=3600)
        for secret in (first, second):
            assert by_secret(worlds, service, secret).access_token
        assert caller(worlds, old_token)
        worlds.ahead = timedelta(seconds=3601)
        with pytest.raises(Unauthenticated) as late:
            by_secret(worlds, service, first)
        worlds.ahead = timedelta()
        token = by_secret(worlds, service, second).access_token
        third = rotate(worlds, service)
        for secret in (first, second):
            with pytest.raises(Unauthenticated):
                by_secret(worlds, service, secret)
        with pytest.raises(Unauthenticated):
            caller(worlds, token)
        assert by_secret(worlds, service, third).access_token
        with pytest.raises(InvalidArgument):
            rotate(worlds, service, overlap=7 * 86_400 + 1)
    assert refusal(late) == "invalid_client"
    assert len({first, second, third}) == 3


def test_a_retried_rotation_shows_the_same_secret_which_is_stored_nowhere(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        service = register(worlds)
        secret = rotate(worlds, service, request_id="once")
        assert rotate(worlds, service, request_id="once") == secret
    assert by_secret(worlds, service, secret).access_token
    with worlds.new_uow() as uow:
        for table in ("clients", "requests"):
            rows = uow.connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert rows
            assert secret not in repr(rows)


def test_a_disabled_client_is_out_at_once_and_its_tokens_stay_dead(worlds: World) -> None:
    with worlds.as_person(worlds.administrator()):
        service = register(worlds)
        secret = rotate(worlds, service)
        access_token = by_secret(worlds, service, secret).access_token
        worlds.accounts.DisableAccount(pb.DisableAccountRequest(name=service.name))
        with pytest.raises(Unauthenticated):
            caller(worlds, access_token)
        with pytest.raises(Unauthenticated):
            by_secret(worlds, service, secret)
        worlds.accounts.EnableAccount(pb.EnableAccountRequest(name=service.name))
        with pytest.raises(Unauthenticated):
            caller(worlds, access_token)
        assert by_secret(worlds, service, secret).access_token


@pytest.mark.parametrize("client_id", ["", "nobody", f"{uuid.UUID(int=7)}"])
def test_nobody_else_is_a_client(world: World, client_id: str) -> None:
    administrator = world.administrator()
    mine = str(world.caller(administrator).account_id)
    for given in (client_id, mine):
        with pytest.raises(Unauthenticated) as error:
            issue(world, grant_type="client_credentials", client_id=given, client_secret="x")
        assert refusal(error) == "invalid_client"


# --- private_key_jwt -----------------------------------------------------------------------------------------------------------------
def assertion(world: World, account: pb.Account, key: Any = PRIVATE, alg: str = "Ed25519", **changes: Any) -> str:
    now = int(world.clock().timestamp())
    claims = {"iss": id_of(account), "sub": id_of(account), "aud": f"{ISSUER}/oauth2/token", "exp": now + 60, "jti": uuid.uuid4().hex}
    return jwt.encode({"alg": alg, "kid": key.kid or "k"}, claims | changes, key, algorithms=[alg])


def unsigned(claims: dict[str, Any]) -> str:
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)) + "."


def by_key(world: World, signed: str, **fields: str) -> tokens_pb2.Token:
    return issue(world, grant_type="client_credentials", client_assertion_type=ASSERTION_TYPE, client_assertion=signed, **fields)


@pytest.mark.parametrize(
    ("key", "alg"),
    [(PRIVATE, "Ed25519"), (ECKey.generate_key("P-256"), "ES256"), (RSAKey.generate_key(2048), "PS256")],
    ids=["Ed25519", "ES256", "PS256"],
)
def test_a_client_proves_itself_with_its_own_key_once_for_each_assertion(worlds: World, key: Any, alg: str) -> None:
    with worlds.as_person(worlds.administrator()):
        service = register(worlds, key_set=key_set(key))
    key.ensure_kid()
    signed = assertion(worlds, service, key, alg)
    assert caller(worlds, by_key(worlds, signed).access_token).account_id == UUID(id_of(service))
    with pytest.raises(Unauthenticated) as again:
        by_key(worlds, signed)
    assert refusal(again) == "invalid_client"
    assert by_key(worlds, assertion(worlds, service, key, alg, aud=[ISSUER])).access_token


def test_assertions_that_are_old_foreign_or_made_weaker_are_refused(world: World) -> None:
    with world.as_person(world.administrator()):
        service, other = register(world, key_set=key_set(PRIVATE)), register(world, key_set=key_set(ECKey.generate_key("P-256")))
        secret_only = register(world)
        rotate(world, secret_only)
    now = int(world.clock().timestamp())
    public = OctKey.import_key(json.dumps(PRIVATE.as_dict(private=False)).encode())
    claims = {"iss": id_of(service), "sub": id_of(service), "aud": ISSUER, "exp": now + 60, "jti": "j"}
    bad = [
        assertion(world, service, exp=now - 1),
        assertion(world, service, exp=now + 3600),
        assertion(world, service, exp=10**400),
        assertion(world, service, nbf=now + 600),
        assertion(world, service, aud="https://elsewhere.example"),
        assertion(world, service, sub=id_of(other)),
        assertion(world, service, jti=""),
        assertion(world, service, jti="j" * 201),
        assertion(world, other),
        assertion(world, secret_only),
        jwt.encode({"alg": "HS256", "kid": "k"}, claims, public, algorithms=["HS256"]),
        unsigned(claims),
        "a.b.c",
        "x",
    ]
    for signed in bad:
        with pytest.raises(Unauthenticated) as error:
            by_key(world, signed)
        assert refusal(error) == "invalid_client"
    with pytest.raises(Unauthenticated):
        by_key(world, assertion(world, service), client_id=id_of(other))
    with pytest.raises(Unauthenticated):
        issue(world, grant_type="client_credentials", client_assertion=assertion(world, service))
    with pytest.raises(Unauthenticated):  # whoever has a key must use it
        issue(world, grant_type="client_credentials", client_id=id_of(service))
    with pytest.raises(InvalidArgument) as both:
        by_key(world, assertion(world, service), client_secret="x")
    assert refusal(both) == "invalid_request"


# --- authorization code --------------------------------------------------------------------------------------------------------------
def app(world: World, **more: Any) -> pb.Account:
    """Register a first-party application without secret or key, as on a person's device."""
    with world.as_person(world.administrator()):
        return register(world, redirect_uris=[CALLBACK], first_party=True, **more)


def ask(world: World, session: str, account: pb.Account, **fields: Any) -> tokens_pb2.AuthorizeResponse:
    wish: dict[str, Any] = {"client_id": id_of(account), "redirect_uri": CALLBACK, "response_type": "code", "state": "s & t"}
    wish |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} | fields
    with world.as_person(session):
        return world.tokens.Authorize(tokens_pb2.AuthorizeRequest(**wish))


def code_of(answer: tokens_pb2.AuthorizeResponse) -> str:
    return parse_qs(urlsplit(answer.redirect_uri).query)["code"][0]


def redeem(world: World, account: pb.Account, code: str, **fields: str) -> tokens_pb2.Token:
    wish = {"client_id": id_of(account), "code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK} | fields
    return issue(world, grant_type="authorization_code", **wish)


def test_a_code_becomes_tokens_that_act_for_the_person(worlds: World) -> None:
    service, session = app(worlds), worlds.administrator()
    answer = ask(worlds, session, service, scope="openid email profile", nonce="n-1")
    assert parse_qs(urlsplit(answer.redirect_uri).query) == {"code": [code_of(answer)], "state": ["s & t"], "iss": [ISSUER]}
    issued = redeem(worlds, service, code_of(answer))
    who = caller(worlds, issued.access_token)
    assert (who.kind, who.client_id, who.sees_all) == (Kind.OPERATOR, UUID(id_of(service)), True)
    keys = KeySet.import_key_set(json.loads(worlds.tokens.GetKeySet(tokens_pb2.GetKeySetRequest()).data))
    claims = jwt.decode(issued.id_token, keys, algorithms=["Ed25519"]).claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, id_of(service), str(who.account_id))
    assert (claims["nonce"], claims["email"], claims["name"]) == ("n-1", "ada@studio.example", "Ada")
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]


def test_without_openid_there_is_no_id_token_and_without_email_no_address(world: World) -> None:
    service, session = app(world), world.administrator()
    assert redeem(world, service, code_of(ask(world, session, service))).id_token == ""
    issued = redeem(world, service, code_of(ask(world, session, service, scope="openid")))
    payload = issued.id_token.split(".")[1]
    assert b"ada@" not in base64.urlsafe_b64decode(payload + "==")


def test_a_person_may_give_less_than_all_it_may_do_and_nothing_gets_it_back(worlds: World) -> None:
    service, session = app(worlds), worlds.administrator()
    issued = redeem(worlds, service, code_of(ask(worlds, session, service, scope="openid documents.read contacts.read")))
    assert caller(worlds, issued.access_token).capabilities == {"documents.read", "contacts.read"}
    less = issue(worlds, grant_type="refresh_token", client_id=id_of(service), refresh_token=issued.refresh_token, scope="documents.read")
    assert caller(worlds, less.access_token).capabilities == {"documents.read"}
    with pytest.raises(InvalidArgument) as wider:
        issue(worlds, grant_type="refresh_token", client_id=id_of(service), refresh_token=less.refresh_token, scope="documents.write")
    passport = worlds.sessions.CreatePassport(
        sessions_pb2.CreatePassportRequest(access_token=issued.access_token, audience=["identity"])
    ).passport
    with context.as_person(passport), pytest.raises(PermissionDenied) as laundered:
        worlds.tokens.Authorize(tokens_pb2.AuthorizeRequest(client_id=id_of(service), redirect_uri=CALLBACK, code_challenge=CHALLENGE))
    with pytest.raises(InvalidArgument) as unknown:
        ask(worlds, session, service, scope="openid nonsense")
    assert (refusal(wider), refusal(laundered), refusal(unknown)) == ("invalid_scope", "access_denied", "invalid_scope")


def test_a_code_used_twice_ends_the_tokens_of_the_first_use(worlds: World) -> None:
    service, session = app(worlds), worlds.administrator()
    code = code_of(ask(worlds, session, service))
    issued = redeem(worlds, service, code)
    assert caller(worlds, issued.access_token)
    with pytest.raises(InvalidArgument) as again:
        redeem(worlds, service, code)
    assert refusal(again) == "invalid_grant"
    with pytest.raises(Unauthenticated):
        caller(worlds, issued.access_token)
    with pytest.raises(InvalidArgument):
        issue(worlds, grant_type="refresh_token", client_id=id_of(service), refresh_token=issued.refresh_token)
    assert worlds.passport(session)


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "another-verifier-of-at-least-forty-three-chars"},
        {"code_verifier": CHALLENGE},  # as if the method were "plain"
        {"code_verifier": "short"},
        {"redirect_uri": "https://app.example/callback/"},
        {"redirect_uri": ""},
    ],
)
def test_a_code_is_bound_to_its_verifier_and_redirect_and_spent_by_a_wrong_try(world: World, change: dict[str, str]) -> None:
    service, session = app(world), world.administrator()
    code = code_of(ask(world, session, service))
    for wish in (change, {}):
        with pytest.raises(InvalidArgument) as error:
            redeem(world, service, code, **wish)
        assert refusal(error) == "invalid_grant"


def test_a_code_is_bound_to_its_client_and_its_session_and_lives_a_minute(world: World) -> None:
    service, other, session = app(world), app(world), world.administrator()
    with pytest.raises(InvalidArgument):
        redeem(world, other, code_of(ask(world, session, service)))
    late = code_of(ask(world, session, service))
    world.ahead = timedelta(seconds=61)
    with pytest.raises(InvalidArgument):
        redeem(world, service, late)
    world.ahead = timedelta()
    ended = code_of(ask(world, session, service))
    with world.as_person(session):
        world.sessions.DeleteSession(sessions_pb2.DeleteSessionRequest(name="accounts/me/sessions/current"))
    with pytest.raises(InvalidArgument):
        redeem(world, service, ended)


def test_nobody_is_sent_to_an_address_that_is_not_the_clients(world: World) -> None:
    service, session = app(world), world.administrator()
    for wish in (
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": CALLBACK.upper()},
        {"client_id": str(uuid.uuid4())},
        {"client_id": "x"},
        {"client_id": str(world.caller(session).account_id)},
    ):
        with pytest.raises(InvalidArgument) as error:
            ask(world, session, service, **wish)
        assert refusal(error) == "REDIRECT_URI_UNKNOWN"
    for downgraded in (
        {"code_challenge": ""},
        {"code_challenge": VERIFIER},
        {"code_challenge": CHALLENGE + "="},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
    ):
        with pytest.raises(InvalidArgument) as error:
            ask(world, session, service, **downgraded)
        assert refusal(error) == "invalid_request"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"deny": True}, "access_denied"),
    ]
    for wrong, reason in refused:
        with pytest.raises(InvalidArgument) as error:
            ask(world, session, service, **wrong)
        assert refusal(error) == reason
        said = parse_qs(urlsplit(error.value.metadata["redirect_uri"]).query)
        assert (said["error"], said["state"], said["iss"]) == ([reason], ["s & t"], [ISSUER])
    checked = ask(world, session, service, validate_only=True)
    assert (checked.client_name, checked.redirect_uri) == ("Gestionale", "")


def test_only_first_party_clients_act_for_people_and_only_while_they_are(world: World) -> None:
    service, session = app(world), world.administrator()
    with world.as_person(session):
        third = register(world, redirect_uris=[CALLBACK])
    with pytest.raises(InvalidArgument) as refused:
        ask(world, session, third)
    assert refusal(refused) == "unauthorized_client"
    issued = redeem(world, service, code_of(ask(world, session, service)))
    with pytest.raises(Unauthenticated):  # without a secret or a key it cannot act for itself
        issue(world, grant_type="client_credentials", client_id=id_of(service))
    with world.as_person(session):
        update(world, pb.Account(name=service.name, client=pb.Client()), "client.first_party")
    with pytest.raises(InvalidArgument) as no_more:
        issue(world, grant_type="refresh_token", client_id=id_of(service), refresh_token=issued.refresh_token)
    assert refusal(no_more) == "unauthorized_client"


def test_the_tokens_of_an_application_are_refreshed_and_revoked_by_it_alone(worlds: World) -> None:
    service, session = app(worlds), worlds.administrator()
    issued = redeem(worlds, service, code_of(ask(worlds, session, service)))
    for client_id in ("", id_of(app(worlds))):
        with pytest.raises(InvalidArgument) as error:
            issue(worlds, grant_type="refresh_token", client_id=client_id, refresh_token=issued.refresh_token)
        assert refusal(error) == "invalid_grant"
        worlds.tokens.RevokeToken(tokens_pb2.RevokeTokenRequest(token=issued.refresh_token, client_id=client_id))
    assert caller(worlds, issued.access_token)
    following = issue(worlds, grant_type="refresh_token", client_id=id_of(service), refresh_token=issued.refresh_token)
    worlds.tokens.RevokeToken(tokens_pb2.RevokeTokenRequest(token=following.refresh_token, client_id=id_of(service)))
    with pytest.raises(Unauthenticated):
        caller(worlds, following.access_token)


def test_a_client_with_a_secret_must_show_it_for_codes_and_refreshes(world: World) -> None:
    service, session = app(world), world.administrator()
    with world.as_person(session):
        secret = rotate(world, service)
    code = code_of(ask(world, session, service))
    with pytest.raises(Unauthenticated):
        redeem(world, service, code)
    issued = redeem(world, service, code, client_secret=secret)  # who did not prove itself spent nothing
    with pytest.raises(Unauthenticated):
        issue(world, grant_type="refresh_token", client_id=id_of(service), refresh_token=issued.refresh_token)


def test_disabling_an_application_ends_what_it_does_for_people(worlds: World) -> None:
    service, session = app(worlds), worlds.administrator()
    issued = redeem(worlds, service, code_of(ask(worlds, session, service)))
    with worlds.as_person(session):
        worlds.accounts.DisableAccount(pb.DisableAccountRequest(name=service.name))
    with pytest.raises(Unauthenticated):
        caller(worlds, issued.access_token)
    assert worlds.passport(session)


# --- discovery -----------------------------------------------------------------------------------------------------------------------
def test_discovery_says_what_there_is(world: World) -> None:
    document = json.loads(world.tokens.GetDiscovery(tokens_pb2.GetDiscoveryRequest()).data)
    assert document["issuer"] == ISSUER
    assert document["token_endpoint"] == f"{ISSUER}/oauth2/token"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["id_token_signing_alg_values_supported"] == ["Ed25519"]
    for grant in document["grant_types_supported"]:
        with pytest.raises(ServiceError) as error:
            issue(world, grant_type=grant)
        assert refusal(error) != "unsupported_grant_type"
