"""Checks a request against its .proto before any code of the service runs: limits, required fields, resource names, update masks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import protovalidate
from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from protovalidate import Violation

from libs.errors import FieldViolation, InvalidArgument

Field = Any  # a FieldDescriptor; its stubs know two unrelated classes of that name

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SEGMENT = rf"(?:{_UUID}|me|current|-)"  # an id, or an alias of the contract
_ANY = re.compile(r"[a-z][A-Za-z]*(?:/[A-Za-z0-9_.-]+){1,7}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PATTERNS: dict[str, list[str]] = {}  # resource type -> patterns, as the resources' own messages declare them


def check(request: Message) -> None:
    """Raise InvalidArgument with every field that is wrong; forget output-only fields that a caller sent back."""
    faults = [*_limits(request), *_names_and_text(request, "")]
    if request.DESCRIPTOR.name.startswith("Update"):
        faults += _update(request)
    else:
        faults += _required(request, "", whole=request.DESCRIPTOR.name.startswith("Create"))
    if faults:
        unique = {(fault.field, fault.description): fault for fault in faults}.values()
        raise InvalidArgument("; ".join(f"{fault.field}: {fault.description}" for fault in unique), violations=unique)


def _limits(request: Message) -> Iterator[FieldViolation]:
    for violation in protovalidate.collect_violations(request):
        yield FieldViolation(_path(violation), violation.proto.message, violation.proto.rule_id.upper().replace(".", "_"))


def _path(violation: Violation) -> str:
    path = ""
    for element in violation.proto.field.elements if violation.proto.field else ():
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
    return path


@functools.cache
def _behaviors(field: Field) -> frozenset[int]:
    return frozenset(field.GetOptions().Extensions[field_behavior_pb2.field_behavior])


@functools.cache
def _reference(field: Field) -> re.Pattern[str] | None:
    """The form of a resource name in this field; None when it holds something else."""
    kind = field.GetOptions().Extensions[resource_pb2.resource_reference].type
    if field_behavior_pb2.IDENTIFIER in _behaviors(field):
        patterns = list(field.containing_type.GetOptions().Extensions[resource_pb2.resource].pattern)
    elif kind == "*":
        return _ANY
    elif kind:
        patterns = _patterns(kind, field)
    else:
        return None
    if not patterns:
        return _ANY
    return re.compile("|".join(re.sub(r"\{[^}]+\}", lambda _: _SEGMENT, pattern) for pattern in patterns))


def _patterns(kind: str, field: Field) -> list[str]:
    if kind not in _PATTERNS:
        seen, pending = set(), [field.file]
        while pending:
            file = pending.pop()
            if file.name in seen:
                continue
            seen.add(file.name)
            for message in file.message_types_by_name.values():
                resource = message.GetOptions().Extensions[resource_pb2.resource]
                if resource.type:
                    _PATTERNS[resource.type] = list(resource.pattern)
            pending += file.dependencies
        singular = kind.rsplit("/", 1)[-1]
        _PATTERNS.setdefault(kind, [f"{singular[0].lower()}{singular[1:]}s/{{id}}"])  # declared where this file does not look
    return _PATTERNS[kind]


def _names_and_text(message: Message, prefix: str) -> Iterator[FieldViolation]:
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        values = value if field.is_repeated else [value]
        for index, one in enumerate(values):
            at = f"{path}[{index}]" if field.is_repeated else path
            if isinstance(one, Message):
                yield from _names_and_text(one, f"{at}.")
            elif isinstance(one, str):
                yield from _text(field, one, at)
            elif field.enum_type is not None and one not in field.enum_type.values_by_number:
                yield FieldViolation(at, "is not one of its values", "ENUM_UNKNOWN")


def _text(field: Field, value: str, path: str) -> Iterator[FieldViolation]:
    if _CONTROL.search(value):
        yield FieldViolation(path, "holds a control character", "CONTROL_CHARACTER")
        return
    form = _reference(field)
    if form is not None and form.fullmatch(value) is None:
        yield FieldViolation(path, "is not the name of such a resource", "NAME_INVALID")


@functools.cache
def _nested(field: Field) -> bool:
    return field.message_type is not None and _ours(field.message_type) and not field.message_type.GetOptions().map_entry


@functools.cache
def _watched(descriptor: Any) -> list[Field]:
    """The fields of a message of which `_required` has something to say; an import asks for each of its rows."""
    watched = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.REQUIRED}
    return [field for field in descriptor.fields if _nested(field) or watched & _behaviors(field)]


def _required(message: Message, prefix: str, *, whole: bool) -> Iterator[FieldViolation]:
    for field in _watched(message.DESCRIPTOR):
        behaviors = _behaviors(field)
        path = f"{prefix}{field.name}"
        if field_behavior_pb2.OUTPUT_ONLY in behaviors:
            message.ClearField(field.name)
        elif field_behavior_pb2.REQUIRED in behaviors and not _present(message, field):
            yield FieldViolation(path, "is required", "REQUIRED")
        elif whole and _nested(field):
            if field.is_repeated:
                for index, item in enumerate(getattr(message, field.name)):
                    yield from _required(item, f"{path}[{index}].", whole=True)
            elif message.HasField(field.name):
                yield from _required(getattr(message, field.name), f"{path}.", whole=True)


def _present(message: Message, field: Field) -> bool:
    if field.is_repeated or not field.has_presence:
        value = getattr(message, field.name)
        return bool(value.strip()) if isinstance(value, str) else bool(value)
    return message.HasField(field.name)


def _ours(descriptor: Any) -> bool:
    return str(descriptor.full_name).startswith("recapito.")


def _update(request: Message) -> Iterator[FieldViolation]:
    """Check what the mask names, and nothing else; unknown, output-only and immutable paths are refused."""
    mask: FieldMask = getattr(request, "update_mask")  # noqa: B009 - Message has no such attribute
    resource_field = next(field for field in request.DESCRIPTOR.fields if field.message_type is not None and _ours(field.message_type))
    resource: Message = getattr(request, resource_field.name)
    if not request.HasField(resource_field.name):
        yield FieldViolation(resource_field.name, "is required", "REQUIRED")
    elif not getattr(resource, "name", ""):
        yield FieldViolation(f"{resource_field.name}.name", "is required", "REQUIRED")
    if not mask.paths:
        yield FieldViolation("update_mask", "names no field to change", "REQUIRED")
    for path in mask.paths:
        yield from _masked(resource, path, f"{resource_field.name}.")


def _masked(resource: Message, path: str, prefix: str) -> Iterator[FieldViolation]:
    message, (*outer, last) = resource, path.split(".")
    fields = [*outer, last]
    for depth, name in enumerate(fields):
        if isinstance(message, Struct) and depth == len(fields) - 1:
            return  # a key that the service knows about
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None or (depth < len(fields) - 1 and (field.message_type is None or field.is_repeated)):
            yield FieldViolation("update_mask", f'"{path}" is not a field', "FIELD_UNKNOWN")
            return
        refused = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IMMUTABLE, field_behavior_pb2.IDENTIFIER} & _behaviors(field)
        if refused:
            yield FieldViolation("update_mask", f'"{path}" cannot be changed', "FIELD_IMMUTABLE")
            return
        if depth < len(fields) - 1:
            message = getattr(message, name)
    field = message.DESCRIPTOR.fields_by_name[last]
    if field_behavior_pb2.REQUIRED in _behaviors(field) and not _present(message, field):
        yield FieldViolation(f"{prefix}{path}", "is required", "REQUIRED")
    elif field.message_type is not None and _ours(field.message_type) and not field.message_type.GetOptions().map_entry:
        values = getattr(message, last) if field.is_repeated else [getattr(message, last)]
        for index, item in enumerate(values):
            yield from _required(item, f"{prefix}{path}[{index}]." if field.is_repeated else f"{prefix}{path}.", whole=True)
