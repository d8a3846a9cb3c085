"""What the audit says of a call: who did what to which resource, with what result. Names and ids only, never a value.

The server follows each call that changes something; the first transaction that it commits holds the entry (`done`). Refusals of
people who signed in are written by `Refusals`. What a service does by itself is not in the audit: nobody would ask who did it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from google.api import annotations_pb2, resource_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs.access import ANONYMOUS, Caller

OK = "OK"
_RESOURCE = re.compile(r"[a-z][A-Za-z]*(?:/[A-Za-z0-9_.-]+){1,7}")
_LONGEST_RESOURCE = 200
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def changes(method: MethodDescriptor) -> bool:
    """Whether people may call a method and it changes something. What only services call has no HTTP route."""
    options = method.GetOptions()
    route = options.Extensions[annotations_pb2.http].WhichOneof("pattern")
    return route not in {None, "get"} and options.idempotency_level != MethodOptions.NO_SIDE_EFFECTS


# --- the call being answered ---------------------------------------------------------------------------------------------------------
@dataclass
class Trail:
    """What is known so far of a call. resource, actor, session: what a use case noted."""

    method: str  # full name, with dots
    changes: bool
    caller: Caller = ANONYMOUS
    request: Message | None = None
    resource: str = ""
    actor: str = ""
    session: str = ""
    recorded: bool = False
    asides: int = 0

    @property
    def open(self) -> bool:
        """Whether the transaction that commits now is the one that the call was made for."""
        return self.changes and not self.recorded and not self.asides


_trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


@contextmanager
def following(trail: Trail) -> Iterator[None]:
    """Write the audit of what happens inside."""
    token = _trail.set(trail)
    try:
        yield
    finally:
        _trail.reset(token)


def note(*, resource: str = "", actor: str = "", session: str = "") -> None:
    """Say what the request cannot: whom a sign-in turned out to be of, which link a token stood for."""
    if (trail := _trail.get()) is not None:
        trail.resource = resource or trail.resource
        trail.actor = actor or trail.actor
        trail.session = session or trail.session


def keep(resource: str) -> None:
    """Have this call in the audit though it changes nothing: who took somebody's data out is asked later."""
    if (trail := _trail.get()) is not None:
        trail.changes, trail.resource = True, resource


@contextmanager
def aside() -> Iterator[None]:
    """Commit inside what is not yet what the call was made for: a count of tries, a copy brought up to date."""
    trail = _trail.get()
    if trail is None:
        yield
        return
    trail.asides += 1
    try:
        yield
    finally:
        trail.asides -= 1


def done(service: str, made: str, subjects: Sequence[str], now: datetime) -> AuditEntryRecorded | None:
    """Return the entry for the transaction that is about to commit; None when it needs none.

    made: the result under which the request was claimed, as a rule the id of what it made. subjects: of its events.
    """
    trail = _trail.get()
    if trail is None or not trail.open:
        return None
    entry = _entry(trail, service, OK, now, made, subjects)
    if not entry.actor.startswith("accounts/"):
        return None
    entry.changed_fields.extend(dict.fromkeys(getattr(getattr(trail.request, "update_mask", None), "paths", ())))
    return entry


def recorded() -> None:
    """The transaction with the entry has committed."""
    if (trail := _trail.get()) is not None:
        trail.recorded = True


def _entry(trail: Trail, service: str, result: str, now: datetime, made: str = "", subjects: Sequence[str] = ()) -> AuditEntryRecorded:
    caller = trail.caller
    session = f"accounts/{caller.account_id}/sessions/{caller.session_id}" if caller.session_id else ""
    request_id = getattr(trail.request, "request_id", "")
    entry = AuditEntryRecorded(
        resource=_resource(trail, made, subjects) or f"services/{service}",
        service=service,
        actor=trail.actor or str(caller),
        method=trail.method,
        result=result,
        session=trail.session or session,
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else "",
    )
    entry.record_time.FromDatetime(now)
    return entry


