"""Who may call what: reads the access rule that each RPC carries in its .proto, and refuses to start when one is missing."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import ServiceDescriptor
from recapito.access.v1 import access_pb2 as pb

from libs.errors import PermissionDenied, Unauthenticated


class Kind(enum.Enum):
    ANONYMOUS = "anonymous"
    OPERATOR = "operator"
    CONTACT = "contact"
    CLIENT = "client"  # an application with a service account of its own
    SERVICE = "service"


@dataclass(frozen=True)
class Caller:
    """Who calls, as a passport or a service's own identity says; valid for this call only.

    account_id: of an operator, of a client, or of a contact, whose account has the contact's id. service: name of a calling service.
    groups, sees_all: what an operator or a client sees. customer_id, permissions: for whom a contact acts now, and its effective
    permissions there by their names in access.v1.Contact. pending: the session waits for its second factor, a new password or the policy.
    client_id: the application that acts for a person.
    """

    kind: Kind = Kind.ANONYMOUS
    account_id: UUID | None = None
    service: str = ""
    capabilities: frozenset[str] = frozenset()
    groups: frozenset[UUID] = frozenset()
    sees_all: bool = False
    customer_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    session_id: UUID | None = None
    session_state: str = ""
    method: str = ""
    fresh_until: datetime | None = None
    client_id: UUID | None = None

    def __str__(self) -> str:
        """Name the caller for records: "accounts/{uuid}", "services/{name}" or "anonymous"."""
        if self.account_id is not None:
            return f"accounts/{self.account_id}"
        return f"services/{self.service}" if self.service else "anonymous"

    @property
    def staff(self) -> bool:
        """Whether roles and groups decide what the caller does and sees."""
        return self.kind in {Kind.OPERATOR, Kind.CLIENT}

    @property
    def pending(self) -> bool:
        return self.kind in {Kind.OPERATOR, Kind.CONTACT} and self.session_state != "OPEN"


ANONYMOUS = Caller()


class MissingRule(Exception):
    """A method has no access rule; a server that would answer it must not start."""


Rules = dict[str, pb.Rule]  # "/package.Service/Method" -> its rule


def rules(services: Iterable[ServiceDescriptor]) -> Rules:
    """Return the rule of every method; MissingRule names all methods without one."""
    found: Rules = {}
    missing: list[str] = []
    for service in services:
        for method in service.methods:
            options = method.GetOptions()
            if options.HasExtension(pb.rule):
                found[f"/{service.full_name}/{method.name}"] = options.Extensions[pb.rule]
            else:
                missing.append(f"{service.full_name}.{method.name}")
    if missing:
        raise MissingRule(f"no recapito.access.v1.rule on {', '.join(missing)}")
    return found


def capabilities() -> dict[str, list[str]]:
    """Return every capability that a method of any service asks for, with the full names of the methods, in order.

    Read from the compiled contract, whose image stands beside the generated code: no service knows the code of all others.
    """
    image = Path(pb.__file__).parents[2] / "descriptors.binpb"
    found: dict[str, list[str]] = {}
    for file in descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes()).file:
        for service in file.service:
            for method in service.method:
                if capability := method.options.Extensions[pb.rule].operator:
                    found.setdefault(capability, []).append(f"{file.package}.{service.name}.{method.name}")
    return {capability: sorted(found[capability]) for capability in sorted(found)}


def check(rule: pb.Rule, caller: Caller, now: datetime) -> None:
    """Let the caller in when one line of the rule fits; raise Unauthenticated or PermissionDenied otherwise.

    Rows are not decided here: the service narrows them by group, customer and object.
    """
    if rule.public or (caller.kind is Kind.SERVICE and caller.service in rule.services):
        return
    if caller.kind is Kind.ANONYMOUS:
        raise Unauthenticated("sign in first", reason="NOT_SIGNED_IN")
    if not _fits(rule, caller):
        raise PermissionDenied("this caller may not do this", reason="NOT_ALLOWED")
    enough = {pb.FIRST_FACTOR} if caller.session_state == "SECOND_FACTOR_REQUIRED" else {pb.FIRST_FACTOR, pb.PENDING}
    if caller.pending and rule.assurance not in enough:
        raise PermissionDenied("the session is not open yet", reason=caller.session_state or "SESSION_PENDING")
    if rule.assurance == pb.FRESH and (caller.fresh_until is None or now >= caller.fresh_until):
        raise PermissionDenied("sign in again to confirm this", reason="NOT_FRESH")


def _fits(rule: pb.Rule, caller: Caller) -> bool:
    match caller.kind:
        case Kind.OPERATOR:
            return rule.owner or bool(rule.operator and rule.operator in caller.capabilities)
        case Kind.CLIENT:  # has an account of its own and never a session, so it cannot do what asks for a certain one
            own = rule.owner and rule.assurance == pb.ASSURANCE_UNSPECIFIED
            return own or bool(rule.operator and rule.operator in caller.capabilities)
        case Kind.CONTACT:
            return rule.owner or _contact_fits(rule.contact, caller)
        case _:
            return False


def _contact_fits(wanted: pb.Contact.ValueType, caller: Caller) -> bool:
    if wanted == pb.CONTACT_UNSPECIFIED or caller.customer_id is None:
        return False
    return wanted == pb.MEMBER or pb.Contact.Name(wanted) in caller.permissions
