"""Checks the contract for what protoc and buf cannot know: access rules, routes, safe retries, paging, names, events.

    python protos/check.py [--routes | --events]

Reads the descriptor image that protos/build.py makes. Exits 1 after naming every fault; the options print the table of
routes or of events as Markdown instead.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from google.api import annotations_pb2, field_behavior_pb2, resource_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor

Faults = Iterator[str]
IMAGE = Path(__file__).parent / "recapito" / "descriptors.binpb"

OURS = "recapito."
SERVICES = {"identity", "contacts", "documents", "notifications", "portal", "gateway"}
CAPABILITY = re.compile(r"[a-z]+(\.[a-z_]+){1,2}")
# Their answer is a secret that is never stored, so it cannot be given a second time.
NOT_REPEATABLE = {
    "recapito.identity.v1.Sessions.CreateSession",
    "recapito.identity.v1.Sessions.VerifySession",
    "recapito.identity.v1.Tokens.IssueToken",
}
STRING_LIMITS = ("max_len", "max_bytes", "len", "pattern", "uuid")


class Contract:
    """The messages and methods of the product, with their options readable."""

    def __init__(self, image: bytes) -> None:
        files = descriptor_pb2.FileDescriptorSet.FromString(image).file
        self.pool = descriptor_pool.DescriptorPool()
        for file in files:
            self.pool.AddSerializedFile(file.SerializeToString())
        ours = [self.pool.FindFileByName(f.name) for f in files if f.package.startswith(OURS)]
        self.services: list[ServiceDescriptor] = [s for f in ours for s in f.services_by_name.values()]
        self.methods: list[MethodDescriptor] = [m for s in self.services for m in s.methods]
        self.messages: list[Descriptor] = [m for f in ours for top in f.message_types_by_name.values() for m in nested(top)]
        self.comments = {name: text for f in files if f.package.startswith(OURS) for name, text in comments(f)}
        self.resources = {r.type: list(r.pattern) for m in self.messages if (r := m.GetOptions().Extensions[resource_pb2.resource]).type}

    def option(self, descriptor: MethodDescriptor | FieldDescriptor, name: str) -> Any:
        """An option declared in the image, such as recapito.access.v1.rule; None when it is not set."""
        extension: Any = self.pool.FindExtensionByName(name)
        options = message_factory.GetMessageClass(extension.containing_type).FromString(descriptor.GetOptions().SerializeToString())
        return options.Extensions[extension] if options.HasExtension(extension) else None


def nested(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for inner in message.nested_types:
        if not inner.GetOptions().map_entry:
            yield from nested(inner)


def comments(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Leading comments of top-level messages and of methods, by full name."""
    for location in file.source_code_info.location:
        match list(location.path):
            case [4, message]:
                yield f"{file.package}.{file.message_type[message].name}", location.leading_comments
            case [6, service, 2, method]:
                owner = file.service[service]
                yield f"{file.package}.{owner.name}.{owner.method[method].name}", location.leading_comments


