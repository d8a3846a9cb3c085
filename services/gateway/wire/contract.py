"""The contract, read from its compiled image: every method that has an HTTP route, with the comments of the .proto files."""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.api import annotations_pb2, http_pb2, resource_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from recapito.access.v1 import access_pb2

from services.gateway.domain.paths import PathTemplate

IMAGE = Path(access_pb2.__file__).parents[2] / "descriptors.binpb"
HTTP_BODY = "google.api.HttpBody"
EMPTY = "google.protobuf.Empty"

Descriptor = Any  # of a message, field, enum or service; the stubs know two unrelated classes of each name


@dataclass(frozen=True)
class Method:
    """One RPC. full_name: "recapito.documents.v1.Invoices.IssueInvoice". service: who answers it, "documents"; "platform": see of_all."""

    full_name: str
    service: str
    input: type[Message]
    output: type[Message]
    public: bool
    streams: bool
    rule: access_pb2.Rule = field(compare=False, hash=False)

    @property
    def name(self) -> str:
        return self.full_name.rsplit(".", 1)[1]

    @property
    def group(self) -> str:
        """The gRPC service, "Invoices"."""
        return self.full_name.rsplit(".", 2)[1]

    @property
    def path(self) -> str:
        """As gRPC spells it: "/recapito.documents.v1.Invoices/IssueInvoice"."""
        return "/" + "/".join(self.full_name.rsplit(".", 1))

    @property
    def of_all(self) -> bool:
        """Whether every service that keeps something answers it for its part."""
        return self.service == "platform"

    @property
    def answers_bytes(self) -> bool:
        return bool(self.output.DESCRIPTOR.full_name == HTTP_BODY)

    @property
    def answers_nothing(self) -> bool:
        return bool(self.output.DESCRIPTOR.full_name == EMPTY)


@dataclass(frozen=True)
class Route:
    """One HTTP binding of a method. body: "" for none, "*" for the whole request, else the field that the body is."""

    verb: str
    path: PathTemplate
    body: str
    method: Method

    @property
    def takes_bytes(self) -> bool:
        """Whether the body is a file as it is, not JSON."""
        field = self.method.input.DESCRIPTOR.fields_by_name.get(self.body)
        return field is not None and field.message_type is not None and field.message_type.full_name == HTTP_BODY


@dataclass(frozen=True)
class Contract:
    """comments: by full name of service, method, message, field, enum and value. patterns: names of each type of resource."""

    routes: tuple[Route, ...]
    comments: Mapping[str, str]
    patterns: Mapping[str, Sequence[str]]

    @functools.cached_property
    def singular(self) -> Mapping[str, str]:
        """What one of a collection is called: "customers" -> "customer"."""
        parts = [pattern.split("/") for patterns in self.patterns.values() for pattern in patterns]
        return {one: two[1:-1] for segments in parts for one, two in itertools.pairwise(segments) if two.startswith("{")}


class UnsafeRoute(Exception):
    """A method that trusts the gateway as a service must not be reachable over HTTP: anybody could call it in our name."""


@functools.cache
def contract(image: Path = IMAGE) -> Contract:
    files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    for file in files.file:
        if file.name.startswith("recapito/"):
            importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
    routes = tuple(route for file in files.file for service in file.service for route in _routes(file.package, service))
    comments = {name: text for file in files.file for name, text in _comments(file)}
    return Contract(routes, comments, dict(_patterns(files)))


def _routes(package: str, service: descriptor_pb2.ServiceDescriptorProto) -> Iterator[Route]:
    described = descriptor_pool.Default().FindServiceByName(f"{package}.{service.name}")
    for method in service.method:
        if not method.options.HasExtension(annotations_pb2.http):
            continue
        read = _method(described.methods_by_name[method.name], method)
        rule: http_pb2.HttpRule = method.options.Extensions[annotations_pb2.http]
        for binding in (rule, *rule.additional_bindings):
            verb = binding.WhichOneof("pattern")
            yield Route(verb.upper(), PathTemplate.of(getattr(binding, verb)), binding.body, read)


def _method(described: Descriptor, method: descriptor_pb2.MethodDescriptorProto) -> Method:
    rule = method.options.Extensions[access_pb2.rule]
    if "gateway" in rule.services:
        raise UnsafeRoute(described.full_name)
    if method.client_streaming:
        raise UnsafeRoute(f"{described.full_name} takes a stream, which this gateway does not read yet")
    return Method(
        full_name=described.full_name,
        service=described.full_name.split(".")[1],
        input=message_factory.GetMessageClass(described.input_type),
        output=message_factory.GetMessageClass(described.output_type),
        public=rule.public,
        streams=method.server_streaming,
        rule=rule,
    )


def _patterns(files: descriptor_pb2.FileDescriptorSet) -> Iterator[tuple[str, Sequence[str]]]:
    for file in files.file:
        for message in file.message_type:
            resource = message.options.Extensions[resource_pb2.resource]
            if resource.type:
                yield resource.type, tuple(resource.pattern)


# --- comments ------------------------------------------------------------------------------------------------------------------------
def _comments(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Give the comment before each declaration, by full name; its path is that of source_code_info."""
    for location in file.source_code_info.location:
        if location.leading_comments and location.path:
            text = "\n".join(line.removeprefix(" ").rstrip() for line in location.leading_comments.strip("\n").split("\n"))
            name = _declared(file, list(location.path))
            if name:
                yield f"{file.package}.{name}", text.strip()


def _declared(file: descriptor_pb2.FileDescriptorProto, path: list[int]) -> str:
    node: Any = file
    names: list[str] = []
    while path:
        declared = node.DESCRIPTOR.fields_by_number[path.pop(0)]
        if not path or declared.message_type is None or not declared.is_repeated:
            return ""  # a part of a declaration, such as its options
        node = getattr(node, declared.name)[path.pop(0)]
        names.append(getattr(node, "name", ""))
    return ".".join(names) if all(names) else ""
