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


@dataclass(frozen=True)
class Call:
    """The inbound call that this thread answers. deadline: on time.monotonic()."""

    method: str
    caller: Caller
    deadline: float


_call: ContextVar[Call | None] = ContextVar("call", default=None)
_passport: ContextVar[str] = ContextVar("passport", default="")


def caller() -> Caller:
    """Return who makes the call being answered."""
    call = _call.get()
    return call.caller if call is not None else ANONYMOUS


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
def as_person(passport: str) -> Iterator[None]:
    """Make the calls inside for the person of this passport instead of for this service; "" calls as nobody but the service."""
    token = _passport.set(passport)
    try:
        yield
    finally:
        _passport.reset(token)


def passport() -> str:
    return _passport.get()
