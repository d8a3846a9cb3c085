"""Tokens by gRPC, and the ring of signing keys that signs passports too."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from grpc import ServicerContext
from recapito.identity.v1 import tokens_pb2 as pb
from recapito.identity.v1.tokens_pb2_grpc import TokensServicer

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.rpc import context
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.domain.clients import Credentials
from services.identity.domain.tokens import ACCESS_TOKEN_LIFE, SigningKey
from services.identity.service import Assertions, Contacts, NewUnitOfWork, Signer, authorization, clients, tokens
from services.identity.service.clients import KnownClient

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SESSION_TOKEN = "urn:recapito:token-type:session"  # noqa: S105 - a kind of token
GRANTS = ("client_credentials", "authorization_code", "refresh_token", EXCHANGE)
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - an address
_KEYS_SECONDS = 5.0


class PassportSigner(Signer, Protocol):
    def passport(self, caller: Caller, audience: Sequence[str], keys: Sequence[SigningKey], now: datetime) -> str: ...


class KeyRing:
    """The signing keys, read from the database at most every five seconds, which is far less than a key is published before use."""

    def __init__(self, signer: PassportSigner, new_reads: NewUnitOfWork, new_uow: NewUnitOfWork, life: timedelta, clock: Clock) -> None:
        self.signer = signer
        self._new_reads, self._new_uow, self._life, self._clock = new_reads, new_uow, life, clock
        self._keys: Sequence[SigningKey] = ()
        self._until = float("-inf")

    def keys(self) -> Sequence[SigningKey]:
        if time.monotonic() >= self._until:
            self._keys = tokens.signing_keys(self._life, new_reads=self._new_reads, new_uow=self._new_uow, clock=self._clock)
            self._until = time.monotonic() + _KEYS_SECONDS
        return self._keys

    def passport(self, caller: Caller, audience: Sequence[str], now: datetime) -> str:
        return self.signer.passport(caller, audience, self.keys(), now)

    def key_set(self) -> bytes:
        return self.signer.key_set(self.keys())


@dataclass(frozen=True)
class Tokens(TokensServicer):
    """issuer: as tokens and discovery name us. portal_url: where people sign in."""

    new_uow: NewUnitOfWork
    contacts: Contacts
    keys: KeyRing
    assertions: Assertions
    issuer: str
    portal_url: str
    clock: Clock

    def IssueToken(self, request: pb.IssueTokenRequest, _context: ServicerContext) -> pb.Token:
        issued = self._issued(request)
        return pb.Token(
            access_token=issued.access_token,
            token_type="Bearer",  # noqa: S106 - the type of RFC 6750
            expires_in=int(ACCESS_TOKEN_LIFE.total_seconds()),
            refresh_token=issued.refresh_token,
            scope=issued.scope,
            id_token=issued.id_token,
        )

    def _issued(self, request: pb.IssueTokenRequest) -> tokens.Issued:
        mint = tokens.Mint(self.keys.signer, self.keys.keys(), self.issuer)
        match request.grant_type:
            case "client_credentials":
                client = self._client(wire.credentials(request))
                return tokens.client_credentials(client, request.scope, mint=mint, uow=self.new_uow(), clock=self.clock)
            case "authorization_code":
                return tokens.exchange_code(
                    self._client(wire.credentials(request)),
                    _given(request.code, "code"),
                    _given(request.code_verifier, "code_verifier"),
                    request.redirect_uri,
                    mint=mint,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    clock=self.clock,
                )
            case "refresh_token":
                return tokens.refresh(
                    _given(request.refresh_token, "refresh_token"),
                    self._client_if_any(wire.credentials(request)),
                    request.scope,
                    mint=mint,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    clock=self.clock,
                )
            case grant if grant == EXCHANGE:
                if request.subject_token_type != SESSION_TOKEN:
                    raise InvalidArgument.of("subject_token_type", f'must be "{SESSION_TOKEN}"', "invalid_request")
                session_token = _given(request.subject_token, "subject_token")
                return tokens.exchange_session(
                    session_token, request.scope, mint=mint, new_uow=self.new_uow, contacts=self.contacts, clock=self.clock
                )
            case _:
                raise InvalidArgument.of("grant_type", f"must be one of {', '.join(GRANTS)}", "unsupported_grant_type")

    def _client(self, given: Credentials) -> KnownClient:
        audiences = (self.issuer, self.issuer + TOKEN_PATH)
        return clients.authenticate(given, audiences=audiences, new_uow=self.new_uow, assertions=self.assertions, clock=self.clock)

    def _client_if_any(self, given: Credentials) -> KnownClient | None:
        return self._client(given) if given != Credentials() else None

    def RevokeToken(self, request: pb.RevokeTokenRequest, _context: ServicerContext) -> Empty:
        tokens.revoke(request.token, self._client_if_any(wire.credentials(request)), uow=self.new_uow())
        return Empty()

    def Authorize(self, request: pb.AuthorizeRequest, _context: ServicerContext) -> pb.AuthorizeResponse:
        wish = authorization.Wish(
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            response_type=request.response_type,
            scope=request.scope,
            state=request.state,
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
            nonce=request.nonce,
            denied=request.deny,
        )
        answer = authorization.authorize(
            wish, only_check=request.validate_only, issuer=self.issuer, uow=self.new_uow(), caller=context.caller(), clock=self.clock
        )
        return pb.AuthorizeResponse(redirect_uri=answer.redirect_uri, client_name=answer.client_name)

    def GetKeySet(self, _request: pb.GetKeySetRequest, _context: ServicerContext) -> HttpBody:
        return HttpBody(content_type="application/jwk-set+json", data=self.keys.key_set())

    def GetDiscovery(self, _request: pb.GetDiscoveryRequest, _context: ServicerContext) -> HttpBody:
        document = wire.discovery(self.issuer, self.portal_url, GRANTS)
        return HttpBody(content_type="application/json", data=json.dumps(document).encode())


def _given(token: str, field: str) -> str:
    if not token:
        raise InvalidArgument.of(field, "is required", "invalid_request")
    return token
