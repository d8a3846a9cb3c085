"""Who may call what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from recapito.access.v1 import access_pb2 as pb
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2
from recapito.documents.v1 import invoices_pb2

from libs import access
from libs.access import ANONYMOUS, Caller, Kind
from libs.errors import PermissionDenied, Unauthenticated

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ID = UUID("019ab7a0-0000-7000-8000-000000000001")


def operator(*capabilities: str, state: str = "OPEN", fresh: bool = False) -> Caller:
    fresh_until = NOW + timedelta(minutes=5) if fresh else None
    return Caller(Kind.OPERATOR, ID, capabilities=frozenset(capabilities), session_state=state, fresh_until=fresh_until)


def program(*capabilities: str) -> Caller:
    return Caller(Kind.CLIENT, ID, capabilities=frozenset(capabilities))


def contact(*permissions: str, customer: UUID | None = ID, state: str = "OPEN") -> Caller:
    return Caller(Kind.CONTACT, ID, customer_id=customer, permissions=frozenset(permissions), session_state=state)


def service(name: str) -> Caller:
    return Caller(Kind.SERVICE, service=name)


ALLOWED = [
    (pb.Rule(public=True), ANONYMOUS),
    (pb.Rule(operator="documents.read"), operator("documents.read")),
    (pb.Rule(owner=True), operator()),
    (pb.Rule(owner=True), contact()),
    (pb.Rule(operator="documents.read"), program("documents.read")),
    (pb.Rule(owner=True), program()),
    (pb.Rule(contact=pb.INVOICES), contact("INVOICES")),
    (pb.Rule(contact=pb.MEMBER), contact()),
    (pb.Rule(services=["notifications"]), service("notifications")),
    (pb.Rule(owner=True, assurance=pb.PENDING), contact(state="POLICY_REQUIRED")),
    (pb.Rule(owner=True, assurance=pb.FIRST_FACTOR), contact(state="POLICY_REQUIRED")),
    (pb.Rule(owner=True, assurance=pb.FIRST_FACTOR), contact(state="SECOND_FACTOR_REQUIRED")),
    (pb.Rule(operator="identity.accounts", assurance=pb.FRESH), operator("identity.accounts", fresh=True)),
    (pb.Rule(services=["documents"], operator="x.y", assurance=pb.FRESH), service("documents")),
]
REFUSED = [
    (pb.Rule(operator="documents.read"), operator("documents.write")),
    (pb.Rule(operator="documents.read"), contact("INVOICES")),
    (pb.Rule(operator="documents.read"), service("documents")),
    (pb.Rule(contact=pb.INVOICES), contact("ESTIMATES")),
    (pb.Rule(contact=pb.INVOICES), contact("INVOICES", customer=None)),
    (pb.Rule(contact=pb.INVOICES), operator()),
    (pb.Rule(services=["notifications"]), service("portal")),
    (pb.Rule(services=["notifications"]), operator()),
    (pb.Rule(operator="documents.read"), program("documents.write")),
    (pb.Rule(contact=pb.MEMBER), program("documents.read")),
    (pb.Rule(services=["notifications"]), program()),
    (pb.Rule(owner=True, assurance=pb.PENDING), program()),
    (pb.Rule(operator="identity.accounts", assurance=pb.FRESH), program("identity.accounts")),
    (pb.Rule(owner=True), service("portal")),
    (pb.Rule(owner=True), contact(state="POLICY_REQUIRED")),
    (pb.Rule(owner=True), contact(state="SECOND_FACTOR_REQUIRED")),
    (pb.Rule(owner=True, assurance=pb.PENDING), contact(state="SECOND_FACTOR_REQUIRED")),
    (pb.Rule(operator="identity.accounts", assurance=pb.FRESH), operator("identity.accounts")),
    (pb.Rule(), operator("anything")),
]


@pytest.mark.parametrize(("rule", "caller"), ALLOWED)
def test_a_caller_with_a_fitting_line_is_let_in(rule: pb.Rule, caller: Caller) -> None:
    access.check(rule, caller, NOW)


@pytest.mark.parametrize(("rule", "caller"), REFUSED)
def test_a_caller_without_one_is_refused(rule: pb.Rule, caller: Caller) -> None:
    with pytest.raises(PermissionDenied):
        access.check(rule, caller, NOW)


@pytest.mark.parametrize("rule", [rule for rule, _ in [*ALLOWED, *REFUSED] if not rule.public])
def test_nobody_enters_without_signing_in(rule: pb.Rule) -> None:
    with pytest.raises(Unauthenticated):
        access.check(rule, ANONYMOUS, NOW)


def test_a_session_counts_as_fresh_for_its_time_only() -> None:
    rule = pb.Rule(operator="a.b", assurance=pb.FRESH)
    caller = Caller(Kind.OPERATOR, ID, capabilities=frozenset({"a.b"}), session_state="OPEN", fresh_until=NOW)
    access.check(rule, caller, NOW - timedelta(seconds=1))
    with pytest.raises(PermissionDenied) as refused:
        access.check(rule, caller, NOW)
    assert refused.value.reason == "NOT_FRESH"


def test_every_method_of_a_service_has_its_rule() -> None:
    files = (invoices_pb2, contacts_pb2, customers_pb2, affiliations_pb2)
    services = [service for file in files for service in file.DESCRIPTOR.services_by_name.values()]
    found = access.rules(services)
    assert len(found) == sum(len(service.methods) for service in services)
    assert found["/recapito.documents.v1.Invoices/IssueInvoice"].operator == "documents.issue"


def test_a_method_without_a_rule_stops_the_start() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="open.proto", package="open", message_type=[descriptor_pb2.DescriptorProto(name="Any")])
    file.service.add(name="Doors").method.add(name="OpenDoor", input_type=".open.Any", output_type=".open.Any")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    with pytest.raises(access.MissingRule, match=r"open\.Doors\.OpenDoor"):
        access.rules([pool.FindServiceByName("open.Doors")])
