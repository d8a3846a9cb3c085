"""What travels with a call: the caller, the deadline, and the passport that a web front passes on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from google.protobuf.message import Message

from libs.access import ANONYMOUS, Caller
from libs.unit_of_work import NO_REQUEST, Request

LANGUAGE = "accept-language"  # metadata key


@dataclass(frozen=True)
class Call:
    """The inbound call that this thread answers. deadline: on time.monotonic(). language: "it" or "en", of the person who reads."""

    method: str
    caller: Caller
    deadline: float
    language: str = "it"


_call: ContextVar[Call | None] = ContextVar("call", default=None)
_person: ContextVar[tuple[str, str]] = ContextVar("person", default=("", ""))  # passport, language


def caller() -> Caller:
    """Return who makes the call being answered."""
    call = _call.get()
    return call.caller if call is not None else ANONYMOUS


def language() -> str:
    """Return the language of who reads the answer to this call, "it" or "en"."""
    call = _call.get()
    return call.language if call is not None else "it"


def request_of(message: Message) -> Request:
    """Return what makes a retry of this call safe, from its request_id."""
    request_id: str = getattr(message, "request_id", "")
    call = _call.get()
    if not request_id or call is None:
        return NO_REQUEST
    body = type(message)()
    body.CopyFrom(message)
    body.ClearField("request_id")
    fingerprint = hashlib.sha256(call.method.encode() + body.SerializeToString(deterministic=True)).digest()
    return Request(request_id, str(call.caller), fingerprint)


def seconds_left() -> float | None:
    """Return what is left of the deadline of the call being answered; None outside a call."""
    call = _call.get()
    return None if call is None else call.deadline - time.monotonic()


@contextmanager
def answering(call: Call) -> Iterator[None]:
    token = _call.set(call)
    try:
        yield
    finally:
        _call.reset(token)


@contextmanager
def as_person(passport: str, language: str = "") -> Iterator[None]:
    """Make the calls inside for the person of this passport instead of for this service; answers are in `language` where a person reads.

    An empty passport calls for nobody, in that language.
    """
    token = _person.set((passport, language))
    try:
        yield
    finally:
        _person.reset(token)


def person() -> tuple[str, str]:
    """Return passport and language of the surrounding as_person; empty outside."""
    return _person.get()
