"""Tokens by gRPC, and the ring of signing keys that signs passports too."""

from __future__ import annotations

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
from libs.unit_of_work import Clock
from services.identity.domain.tokens import ACCESS_TOKEN_LIFE, SigningKey
from services.identity.service import Contacts, NewUnitOfWork, Signer, tokens

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SESSION_TOKEN = "urn:recapito:token-type:session"  # noqa: S105 - a kind of token
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
    new_uow: NewUnitOfWork
    contacts: Contacts
    keys: KeyRing
    clock: Clock

    def IssueToken(self, request: pb.IssueTokenRequest, _context: ServicerContext) -> pb.Token:
        match request.grant_type:
            case "refresh_token":
                issued = tokens.refresh(
                    _given(request.refresh_token, "refresh_token"),
                    keys=self.keys.keys(),
                    signer=self.keys.signer,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    clock=self.clock,
                )
            case grant if grant == EXCHANGE:
                if request.subject_token_type != SESSION_TOKEN:
                    raise InvalidArgument.of("subject_token_type", f'must be "{SESSION_TOKEN}"', "invalid_request")
                issued = tokens.exchange_session(
                    _given(request.subject_token, "subject_token"),
                    keys=self.keys.keys(),
                    signer=self.keys.signer,
                    new_uow=self.new_uow,
                    contacts=self.contacts,
                    clock=self.clock,
                )
            case _:
                raise InvalidArgument.of("grant_type", f'must be "refresh_token" or "{EXCHANGE}"', "unsupported_grant_type")
        return pb.Token(
            access_token=issued.access_token,
            token_type="Bearer",  # noqa: S106 - the type of RFC 6750
            expires_in=int(ACCESS_TOKEN_LIFE.total_seconds()),
            refresh_token=issued.refresh_token,
        )

    def RevokeToken(self, request: pb.RevokeTokenRequest, _context: ServicerContext) -> Empty:
        tokens.revoke(request.token, uow=self.new_uow())
        return Empty()

    def GetKeySet(self, _request: pb.GetKeySetRequest, _context: ServicerContext) -> HttpBody:
        return HttpBody(content_type="application/jwk-set+json", data=self.keys.key_set())


def _given(token: str, field: str) -> str:
    if not token:
        raise InvalidArgument.of(field, "is required", "invalid_request")
    return token
