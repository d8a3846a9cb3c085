"""Who may call, before anything is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from google.protobuf.message import Message

from libs.errors import Unauthenticated
from services.gateway import service
from services.gateway.service import Visitor
from services.gateway.wire.contract import Method, contract


@dataclass
class FakeIdentity:
    tokens: Mapping[str, str]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def passport(self, token: str, service: str) -> str:
        self.asked.append((token, service))
        if token not in self.tokens:
            raise Unauthenticated("unknown")
        return self.tokens[token]


@dataclass
class FakeBackends:
    calls: list[tuple[str, str, str]] = field(default_factory=list)

    def call(self, method: Method, request: Message, *, passport: str, language: str) -> bytes:
        self.calls.append((method.name, passport, language))
        return method.output().SerializeToString()

    def download(self, method: Method, request: Message, *, passport: str, language: str) -> service.Download:
        raise NotImplementedError


def method(name: str) -> Method:
    return next(route.method for route in contract().routes if route.method.name == name)


def test_a_call_is_made_with_a_passport_for_the_service_that_answers_it() -> None:
    identity, backends = FakeIdentity({"abc": "passport of abc"}), FakeBackends()
    asked = method("ListInvoices")
    service.call(asked, asked.input(), Visitor("Bearer abc", "it"), identity=identity, backends=backends)
    assert identity.asked == [("abc", "documents")]
    assert backends.calls == [("ListInvoices", "passport of abc", "it")]


def test_without_a_token_nothing_is_called_in_our_own_name() -> None:
    backends, asked = FakeBackends(), method("ListInvoices")
    with pytest.raises(Unauthenticated):
        service.call(asked, asked.input(), Visitor(), identity=FakeIdentity({}), backends=backends)
    assert backends.calls == []


def test_what_anybody_may_call_needs_no_identity() -> None:
    identity, backends, asked = FakeIdentity({}), FakeBackends(), method("CreateSession")
    service.call(asked, asked.input(), Visitor("Bearer stale"), identity=identity, backends=backends)
    assert (identity.asked, backends.calls) == ([], [("CreateSession", "", "")])
