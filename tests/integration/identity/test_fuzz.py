"""Thousands of requests that nobody in their right mind sends, from callers of every kind: each is answered by a typed error or a result.

Rules 25 and 62 of the security rules. Every method that the server answers is asked, also one that comes tomorrow.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from recapito.access.v1 import access_pb2
from recapito.identity.v1 import accounts_pb2, links_pb2

from libs.access import Caller
from libs.access import Kind as CallerKind
from libs.errors import ServiceError
from libs.rpc import context
from libs.rpc.status import code_of
from services.identity.clients.passwords import Argon2Hasher
from services.identity.clients.signing import JoseSigner
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.roles import ADMINISTRATOR, ROLES
from tests.integration.identity.made_up import MadeUp
from tests.integration.identity.world import PASSWORD, World

CALLS = 3000  # on each of the two databases
RENEWED = 500  # after so many calls everybody signs in anew: what is asked ends sessions and accounts, too
LONGEST_SECONDS = 5.0  # of one call
MOST_SECONDS = 240.0  # of all
NEVER = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.DEADLINE_EXCEEDED}


class Callers:
    """Everybody who may knock: strangers, services, operators and contacts in every state of their session."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stranger = grpc.insecure_channel(world.address)
        self._services = {name: world.channel(name) for name in ("portal", "gateway", "notifications", "contacts", "documents")}
        email = f"{uuid.uuid4().hex}@acme.example"
        admin = world.caller(self._operator(email))
        mario = world.with_contact(email=email)
        world.with_password(mario)
        token = world.sign_in(email, kind=accounts_pb2.Account.CONTACT).session_token
        self.tokens = [token, world.mint(mario, links_pb2.Link.MAGIC)[0].token, world.mint(mario, links_pb2.Link.SET_PASSWORD)[0].token]
        waiting = world.caller(token)
        everything = frozenset().union(*ROLES.values())
        admin = replace(admin, capabilities=everything, fresh_until=world.clock() + timedelta(hours=1))
        contact = replace(waiting, session_state="OPEN", fresh_until=world.clock() + timedelta(hours=1))
        self.names = {"recapito/Account": [f"accounts/{mario}", f"accounts/{admin.account_id}"], "recapito/Role": [*ROLES]}
        self._people = [
            *[admin] * 8,
            replace(admin, fresh_until=None),
            replace(admin, sees_all=False, groups=frozenset({uuid.UUID(int=7)})),
            replace(admin, capabilities=frozenset({"identity.access", "identity.read"}), sees_all=False),
            replace(admin, capabilities=frozenset()),
            replace(admin, session_state="SECOND_FACTOR_REQUIRED"),
            replace(admin, account_id=uuid.uuid4(), session_id=uuid.uuid4()),
            contact,
            waiting,
            replace(contact, method="MAGIC_LINK", fresh_until=None),
            replace(contact, session_state="PASSWORD_CHANGE_REQUIRED"),
            replace(contact, account_id=uuid.uuid4()),
        ]
        if hasattr(CallerKind, "CLIENT"):
            self._people.append(replace(admin, kind=CallerKind.CLIENT, session_id=None, session_state="", method=""))

    def _operator(self, email: str) -> str:
        new = Account(uuid.uuid4(), Kind.OPERATOR, "Ada", self._world.clock(), email, roles=(ADMINISTRATOR,))
        with self._world.new_uow() as uow:
            uow.accounts.add(replace(new, password_hash=Argon2Hasher().hash(PASSWORD)))
            uow.commit()
        return self._world.sign_in(email, kind=accounts_pb2.Account.OPERATOR).session_token

    @contextmanager
    def one(self, made_up: MadeUp, method: MethodDescriptor) -> Iterator[grpc.Channel]:
        """Give the channel of somebody, and speak for the person that it is; of a service mostly one that may call the method."""
        choose, rule = made_up.random, method.GetOptions().Extensions[access_pb2.rule]
        knocking = ("stranger", "service", "person", "person", "person", "person")
        match choose.choice((*knocking, "invited", "invited") if rule.services else knocking):
            case "stranger":
                yield self._stranger
            case "invited":
                yield self._services[choose.choice([name for name in rule.services if name in self._services])]
            case "service":
                yield choose.choice(list(self._services.values()))
            case _:
                person = choose.choice(self._people)
                with context.as_person(self._passport(person), choose.choice(("", "it", "en", "x" * 99))):
                    yield self._services["gateway"]

    def _passport(self, person: Caller) -> str:
        with self._world.new_uow() as uow:
            keys = uow.keys.all()
        return JoseSigner().passport(person, ["identity"], keys, self._world.clock())


def ask(channel: grpc.Channel, method: MethodDescriptor, request: Message) -> tuple[grpc.StatusCode, list[Any]]:
    """Return the status and the answers; of a stream the first ten."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    read = message_factory.GetMessageClass(method.output_type).FromString
    kind: Callable[..., Any] = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = kind(path, request_serializer=lambda message: message.SerializeToString(), response_deserializer=read)
    try:
        answer = call(request, timeout=LONGEST_SECONDS)
        return grpc.StatusCode.OK, [one for _, one in zip(range(10), answer, strict=False)] if method.server_streaming else [answer]
    except ServiceError as error:  # by a channel of ours
        return code_of(error), []
    except grpc.RpcError as error:
        return error.code(), []


def test_no_request_makes_identity_fail(worlds: World) -> None:
    made_up = MadeUp(20261122)
    methods = [method for service in worlds.server.services for method in service.methods]
    failed, statuses, answered = list[str](), Counter[str](), Counter[str]()
    started = time.monotonic()
    for number in range(CALLS):
        if number % RENEWED == 0:
            callers = Callers(worlds)
            made_up.tokens = [*made_up.tokens[-30:], *callers.tokens]
            made_up.names |= callers.names
        method = methods[number % len(methods)]
        request = made_up.request(method.input_type)
        with callers.one(made_up, method) as channel:
            begun = time.monotonic()
            status, answers = ask(channel, method, request)
            slow = time.monotonic() - begun > LONGEST_SECONDS
        statuses[status.name] += 1
        answered[method.full_name] += status is grpc.StatusCode.OK
        for answer in answers:
            made_up.learn(answer)
        if status in NEVER or slow:
            failed.append(f"{number} {method.full_name} {status.name}: {str(request)[:400]}")
    assert not failed, "\n".join(failed[:20])
    assert time.monotonic() - started < MOST_SECONDS
    assert statuses["OK"] > CALLS / 20, statuses  # the requests come far enough to matter
