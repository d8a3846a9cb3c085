"""The one use case: make a call for whoever asks, and for nobody else; of some methods a call to each service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from google.protobuf.message import Message

from libs import personal
from libs.errors import Unauthenticated
from services.gateway.wire.contract import Method

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)
LONGEST_TOKEN = 4000


@dataclass(frozen=True)
class Visitor:
    """Who asks, as the request says. authorization: the header, "" for none. language: Accept-Language."""

    authorization: str = ""
    language: str = ""


class Download(Protocol):
    """Bytes on their way: messages of google.api.HttpBody, and what their service says of them once the first is there."""

    def __iter__(self) -> Iterator[Message]: ...
    def __next__(self) -> Message: ...
    def initial_metadata(self) -> Mapping[str, str]: ...


class Identity(Protocol):
    """Changes a session or access token for a passport that one service accepts; or Unauthenticated."""

    def passport(self, token: str, service: str) -> str: ...


class Backends(Protocol):
    """The services behind us; each call is for the person of the passport, or for nobody when it is empty."""

    def call(self, method: Method, request: Message, *, passport: str, language: str) -> bytes: ...  # as it came over the wire
    def download(self, method: Method, request: Message, *, passport: str, language: str) -> Download: ...


def call(method: Method, request: Message, visitor: Visitor, *, identity: Identity, backends: Backends) -> bytes:
    """Return the answer of a method that gives one, serialized: nobody here reads it."""
    return backends.call(method, request, passport=passport(method, visitor, identity), language=visitor.language)


def download(method: Method, request: Message, visitor: Visitor, *, identity: Identity, backends: Backends) -> Download:
    """Return the stream of a method that gives bytes."""
    return backends.download(method, request, passport=passport(method, visitor, identity), language=visitor.language)


def archive(method: Method, request: Message, visitor: Visitor, *, identity: Identity, backends: Backends, now: datetime) -> bytes:
    """Return as one ZIP what every service answers to a method that all of them have; whole, or the error of the first that fails."""

    def of_service(name: str) -> Download:
        return download(replace(method, service=name), request, visitor, identity=identity, backends=backends)

    return personal.archive(of_service, now)


def passport(method: Method, visitor: Visitor, identity: Identity) -> str:
    """Return the passport for a method; "" when anybody may call it, so that a stale token does not stop a sign-in.

    Without a token we answer ourselves: a call without a passport would be a call of the gateway's own.
    """
    if method.public:
        return ""
    if not visitor.authorization:
        raise Unauthenticated("sign in first: send the header Authorization: Bearer <token>", reason="NOT_SIGNED_IN")
    found = _BEARER.fullmatch(visitor.authorization)
    if found is None or len(found[1]) > LONGEST_TOKEN:
        raise Unauthenticated("the header Authorization must be: Bearer <token>", reason="TOKEN_INVALID")
    return identity.passport(found[1], method.service)
