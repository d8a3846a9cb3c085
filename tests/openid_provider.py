"""An OpenID provider over HTTP, with one person who signs in by a button; a test makes it lie, stall or change its keys."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from flask import Flask, Response, abort, jsonify, redirect, render_template_string, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as WerkzeugResponse

from tests.servers import free_ports

CLIENT_ID, CLIENT_SECRET = "recapito", "what only the two of us know"
PAGE = """<!doctype html><html lang="it"><title>Accedi</title><main><h1>Il fornitore</h1>
<form method="post"><button>Sono io</button></form></main></html>"""

Claims = dict[str, Any]


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})


def signed(claims: Claims, key: RSAKey) -> str:
    return jwt.encode({"alg": "RS256", "kid": str(key.kid)}, claims, key, algorithms=["RS256"])


@dataclass
class OpenIdProvider:
    """person: what it says of who signs in. alter: changes the claims of an ID token. sign: makes the token.

    answers: by path, what is answered instead. metadata: changes of the discovery document. asked: how often each path was.
    """

    port: int
    person: Claims = field(default_factory=lambda: {"sub": "10769150350006150715113082367", "email": "", "email_verified": True})
    key: RSAKey = field(default_factory=new_key)
    alter: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims, RSAKey], str] = signed
    answers: dict[str, Callable[[], Any]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)  # code -> the request that it answers
    last_request: dict[str, str] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}/organisation"

    # --- what the test does for the person ---
    def press(self, authorization_uri: str) -> str:
        """Sign the person in, and return where its browser is sent back to."""
        page = requests.get(authorization_uri, timeout=10)
        assert page.ok, page.text
        answer = requests.post(authorization_uri, timeout=10, allow_redirects=False)
        return str(answer.headers["Location"])

    def answer(self, authorization_uri: str) -> dict[str, str]:
        """Sign the person in, and return `code` and `state` of the way back."""
        query = parse_qs(urlsplit(self.press(authorization_uri)).query)
        return {name: values[0] for name, values in query.items()}

    # --- what it answers ---
    def discovery(self) -> Response:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return jsonify(found | self.metadata)

    def authorize(self) -> str | WerkzeugResponse:
        given = request.args.to_dict()
        if given.get("response_type") != "code" or given.get("client_id") != CLIENT_ID or "openid" not in given.get("scope", "").split():
            abort(400, "not a request of our client")
        if given.get("code_challenge_method") != "S256" or not given.get("nonce") or not given.get("state"):
            abort(400, "a request without PKCE, nonce and state")
        self.last_request = given
        if request.method == "GET":
            return render_template_string(PAGE)
        code = secrets.token_urlsafe(16)
        self.codes[code] = given
        return redirect(f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}")

    def token(self) -> Response | tuple[Response, int]:
        asked = self.codes.pop(request.form.get("code", ""), None)
        proof = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).decode().rstrip("=")
        known = request.authorization is not None and request.authorization.password == CLIENT_SECRET
        if not known:
            return jsonify(error="invalid_client"), 401
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != request.form.get("redirect_uri"):
            return jsonify(error="invalid_grant"), 400
        now = int(time.time())
        claims = {**self.person, "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        token = self.sign(self.alter(claims), self.key)
        return jsonify(access_token=secrets.token_urlsafe(16), token_type="Bearer", expires_in=300, id_token=token)

    def keys(self) -> Response:
        return jsonify(keys=[self.key.as_dict(private=False)])

    def userinfo(self) -> Response:
        return jsonify(self.person)

    def app(self) -> Flask:
        app = Flask(__name__)
        routes = {
            "/.well-known/openid-configuration": (self.discovery, ["GET"]),
            "/authorize": (self.authorize, ["GET", "POST"]),
            "/token": (self.token, ["POST"]),
            "/keys": (self.keys, ["GET"]),
            "/userinfo": (self.userinfo, ["GET"]),
        }
        for path, (view, methods) in routes.items():
            app.add_url_rule(f"/organisation{path}", path, self._counted(path, view), methods=methods)
        return app

    def _counted(self, path: str, view: Callable[[], Any]) -> Callable[[], Any]:
        def answer() -> Any:
            self.asked[path] += 1
            return self.answers.get(path, view)()

        return answer


@contextmanager
def serving() -> Iterator[OpenIdProvider]:
    (port,) = free_ports(1)
    provider = OpenIdProvider(port)
    server = make_server("localhost", port, provider.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
