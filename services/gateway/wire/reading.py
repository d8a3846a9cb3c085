"""JSON values -> protobuf messages, as ProtoJSON says but stricter: what does not fit is refused with the path of its field.

Fields are taken in both spellings, `displayName` and `display_name`. Unknown fields, numbers for enum values and unknown enum names
are refused. null leaves a field unset.
"""

from __future__ import annotations

import base64
import binascii
import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from libs.errors import FieldViolation, InvalidArgument
from services.gateway.wire.contract import Descriptor

MOST_FAULTS = 50
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,19})", re.ASCII)
_BOUNDS = {
    **dict.fromkeys((FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32), (-(2**31), 2**31 - 1)),
    **dict.fromkeys((FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64), (-(2**63), 2**63 - 1)),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), (0, 2**32 - 1)),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64), (0, 2**64 - 1)),
}


class Unfit(ValueError):
    """A value does not fit its field; the text says what would."""


@dataclass(frozen=True)
class Field:
    """A field as reading needs it. read: a JSON value -> what protobuf takes; None when the value is a message of ours."""

    name: str
    json_name: str
    repeated: bool
    read: Callable[[Any], Any] | None
    message: Descriptor | None = None
    read_key: Callable[[Any], Any] | None = None  # of a map
    oneof: str = ""

    @property
    def boolean(self) -> bool:
        return self.read is _bool

    @property
    def well_known(self) -> bool:
        return self.message is not None and self.message.full_name.startswith("google.protobuf.")


@dataclass
class Faults:
    """What was wrong, all of it, so that a person corrects a form once."""

    found: list[FieldViolation] = field(default_factory=list)

    def add(self, path: str, description: str, reason: str) -> None:
        if len(self.found) < MOST_FAULTS:
            self.found.append(FieldViolation(path[:200], description, reason))

    def check(self) -> None:
        if self.found:
            raise InvalidArgument("; ".join(f"{fault.field}: {fault.description}" for fault in self.found[:5]), violations=self.found)


@functools.cache
def fields(descriptor: Descriptor) -> Mapping[str, Field]:
    """Return the fields of a message by both spellings of their names."""
    by_name: dict[str, Field] = {}
    for described in descriptor.fields:
        read = _field(described)
        by_name[read.name] = by_name[read.json_name] = read
    return by_name


def _field(described: Descriptor) -> Field:
    message = described.message_type
    if message is not None and message.GetOptions().map_entry:
        value = _field(message.fields_by_name["value"])
        key = _scalar(message.fields_by_name["key"])
        return Field(described.name, described.json_name, repeated=False, read=value.read, message=value.message, read_key=key)
    oneof = described.containing_oneof
    return Field(
        described.name,
        described.json_name,
        repeated=described.is_repeated,
        read=_scalar(described) if message is None else None,
        message=message,
        oneof=oneof.name if oneof is not None and len(oneof.fields) > 1 else "",
    )


def fill(message: Message, value: Any, path: str, faults: Faults) -> None:
    """Put a JSON object into a message; path is where the message stands in the request, "" for the request itself."""
    if not isinstance(value, dict):
        faults.add(path or "body", "must be an object", "TYPE_INVALID")
        return
    known = fields(message.DESCRIPTOR)
    given: dict[str, str] = {}
    chosen: dict[str, str] = {}  # of each oneof
    for key, item in value.items():
        at = f"{path}.{key}" if path else key
        into = known.get(key)
        if into is None:
            faults.add(at, "is not a field", "FIELD_UNKNOWN")
        elif given.setdefault(into.name, key) != key:
            faults.add(at, "is given in both spellings", "FIELD_TWICE")
        elif item is not None:
            if into.oneof and chosen.setdefault(into.oneof, key) != key:
                faults.add(at, f"excludes {chosen[into.oneof]}", "ONEOF_TWICE")
            put(message, into, item, f"{path}.{into.name}" if path else into.name, faults)


def put(message: Message, into: Field, item: Any, path: str, faults: Faults) -> None:
    """Put a JSON value into one field of a message."""
    if into.read_key is not None:
        _put_map(getattr(message, into.name), into, item, path, faults)
    elif into.repeated:
        if not isinstance(item, list):
            faults.add(path, "must be a list", "TYPE_INVALID")
            return
        target = getattr(message, into.name)
        for index, one in enumerate(item):
            if into.read is None:
                _fill_one(target.add(), into, one, f"{path}[{index}]", faults)
            else:
                _set(target.append, into.read, one, f"{path}[{index}]", faults)
    elif into.read is None:
        target = getattr(message, into.name)
        target.SetInParent()
        _fill_one(target, into, item, path, faults)
    else:
        _set(functools.partial(setattr, message, into.name), into.read, item, path, faults)


def _put_map(target: Any, into: Field, item: Any, path: str, faults: Faults) -> None:
    if not isinstance(item, dict):
        faults.add(path, "must be an object", "TYPE_INVALID")
        return
    for key, one in item.items():
        at = f'{path}["{key}"]'
        try:
            read = into.read_key(key) if into.read_key is not None else key
        except Unfit as wanted:
            faults.add(at, f"has a key that must be {wanted}", "TYPE_INVALID")
            continue
        if into.read is None:
            _fill_one(target[read], into, one, at, faults)
        else:
            _set(functools.partial(target.__setitem__, read), into.read, one, at, faults)


def _set(put: Callable[[Any], None], read: Callable[[Any], Any], item: Any, path: str, faults: Faults) -> None:
    try:
        put(read(item))
    except Unfit as wanted:
        faults.add(path, f"must be {wanted}", "TYPE_INVALID")


def _fill_one(target: Message, into: Field, item: Any, path: str, faults: Faults) -> None:
    if not into.well_known:
        fill(target, item, path, faults)
        return
    try:
        json_format.ParseDict(item, target)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, OverflowError):  # it lets through what a bad type causes
        faults.add(path, f"must be {_WELL_KNOWN.get(target.DESCRIPTOR.name, 'a ' + target.DESCRIPTOR.name)}", "TYPE_INVALID")


_WELL_KNOWN = {
    "Timestamp": 'an instant such as "2026-01-31T09:00:00Z"',
    "Duration": 'a duration such as "1.5s"',
    "FieldMask": 'field names such as "displayName,notes"',
}


# --- scalars -------------------------------------------------------------------------------------------------------------------------
def _scalar(described: Descriptor) -> Callable[[Any], Any]:
    match described.type:
        case FieldDescriptor.TYPE_STRING:
            return _text
        case FieldDescriptor.TYPE_BOOL:
            return _bool
        case FieldDescriptor.TYPE_BYTES:
            return _bytes
        case FieldDescriptor.TYPE_ENUM:
            numbers = {value.name: value.number for value in described.enum_type.values}
            return functools.partial(_enum, numbers)
        case FieldDescriptor.TYPE_DOUBLE | FieldDescriptor.TYPE_FLOAT:
            return _float
        case kind:
            return functools.partial(_int, *_BOUNDS[kind])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("a text")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(
            _text(value).replace("-", "+").replace("_", "/").rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), validate=True
        )
    except (Unfit, ValueError, binascii.Error):
        raise Unfit("bytes in base64") from None


def _enum(numbers: Mapping[str, int], value: Any) -> int:
    if not isinstance(value, str) or value not in numbers:
        raise Unfit(f"one of {', '.join(numbers)}")
    return numbers[value]


def _int(least: int, most: int, value: Any) -> int:
    if (isinstance(value, str) and _INTEGER.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Unfit(f"a whole number from {least} to {most}")
    return value


def _float(value: Any) -> float:
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Unfit("a number")
    return number