def bindings(method: MethodDescriptor) -> list[tuple[str, str]]:
    """(verb, path) of every HTTP route of a method."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    rules = [rule, *rule.additional_bindings] if rule.WhichOneof("pattern") else []
    return [(verb.upper(), getattr(r, verb)) for r in rules if (verb := r.WhichOneof("pattern"))]


def segments(path: str) -> list[str]:
    """'/v1/{name=invoices/*}:issue' -> ['v1', 'invoices', '*:issue']; a plain '{token}' is one '*'."""
    return re.sub(r"\{[\w.]+\}", "*", re.sub(r"\{[\w.]+=([^}]+)\}", r"\1", path)).strip("/").split("/")


def is_read(method: MethodDescriptor) -> bool:
    routes = bindings(method)
    if routes and all(verb == "GET" for verb, _ in routes):
        return True
    return method.GetOptions().idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS


def has(message: Descriptor, **types: int) -> bool:
    return all((f := message.fields_by_name.get(name)) is not None and f.type == kind for name, kind in types.items())


def behaviours(field: FieldDescriptor) -> set[str]:
    return {field_behavior_pb2.FieldBehavior.Name(b) for b in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]}


def reference(field: FieldDescriptor) -> str:
    return str(field.GetOptions().Extensions[resource_pb2.resource_reference].type)


def check_access(contract: Contract) -> Faults:
    for method in contract.methods:
        rule = contract.option(method, "recapito.access.v1.rule")
        if rule is None:
            yield f"{method.full_name}: no access rule"
            continue
        callers = [rule.public, rule.owner, bool(rule.operator), bool(rule.contact)]
        if not any([*callers, rule.services]):
            yield f"{method.full_name}: the access rule lets nobody in"
        if rule.public and any(callers[1:]):
            yield f"{method.full_name}: public, and still limited"
        if rule.operator and not (CAPABILITY.fullmatch(rule.operator) and rule.operator.split(".")[0] in SERVICES):
            yield f"{method.full_name}: '{rule.operator}' is not <service>.<area>"
        if unknown := set(rule.services) - SERVICES:
            yield f"{method.full_name}: unknown services {sorted(unknown)}"
        if any(callers) != bool(bindings(method)):
            yield f"{method.full_name}: " + ("no HTTP route" if any(callers) else "for services alone, and still has an HTTP route")


def check_routes(contract: Contract) -> Faults:
    routes = [(verb, segments(path), method) for method in contract.methods for verb, path in bindings(method)]
    for (verb, one, first), (other, two, second) in combinations(routes, 2):
        if verb == other and len(one) == len(two) and all(overlap(a, b) for a, b in zip(one, two, strict=True)):
            yield f"{first.full_name} and {second.full_name}: both answer {verb} /{'/'.join(one)}"
    for method in contract.methods:
        for verb, path in bindings(method):
            for name in re.findall(r"\{([\w.]+)", path):
                message: Descriptor | None = method.input_type
                for part in name.split("."):
                    field = message.fields_by_name.get(part) if message else None
                    if field is None:
                        yield f"{method.full_name}: {verb} {path} names no field '{name}'"
                        break
                    message = field.message_type


def overlap(one: str, two: str) -> bool:
    (a, _, verb_a), (b, _, verb_b) = one.partition(":"), two.partition(":")
    return verb_a == verb_b and (a == b or "*" in (a, b))


def check_retries(contract: Contract) -> Faults:
    for method in contract.methods:
        natural = method.GetOptions().idempotency_level == descriptor_pb2.MethodOptions.IDEMPOTENT
        if is_read(method) or natural or method.full_name in NOT_REPEATABLE:
            continue
        if not has(method.input_type, request_id=FieldDescriptor.TYPE_STRING):
            yield f"{method.full_name}: changes something and has no request_id"


def check_standard_methods(contract: Contract) -> Faults:
    for method in contract.methods:
        request, name = method.input_type, method.full_name
        if method.name.startswith("List"):
            if not has(request, page_size=FieldDescriptor.TYPE_INT32, page_token=FieldDescriptor.TYPE_STRING):
                yield f"{name}: no page_size and page_token"
            if not has(method.output_type, next_page_token=FieldDescriptor.TYPE_STRING):
                yield f"{name}: no next_page_token"
        if method.name.startswith(("Update", "BulkUpdate")) and not has(request, update_mask=FieldDescriptor.TYPE_MESSAGE):
            yield f"{name}: no update_mask"
        if method.name.startswith("Update") and not has(method.output_type, etag=FieldDescriptor.TYPE_STRING):
            yield f"{name}: {method.output_type.name} has no etag"
        if method.name.startswith("Delete") and not {"name", "names"} & set(request.fields_by_name):
            yield f"{name}: no name"
        if method.name.startswith("Get") and method.output_type.full_name.startswith(OURS) and "name" not in request.fields_by_name:
            yield f"{name}: no name"


def check_resources(contract: Contract) -> Faults:
    owners: dict[str, str] = {}
    for message in contract.messages:
        kind = message.GetOptions().Extensions[resource_pb2.resource]
        if kind.type:
            name = message.fields_by_name.get("name")
            if name is None or name.number != 1 or "IDENTIFIER" not in behaviours(name):
                yield f"{message.full_name}: field 1 of a resource is its name, an IDENTIFIER"
            for pattern in kind.pattern:
                if (other := owners.setdefault(re.sub(r"\{\w+\}", "*", pattern), message.full_name)) != message.full_name:
                    yield f"{message.full_name}: '{pattern}' names another resource too ({other})"
        for field in message.fields:
            if (target := reference(field)) and target != "*" and target not in contract.resources:
                yield f"{field.full_name}: refers to {target}, which does not exist"
            if "REQUIRED" in behaviours(field) and "OUTPUT_ONLY" in behaviours(field):
                yield f"{field.full_name}: required and output only"


def check_fields(contract: Contract) -> Faults:
    inputs = {m.full_name: m for m in reachable(contract)}
    for message in contract.messages:
        for field in message.fields:
            if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
                yield f"{field.full_name}: a float; use a decimal string"
            if field.name.endswith("_time") and (field.message_type is None or field.message_type.name != "Timestamp"):
                yield f"{field.full_name}: an instant is a Timestamp"
            if field.name.endswith("_date") and field.type != FieldDescriptor.TYPE_STRING:
                yield f"{field.full_name}: a day is an ISO 8601 string"
            if field.name == "status" or field.name.startswith("is_"):
                yield f"{field.full_name}: say state, and leave out is_"
        if message.full_name in inputs:
            yield from (fault for field in message.fields if "OUTPUT_ONLY" not in behaviours(field) for fault in unlimited(contract, field))


def reachable(contract: Contract) -> Iterator[Descriptor]:
    """Every message of ours that a caller can send, output-only parts left out."""
    seen: set[str] = set()
    todo = [m.input_type for m in contract.methods]
    while todo:
        message = todo.pop()
        if message.full_name in seen or not message.full_name.startswith(OURS):
            continue
        seen.add(message.full_name)
        yield message
        todo += [f.message_type for f in message.fields if f.message_type and "OUTPUT_ONLY" not in behaviours(f)]


def unlimited(contract: Contract, field: FieldDescriptor) -> Faults:
    rules = contract.option(field, "buf.validate.field")
    if field.is_repeated:
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        if rules is None or not (rules.map.max_pairs if is_map else rules.repeated.max_items):
            yield f"{field.full_name}: no upper limit on its length"
        rules = rules.repeated.items if rules is not None and not is_map else None
    is_text = field.type == FieldDescriptor.TYPE_STRING and not reference(field) and field.name != "name"
    if is_text and (rules is None or not any(rules.string.HasField(limit) for limit in STRING_LIMITS)):
        yield f"{field.full_name}: a string without an upper limit"


def events(contract: Contract) -> Iterator[tuple[str, Descriptor]]:
    """(type, message) of every event; parts of events are the messages without a version."""
    for message in contract.messages:
        package = message.file.package.split(".")
        if "events" in package and message.containing_type is None and "version" in message.fields_by_name:
            *noun, participle = re.findall(r"[A-Z][a-z0-9]*", message.name)
            yield f"recapito.{package[1]}.{'_'.join(noun).lower()}.{participle.lower()}.v1", message


def check_events(contract: Contract) -> Faults:
    for _, message in events(contract):
        first, second = message.fields_by_number.get(1), message.fields_by_number.get(2)
        if first is None or not reference(first):
            yield f"{message.full_name}: field 1 is the name of the resource"
        if second is None or second.name != "version" or second.type != FieldDescriptor.TYPE_INT64:
            yield f"{message.full_name}: field 2 is int64 version"
        if "Consumers: " not in contract.comments.get(message.full_name, ""):
            yield f"{message.full_name}: the comment names no consumers"
        for part in nested(message):
            yield from (f"{f.full_name}: a secret in an event" for f in part.fields if contract.option(f, "recapito.access.v1.data") == 2)


CHECKS = (check_access, check_routes, check_retries, check_standard_methods, check_resources, check_fields, check_events)


def callers(contract: Contract, method: MethodDescriptor) -> str:
    rule = contract.option(method, "recapito.access.v1.rule")
    enum = contract.pool.FindEnumTypeByName
    words = ["anyone"] if rule.public else []
    words += ["own"] if rule.owner else []
    words += [f"`{rule.operator}`"] if rule.operator else []
    words += [f"contact {enum('recapito.access.v1.Contact').values_by_number[rule.contact].name}"] if rule.contact else []
    words += [f"svc {'/'.join(rule.services)}"] if rule.services else []
    level = enum("recapito.access.v1.Assurance").values_by_number[rule.assurance].name
    return ", ".join(words) + (f" ({level.lower()})" if rule.assurance else "")


def print_routes(contract: Contract) -> None:
    print("| method | path | RPC | who |\n|---|---|---|---|")
    for method in contract.methods:
        for verb, path in bindings(method) or [("gRPC", "")]:
            path = re.sub(r"\{[\w.]+=([^}]+)\}", r"\1", path)
            print(f"| {verb} | {path} | {method.name} | {callers(contract, method)} |")


def print_events(contract: Contract) -> None:
    print("| type | announced when; consumed by |\n|---|---|")
    for kind, message in events(contract):
        print(f"| {kind} | {' '.join(contract.comments[message.full_name].split())} |")


def main(*options: str) -> int:
    contract = Contract(IMAGE.read_bytes())
    if "--routes" in options:
        print_routes(contract)
    elif "--events" in options:
        print_events(contract)
    else:
        faults = [fault for check in CHECKS for fault in check(contract)]
        print(
            "\n".join(faults)
            or f"{len(contract.methods)} methods, {sum(len(bindings(m)) for m in contract.methods)} routes, "
            f"{len(contract.resources)} resources, {len(list(events(contract)))} events: no fault"
        )
        return 1 if faults else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
