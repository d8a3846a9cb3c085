"""Client applications over HTTP, with Authlib as a client that knows only the standards and our discovery document."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from playwright.sync_api import Browser

from tests.browser import window
from tests.stack import Stack

Discovery = dict[str, Any]


@pytest.fixture(scope="module")
def discovery(stack: Stack) -> Discovery:
    return dict(requests.get(f"{stack.base_url}/.well-known/openid-configuration", timeout=10).json())


@pytest.fixture
def callback() -> Iterator[str]:
    """The page of an application to which browsers come back."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>back</title>")

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    server.server_close()


def register(stack: Stack, *roles: str, **client: Any) -> tuple[str, str, str]:
    """Register an application; return its id, its secret and the token of the administrator."""
    operator = stack.operator()
    account = {"kind": "SERVICE", "displayName": "Gestionale", "roles": roles or ("roles/accountant",), "client": client}
    status, made = stack.call("POST", "/v1/accounts", account, operator, Idempotency_Key=uuid.uuid4().hex)
    assert status == 200, made
    status, answer = stack.call("POST", f"/v1/{made['name']}:rotateClientSecret", {}, operator)
    assert status == 200, answer
    return made["name"].removeprefix("accounts/"), answer["clientSecret"], operator


def status_of(session: Any, url: str) -> int:
    return int(session.get(url, timeout=10).status_code)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_program_works_with_its_secret(stack: Stack, discovery: Discovery, method: str) -> None:
    client_id, secret, operator = register(stack, "roles/accountant", "roles/sees-all")
    client = OAuth2Session(client_id, secret, token_endpoint_auth_method=method)
    token = client.fetch_token(discovery["token_endpoint"], grant_type="client_credentials")
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 300)
    assert len(client.get(f"{stack.base_url}/v1/invoices", timeout=10).json()["invoices"]) > 0
    assert status_of(client, f"{stack.base_url}/v1/accounts") == 403
    client.fetch_token(discovery["token_endpoint"], grant_type="client_credentials", scope="contacts.read")
    assert (status_of(client, f"{stack.base_url}/v1/invoices"), status_of(client, f"{stack.base_url}/v1/customers")) == (403, 200)
    assert stack.call("POST", f"/v1/accounts/{client_id}:disable", {}, operator)[0] == 200
    with pytest.raises(Exception, match="invalid_client"):
        client.fetch_token(discovery["token_endpoint"], grant_type="client_credentials")


def test_a_program_works_with_its_own_key(stack: Stack, discovery: Discovery) -> None:
    key = RSAKey.generate_key(2048, {"kid": "app-1"})
    client_id, _, _ = register(stack, "roles/reader", keySet=json.dumps({"keys": [key.as_dict(private=False)]}))
    client = OAuth2Session(client_id, key.as_pem(private=True), token_endpoint_auth_method="private_key_jwt")
    client.register_client_auth_method(
        PrivateKeyJWT(discovery["token_endpoint"], claims={"exp": int(time.time()) + 60}, headers={"kid": "app-1"})
    )
    client.fetch_token(discovery["token_endpoint"], grant_type="client_credentials")
    assert status_of(client, f"{stack.base_url}/v1/customers") == 200


def test_a_person_lets_an_application_act_for_it(
    stack: Stack, discovery: Discovery, chromium: Browser, callback: str, eventually: Callable[..., Any]
) -> None:
    client_id, secret, _ = register(stack, redirectUris=[callback], firstParty=True)
    client = OAuth2Session(client_id, secret, scope="openid email profile", redirect_uri=callback, code_challenge_method="S256")
    verifier = uuid.uuid4().hex * 2
    address, state = client.create_authorization_url(discovery["operator_authorization_endpoint"], code_verifier=verifier, nonce="n-1")
    with window(chromium, stack.base_url) as opened:
        page = opened.page
        page.goto(address)
        page.fill("#email", stack.operator_email)
        page.fill("#password", stack.operator_password)
        page.click("main button[type=submit]")
        page.wait_for_selector("text=Accedere a Gestionale?")
        page.click("main button[value=allow]")
        page.wait_for_url(f"{callback}?*")
        back = page.url
    token = client.fetch_token(
        discovery["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier, grant_type="authorization_code"
    )
    keys = KeySet.import_key_set(requests.get(discovery["jwks_uri"], timeout=10).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=discovery["id_token_signing_alg_values_supported"]).claims
    expected = (discovery["issuer"], client_id, "n-1", stack.operator_email)
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["email"]) == expected
    mine = client.get(f"{stack.base_url}/v1/accounts/me", timeout=10).json()
    assert mine["name"] == f"accounts/{claims['sub']}"
    renewed = client.refresh_token(discovery["token_endpoint"], refresh_token=token["refresh_token"])
    assert renewed["refresh_token"] != token["refresh_token"]
    client.revoke_token(discovery["revocation_endpoint"], token=renewed["refresh_token"])
    eventually(lambda: status_of(client, f"{stack.base_url}/v1/accounts/me") == 401, 2)  # a passport is used for a second


def test_a_stolen_code_opens_nothing_without_its_verifier_and_secret(stack: Stack, discovery: Discovery, callback: str) -> None:
    client_id, secret, operator = register(stack, redirectUris=[callback], firstParty=True)
    challenge = "x" * 43
    asked = {"client_id": client_id, "redirect_uri": callback, "response_type": "code", "code_challenge": challenge}
    status, answer = stack.call("POST", "/oauth2/authorize", asked | {"code_challenge_method": "S256"}, operator)
    assert status == 200, answer
    code = answer["redirect_uri"].split("code=")[1].split("&")[0]
    form = {"grant_type": "authorization_code", "client_id": client_id, "code": code, "redirect_uri": callback, "code_verifier": challenge}
    refused = requests.post(discovery["token_endpoint"], form, timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    for _ in range(2):
        refused = requests.post(discovery["token_endpoint"], form | {"client_secret": secret}, timeout=10)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert (refused.headers["Cache-Control"], refused.headers["Content-Type"]) == ("no-store", "application/json")
    status, answer = stack.call("POST", "/oauth2/authorize", asked | {"code_challenge_method": "plain"}, operator)
    assert (status, answer["error"]) == (400, "invalid_request")
