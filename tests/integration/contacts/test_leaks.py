"""A registry made at random, operators of every set of groups, and every reading method of the service: no answer holds what is hidden.

Every method that the server answers and that changes nothing is asked, also one that comes tomorrow, about everything there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, cast
from uuid import uuid4

import grpc
import pytest
from google.api import resource_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from recapito.access.v1 import access_pb2

from libs import audit
from libs.errors import ServiceError
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.registry import CAPABILITIES, Registry, Sights

MOST_ANSWERS = 400  # of a stream


def reading_methods(registry: Registry) -> list[MethodDescriptor]:
    """Return the methods of contacts that an operator may call and that change nothing."""
    methods = [method for service in registry.api.server.services for method in service.methods]
    return [method for method in methods if method.GetOptions().Extensions[access_pb2.rule].operator and not audit.changes(method)]


# --- the questions -------------------------------------------------------------------------------------------------------------------
def requests(method: MethodDescriptor, registry: Registry) -> Iterator[Message]:
    """Make up every question worth asking: about each resource there is, by each word, with each filter."""
    for filled in _named(method, registry):
        request = message_factory.GetMessageClass(method.input_type)()
        for field, value in filled.items():
            setattr(request, field, value)
        if "page_size" in method.input_type.fields_by_name:
            setattr(request, "page_size", 1000)  # noqa: B010 - a field that only some requests have
        yield from _searching(request, registry)


def _named(method: MethodDescriptor, registry: Registry) -> Iterator[dict[str, str]]:
    parents = [field for field in method.input_type.fields if field.name in {"name", "parent"}]
    if not parents:
        yield {}
    for field in parents:
        for name in registry.names_like(_patterns(field, method, registry)):
            yield {field.name: name}


def _patterns(field: FieldDescriptor, method: MethodDescriptor, registry: Registry) -> list[str]:
    """Return the patterns of the resources that a field names; of `parent`, those above what the method lists."""
    kind = field.GetOptions().Extensions[resource_pb2.resource_reference].type
    patterns = [pattern for one in _resources(registry) if one.type == kind for pattern in one.pattern]
    if field.name == "name":
        return patterns
    listed = [pattern for one in _listed(method.output_type) for pattern in one.pattern]
    return patterns + [pattern.rsplit("/", 2)[0] for pattern in listed if pattern.count("/") > 1]


def _resources(registry: Registry) -> Iterator[Any]:
    files = {service.file.name: service.file for service in registry.api.server.services}
    for file in files.values():
        for message in file.message_types_by_name.values():
            yield message.GetOptions().Extensions[resource_pb2.resource]


def _listed(answer: Descriptor) -> Iterator[Any]:
    for field in answer.fields:
        if field.message_type is not None:
            yield field.message_type.GetOptions().Extensions[resource_pb2.resource]


def _searching(request: Message, registry: Registry) -> Iterator[Message]:
    yield request
    for field, values in (("query", registry.words), ("filter", registry.filters)):
        if field in request.DESCRIPTOR.fields_by_name:
            for value in values:
                asked = type(request)()
                asked.CopyFrom(request)
                setattr(asked, field, value)
                yield asked
    if "read_time" in request.DESCRIPTOR.fields_by_name:
        yield _of_the_past(request)
    if "contact" in request.DESCRIPTOR.fields_by_name and request.DESCRIPTOR.fields_by_name["contact"].message_type is not None:
        yield from registry.look_alikes(type(request))


def _of_the_past(request: Message) -> Message:
    asked: Any = type(request)()
    asked.CopyFrom(request)
    asked.read_time.GetCurrentTime()
    return cast("Message", asked)


def ask(channel: grpc.Channel, method: MethodDescriptor, request: Message) -> tuple[str, bytes]:
    """Return the refusal, "" without one, and all that was answered."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    read = message_factory.GetMessageClass(method.output_type).FromString
    kind: Callable[..., Any] = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = kind(path, request_serializer=lambda message: message.SerializeToString(), response_deserializer=read)
    try:
        answer = call(request, timeout=20)
        answers = [one for _, one in zip(range(MOST_ANSWERS), answer, strict=False)] if method.server_streaming else [answer]
        return "", b"".join(one.SerializeToString() for one in answers)
    except ServiceError as error:
        return f"{type(error).__name__} {error.reason} {error}", b""


# --- the tests -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-05", "R-GRP-06", "R-GRP-08", "R-GRP-09", "R-SUB-06")
@pytest.mark.parametrize("seed", [1, 2])
def test_no_answer_holds_what_is_hidden(api: Api, seed: int) -> None:
    registry = Registry(api, seed)
    answered: dict[str, int] = {}
    leaks = []
    for groups in registry.some_groups(3):
        sight = Sights(registry, groups)
        with api.operator(*groups, capabilities=CAPABILITIES):
            for method in reading_methods(registry):
                for request in requests(method, registry):
                    refusal, answer = ask(api.channel, method, request)
                    answered[method.name] = answered.get(method.name, 0) + (not refusal)
                    leaks += [f"{method.name}({request}) as of {groups} tells {token!r}" for token in sight.hidden if token in answer]
                    assert "Internal" not in refusal, (method.name, request, refusal)
    assert not leaks, f"{len(leaks)} leaks:\n" + "\n".join(leaks[:20])
    silent = {method.name for method in reading_methods(registry) if not answered.get(method.name)} - registry.never_answer
    assert not silent, f"never answered, so nothing was shown of them: {silent}"


@pytest.mark.req("R-GRP-09")
def test_hidden_and_missing_are_answered_alike(api: Api) -> None:
    registry = Registry(api, 3)
    asked = 0
    for groups in registry.some_groups(3):
        sight = Sights(registry, groups)
        with api.operator(*groups, capabilities=CAPABILITIES):
            for method in reading_methods(registry):
                for request in requests(method, registry):
                    named = getattr(request, "name", "") or getattr(request, "parent", "")
                    hidden = [id_ for id_ in re.findall(r"[0-9a-f-]{36}", named) if id_.encode() in sight.hidden]
                    if hidden:
                        asked += 1
                        assert _alike(api, method, request, named, hidden[0]), (method.name, named)
    assert asked > 100


def _alike(api: Api, method: MethodDescriptor, request: Any, named: str, hidden: str) -> bool:
    """Ask about a hidden thing and about one that never was, and tell whether both answers are the same but for the id."""
    missing = type(request)()
    missing.CopyFrom(request)
    other = str(uuid4())
    setattr(missing, "name" if getattr(request, "name", "") else "parent", named.replace(hidden, other))
    first, second = ask(api.channel, method, request), ask(api.channel, method, missing)
    return (first[0].replace(hidden, other), first[1].replace(hidden.encode(), other.encode())) == second


@pytest.mark.req("R-GRP-05", "R-GRP-11")
def test_what_may_be_seen_is_seen(api: Api) -> None:
    """The other side: the tests above would pass if nothing were shown at all."""
    registry = Registry(api, 4)
    for groups in [(), *registry.some_groups(3)]:
        sight = Sights(registry, groups)
        with api.operator(*groups, capabilities=CAPABILITIES):
            contacts, customers = registry.listed()
        assert contacts == {contact.id for contact in registry.contacts if sight.sees(contact.groups)}
        assert customers == {customer.id for customer in registry.customers if sight.sees(customer.groups)}