# --- which resource ------------------------------------------------------------------------------------------------------------------
def _resource(trail: Trail, made: str, subjects: Sequence[str]) -> str:
    """Return the name of what the call is about; "" when nothing tells."""
    candidates = [trail.resource]
    if trail.request is not None:
        candidates += _named(trail.request, made)
    for name in [*candidates, *subjects]:
        resolved = _resolved(name, trail.caller)
        if _RESOURCE.fullmatch(resolved) and len(resolved) <= _LONGEST_RESOURCE:
            return resolved
    return ""


def _named(request: Message, made: str) -> list[str]:
    parent: str = getattr(request, "parent", "")
    names = [getattr(request, "name", "")]
    for field_ in request.DESCRIPTOR.fields:
        if (pattern := _pattern(field_)) is not None and request.HasField(field_.name):
            names += [getattr(getattr(request, field_.name), "name", ""), _made(pattern, parent, made)]
    return [*names, parent]


def _pattern(field_: Any) -> str | None:
    """Return the pattern of the resource that a field holds."""
    if field_.message_type is None or field_.is_repeated:
        return None
    return next(iter(field_.message_type.GetOptions().Extensions[resource_pb2.resource].pattern), None)


def _made(pattern: str, parent: str, made: str) -> str:
    """Return the name of what was made: `made` itself when it is one, else that id in its collection."""
    if "/" in made:
        return made
    try:
        UUID(made)
    except ValueError:
        return ""
    return "/".join(filter(None, (parent, pattern.split("/")[-2], made)))


def _resolved(name: str, caller: Caller) -> str:
    """Put the ids for the aliases that mean the caller."""
    name = name.replace("accounts/me", f"accounts/{caller.account_id}", 1) if name.startswith("accounts/me") else name
    return name.replace("sessions/current", f"sessions/{caller.session_id}", 1) if name.endswith("sessions/current") else name


# --- refusals ------------------------------------------------------------------------------------------------------------------------
EQUAL_A_MINUTE = 5
OF_NOBODY_A_MINUTE = 60
ALL_A_MINUTE = 600
Write = Callable[[AuditEntryRecorded, str], None]  # the entry, and the address that a public call says it came from


class Refusals:
    """Writes what was refused to people who signed in, and to anybody for the given reasons.

    write: in a transaction of its own. Of equal ones five a minute are written, of all 600, so that nobody can fill the audit.
    Of callers that are not signed in 60 from one address are, whatever they asked for: else the work would tell which accounts
    exist.
    """

    def __init__(
        self,
        service: str,
        write: Write,
        clock: Callable[[], datetime],
        reasons: Callable[[str], bool] = lambda _reason: False,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service, self._write, self._clock, self._reasons, self._ticks = service, write, clock, reasons, ticks
        self._lock = threading.Lock()
        self._minute = 0
        self._seen: Counter[tuple[str, ...]] = Counter()

    def refused(self, trail: Trail, code: str, reason: str) -> None:
        """Record a refusal, when it is one to be recorded."""
        by_person = code == "PERMISSION_DENIED" and trail.caller.account_id is not None
        if not (by_person or self._reasons(reason)):
            return
        entry = _entry(trail, self._service, f"{code} {reason}".strip(), self._clock())
        address: str = getattr(getattr(trail.request, "client_info", None), "ip_address", "")
        if self._let_in(entry, address):
            self._write(entry, address)

    def _let_in(self, entry: AuditEntryRecorded, address: str) -> bool:
        signed_in = entry.actor.startswith("accounts/")
        most = EQUAL_A_MINUTE if signed_in else OF_NOBODY_A_MINUTE
        key = (entry.actor, entry.method, entry.result, entry.resource if signed_in else address)
        with self._lock:
            if (minute := int(self._ticks() // 60)) != self._minute:
                self._minute = minute
                self._seen.clear()
            if self._seen[key] >= most or self._seen.total() >= ALL_A_MINUTE:
                return False
            self._seen[key] += 1
            return True
