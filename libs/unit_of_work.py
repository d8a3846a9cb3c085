"""What a use case needs from its database besides its own repositories: protocols only."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from google.protobuf.message import Message

Clock = Callable[[], datetime]  # now, aware, UTC


@dataclass(frozen=True)
class Request:
    """What makes a retry safe: the caller's request_id, and a fingerprint of method and body to tell a retry from a reuse.

    An empty id asks for nothing.
    """

    id: str = ""
    caller: str = ""
    fingerprint: bytes = b""


NO_REQUEST = Request()


class Outbox(Protocol):
    """Events that leave if, and only if, this transaction commits."""

    def add(self, event: Message) -> None: ...  # field 1 is the resource, field 2 its version
    def withdraw(self, subject: str, kinds: Collection[type[Message]]) -> None: ...  # what was committed and has not left yet


class Inbox(Protocol):
    """Events that this service has handled."""

    def add(self, event_id: UUID) -> bool: ...  # False: handled before, do nothing
    def add_all(self, event_ids: Collection[UUID]) -> set[UUID]: ...  # those that were not handled before


class Requests(Protocol):
    """request_ids seen in the last 24 hours."""

    def claim(self, request: Request, result: str) -> str | None:
        """Record what a new request makes and return None; return the earlier result of a retry.

        result: what is needed to answer the same again, as a rule the id of the resource.
        Raises RequestIdReused when the id came with another method or body.
        """
        ...


class UnitOfWork(Protocol):
    """One transaction; leaving it without commit() rolls back."""

    @property
    def outbox(self) -> Outbox: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def requests(self) -> Requests: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
    def commit(self) -> None: ...
