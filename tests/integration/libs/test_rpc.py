"""A gRPC server and its callers, over real connections: identity, checks, errors, deadlines, TLS, health and drain."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from joserfc.jwk import KeySet, OKPKey
from pydantic import SecretStr
from recapito.contacts.v1 import groups_pb2 as pb
from recapito.contacts.v1 import groups_pb2_grpc

from libs import errors
from libs.access import Caller, Kind
from libs.rpc import client, context, passports, tls
from libs.rpc.server import Server
from libs.settings import RpcSettings, ServiceSettings
from tests.authority import Authority

ID = UUID("019ab7a0-0000-7000-8000-000000000001")
NAME = f"groups/{ID}"
READER = Caller(Kind.OPERATOR, ID, capabilities=frozenset({"contacts.read", "contacts.settings"}), session_state="OPEN")
KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"})
SECRET = "a secret of the test"


def not_asked_for(*_args: object) -> NoReturn:
    raise AssertionError("no test asks for this")


@dataclass
class Groups(groups_pb2_grpc.GroupsServicer):
    """Answers as each test says."""

    get: Callable[[pb.GetGroupRequest], pb.Group] = lambda request: pb.Group(name=request.name)
    callers: list[Caller] = field(default_factory=list)

    def GetGroup(self, request: pb.GetGroupRequest, _context: grpc.ServicerContext) -> pb.Group:  # noqa: N802 - the .proto's name
        self.callers.append(context.caller())
        return self.get(request)

    ListGroups = CreateGroup = UpdateGroup = DeleteGroup = not_asked_for  # type: ignore[assignment] # one body for four signatures


def verify(token: str) -> Caller:
    keys = json.dumps(KeySet([KEY]).as_dict(private=False)).encode()
    return passports.PassportVerifier("contacts", lambda: keys).verify(token)


@contextmanager
def serving(servicer: Groups, **settings: str) -> Iterator[tuple[Server, RpcSettings]]:
    values = {"internal_secret": SECRET} | settings
    server_settings = ServiceSettings.model_validate(
        {"listen_address": "127.0.0.1:0", "database_url": "sqlite://", "bus_url": "sqlite://", "environment": "test"} | values
    )
    server = Server("contacts", server_settings, verify)
    server.add(groups_pb2_grpc.add_GroupsServicer_to_server, servicer, pb.DESCRIPTOR.services_by_name["Groups"])
    server.start()
    try:
        yield server, RpcSettings.model_validate(values)
    finally:
        server.stop()


@contextmanager
def groups(server: Server, settings: RpcSettings, service: str = "portal") -> Iterator[groups_pb2_grpc.GroupsStub]:
    with client.connect(f"127.0.0.1:{server.port}", service=service, settings=settings) as channel:
        yield groups_pb2_grpc.GroupsStub(channel)


def passport(caller: Caller = READER) -> str:
    return passports.sign(caller, key=KEY, audience=["contacts"], now=datetime.now(UTC))


def test_a_person_is_known_by_the_passport_that_travels_along() -> None:
    servicer = Groups()
    with serving(servicer) as running, groups(*running) as stub, context.as_person(passport()):
        assert stub.GetGroup(pb.GetGroupRequest(name=NAME)).name == NAME
    assert servicer.callers == [READER]


def test_a_service_never_stands_in_for_a_person() -> None:
    with serving(Groups()) as running, groups(*running) as stub, pytest.raises(errors.PermissionDenied):
        stub.GetGroup(pb.GetGroupRequest(name=NAME))


def test_a_passport_without_a_known_service_is_not_taken() -> None:
    with serving(Groups()) as (server, _), grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = groups_pb2_grpc.GroupsStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            stub.GetGroup(pb.GetGroupRequest(name=NAME), metadata=((passports.PASSPORT, passport()),))
        assert isinstance(refused.value, grpc.Call)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_wrong_secret_is_not_taken() -> None:
    wrong = RpcSettings.model_validate({"internal_secret": "another"})
    with serving(Groups()) as (server, _), groups(server, wrong) as stub, pytest.raises(errors.Unauthenticated):
        stub.GetGroup(pb.GetGroupRequest(name=NAME))


def test_a_request_is_checked_before_the_service_sees_it() -> None:
    servicer = Groups()
    with serving(servicer) as running, groups(*running) as stub, context.as_person(passport()):
        with pytest.raises(errors.InvalidArgument) as refused:
            stub.GetGroup(pb.GetGroupRequest(name="groups/1"))
        assert [(fault.field, fault.reason) for fault in refused.value.violations] == [("name", "NAME_INVALID")]
    assert servicer.callers == []


@pytest.mark.parametrize(
    "error",
    [
        errors.NotFound("group x does not exist"),
        errors.InvalidArgument.of("group.name", "is wrong", "NAME_INVALID"),
        errors.FailedPrecondition("it holds contacts", reason="GROUP_NOT_EMPTY", metadata={"count": "3"}),
        errors.ResourceExhausted("too often", retry_after_seconds=2.5),
        errors.EtagMismatch("it changed"),
        errors.Unavailable("not now", retry_after_seconds=1),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_typed_error_arrives_as_it_left(error: errors.ServiceError) -> None:
    def fail(_request: pb.GetGroupRequest) -> pb.Group:
        raise error

    with (
        serving(Groups(get=fail)) as running,
        groups(*running) as stub,
        context.as_person(passport()),
        pytest.raises(errors.ServiceError) as caught,
    ):
        stub.GetGroup(pb.GetGroupRequest(name=NAME))
    found = caught.value
    assert type(found) in type(error).__mro__
    assert (str(found), found.reason, found.violations, found.metadata, found.retry_after_seconds) == (
        str(error),
        error.reason,
        error.violations,
        error.metadata,
        error.retry_after_seconds,
    )


def test_a_defect_tells_the_caller_nothing() -> None:
    def fail(_request: pb.GetGroupRequest) -> pb.Group:
        raise KeyError("laura.bianchi@abc.example")

    with (
        serving(Groups(get=fail)) as running,
        groups(*running) as stub,
        context.as_person(passport()),
        pytest.raises(errors.Internal) as caught,
    ):
        stub.GetGroup(pb.GetGroupRequest(name=NAME))
    assert "laura" not in str(caught.value)


def test_a_further_call_gets_what_is_left_of_the_deadline() -> None:
    slow = threading.Event()
    inner = Groups(get=lambda request: pb.Group(name=str(slow.wait(10) or request.name)))
    with serving(inner) as (second, settings):

        def ask(request: pb.GetGroupRequest) -> pb.Group:
            with groups(second, settings) as stub, context.as_person(passport()):
                return stub.GetGroup(request)

        with serving(Groups(get=ask)) as running, groups(*running) as stub, context.as_person(passport()):
            started = time.monotonic()
            with pytest.raises(errors.DeadlineExceeded):
                stub.GetGroup(pb.GetGroupRequest(name=NAME), timeout=0.5)
            assert time.monotonic() - started < 8
        slow.set()


def test_draining_finishes_what_is_in_hand_and_takes_nothing_new() -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(request: pb.GetGroupRequest) -> pb.Group:
        entered.set()
        leave.wait(10)
        return pb.Group(name=request.name)

    with serving(Groups(get=slow)) as running, groups(*running) as stub, context.as_person(passport()):
        answers: list[pb.Group] = []
        passport_of_this_thread = copy_context()
        asking = threading.Thread(target=lambda: answers.append(passport_of_this_thread.run(stub.GetGroup, pb.GetGroupRequest(name=NAME))))
        asking.start()
        assert entered.wait(5)
        stopping = threading.Thread(target=running[0].stop)
        stopping.start()
        leave.set()
        asking.join(10)
        stopping.join(10)
        assert [answer.name for answer in answers] == [NAME]
        with pytest.raises(errors.Unavailable):
            stub.GetGroup(pb.GetGroupRequest(name=NAME), timeout=2)


@pytest.mark.parametrize(
    ("method", "tries"), [("/recapito.contacts.v1.Groups/GetGroup", 2), ("/recapito.identity.v1.Tokens/IssueToken", 1)]
)
def test_what_a_stopping_server_cancels_is_asked_once_more_unless_it_spends_a_credential(method: str, tries: int) -> None:
    seen = []

    def turn_away(_request: bytes, call: grpc.ServicerContext) -> bytes:
        seen.append(method)
        if len(seen) == 1:
            call.abort(grpc.StatusCode.CANCELLED, "")
        return b"answer"

    server = grpc.server(ThreadPoolExecutor(2))
    service, _, name = method.strip("/").partition("/")
    handler = grpc.method_handlers_generic_handler(service, {name: grpc.unary_unary_rpc_method_handler(turn_away)})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = client.connect(f"127.0.0.1:{port}", service="portal", settings=RpcSettings(internal_secret=SecretStr("x" * 32)))
    ask: Any = channel.unary_unary(method)
    with suppress(errors.Unavailable):
        ask(b"question", timeout=5)
    assert len(seen) == tries
    channel.close()
    server.stop(0)


def test_a_new_channel_does_not_wait_until_an_old_one_reconnects() -> None:
    with serving(Groups()) as (server, settings):
        port = server.port
        old = client.connect(f"127.0.0.1:{port}", service="portal", settings=settings)
    with context.as_person(passport()):
        with pytest.raises(errors.Unavailable):
            groups_pb2_grpc.GroupsStub(old).GetGroup(pb.GetGroupRequest(name=NAME), timeout=2)
        with serving(Groups(), listen_address=f"127.0.0.1:{port}") as running, groups(*running) as stub:
            assert stub.GetGroup(pb.GetGroupRequest(name=NAME), timeout=2).name == NAME
    old.close()


def test_health_is_answered_to_anyone() -> None:
    with serving(Groups()) as (server, _), grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        ask: Any = health_pb2_grpc.HealthStub(channel)
        answer = ask.Check(health_pb2.HealthCheckRequest(service="recapito.contacts.v1.Groups"))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_a_server_without_any_proof_of_callers_does_not_start() -> None:
    with pytest.raises(SystemExit, match="RECAPITO_INTERNAL_SECRET"), serving(Groups(), internal_secret=""):
        pass


# --- mutual TLS ----------------------------------------------------------------------------------------------------------------------
def test_over_mutual_tls_the_certificate_says_which_service_calls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    servicer = Groups()
    with serving(servicer, **authority.settings_of("contacts")) as (server, _):
        portal = RpcSettings.model_validate(authority.settings_of("portal"))
        with groups(server, portal) as stub, context.as_person(passport()):
            assert stub.GetGroup(pb.GetGroupRequest(name=NAME)).name == NAME
        with groups(server, portal) as stub, pytest.raises(errors.PermissionDenied):
            stub.GetGroup(pb.GetGroupRequest(name=NAME))
        (tmp_path / "strangers").mkdir()
        stranger = RpcSettings.model_validate(Authority(tmp_path / "strangers").settings_of("portal"))
        with groups(server, stranger) as stub, pytest.raises(errors.Unavailable):
            stub.GetGroup(pb.GetGroupRequest(name=NAME), timeout=3)
    assert servicer.callers == [READER]


def test_renewed_certificates_are_taken_up_by_both_sides_without_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    portal = RpcSettings.model_validate(authority.settings_of("portal"))
    with (
        serving(Groups(), **authority.settings_of("contacts")) as (server, _),
        context.as_person(passport()),
        groups(server, portal) as stub,
        groups(server, portal) as idle,
    ):
        assert stub.GetGroup(pb.GetGroupRequest(name=NAME)).name == NAME
        another = Authority(tmp_path)
        for name in ("portal", "contacts"):
            another.settings_of(name)  # the same files, written anew
        assert stub.GetGroup(pb.GetGroupRequest(name=NAME)).name == NAME, "an open connection goes on"
        with pytest.raises(errors.Unavailable):
            idle.GetGroup(pb.GetGroupRequest(name=NAME), timeout=2)
        monkeypatch.setattr(tls, "LOOK_SECONDS", 0.0)
        assert idle.GetGroup(pb.GetGroupRequest(name=NAME)).name == NAME
        assert stub.GetGroup(pb.GetGroupRequest(name=NAME)).name == NAME
