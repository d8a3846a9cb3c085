"""The services behind the gateway, over gRPC, and passports from identity."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message
from recapito.identity.v1 import sessions_pb2, sessions_pb2_grpc

from libs.errors import Unavailable
from libs.rpc import client, context
from libs.rpc.client import Stream
from services.gateway.wire.contract import Method

CALL_SECONDS = 15.0
KEPT_SECONDS = 1.0  # how long a passport may be used again
_MOST_PASSPORTS = 10_000
_KEPT_KINDS = {"operator", "client"}


@dataclass
class GrpcBackends:
    """channels: by the name of the service."""

    channels: Mapping[str, grpc.Channel]
    _stubs: dict[tuple[str, str], Callable[..., Any]] = field(default_factory=dict)

    def call(self, method: Method, request: Message, *, passport: str, language: str) -> bytes:
        with context.as_person(passport, language):
            answer: bytes = self._stub(method)(request, timeout=CALL_SECONDS)
        return answer

    def download(self, method: Method, request: Message, *, passport: str, language: str) -> Stream:
        with context.as_person(passport, language):
            stream: Stream = self._stub(method)(request, timeout=client.STREAM_SECONDS)
        return stream

    def _stub(self, method: Method) -> Callable[..., Any]:
        stub = self._stubs.get((method.service, method.path))
        if stub is None:
            channel = self.channels.get(method.service)
            if channel is None:
                raise Unavailable(f"the service {method.service} is not connected here", reason="SERVICE_UNAVAILABLE")
            make: Callable[..., Any] = channel.unary_stream if method.streams else channel.unary_unary
            read = method.output.FromString if method.streams else None  # None: the bytes as they come
            stub = make(method.path, request_serializer=method.input.SerializeToString, response_deserializer=read)
            self._stubs[method.service, method.path] = stub
        return stub


class GrpcIdentity:
    """Passports. Of operators and clients they are used for at most a second, a contact's once: its permissions count from the very
    next request.
    """

    def __init__(self, channel: grpc.Channel, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sessions = sessions_pb2_grpc.SessionsStub(channel)
        self._monotonic = monotonic
        self._kept: dict[bytes, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def passport(self, token: str, service: str) -> str:
        key = hashlib.sha256(f"{service} {token}".encode()).digest()
        now = self._monotonic()
        until, passport = self._kept.get(key, (0.0, ""))
        if now < until:
            return passport
        passport = self._mint(token, service)
        if _kind(passport) in _KEPT_KINDS:
            self._keep(key, now + KEPT_SECONDS, passport)
        return passport

    def _mint(self, token: str, service: str) -> str:
        request = sessions_pb2.CreatePassportRequest(audience=[service])
        if token.count(".") == 2:
            request.access_token = token
        else:
            request.session_token = token
        with context.as_person(""):
            return client.patiently(self._sessions.CreatePassport, request).passport

    def _keep(self, key: bytes, until: float, passport: str) -> None:
        with self._lock:
            if len(self._kept) >= _MOST_PASSPORTS:
                now = self._monotonic()
                self._kept = {old: entry for old, entry in self._kept.items() if entry[0] > now}
            self._kept[key] = (until, passport)


def _kind(passport: str) -> str:
    """Whom a passport speaks of. Not verified here: it came from identity itself, and its reader verifies it."""
    claims = passport.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))).get("kind", ""))
