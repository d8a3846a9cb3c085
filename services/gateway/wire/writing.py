"""Protobuf messages -> ProtoJSON text, in lowerCamelCase; fields without presence are always printed.

json_format does the same and takes four times as long, which on a list of 50 is more than all the rest of the gateway.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import operator
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.wire.contract import Descriptor

Write = Callable[[Any], Any]
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_WIDE = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_FIXED64,
    FieldDescriptor.TYPE_SFIXED64,
}


def text(message: Message) -> str:
    return _ENCODER.encode(writer(message.DESCRIPTOR)(message))


@functools.cache
def writer(descriptor: Descriptor) -> Write:
    """Return what turns messages of this type into JSON values."""
    if descriptor.full_name == "google.protobuf.Timestamp":
        return Timestamp.ToJsonString
    if descriptor.full_name.startswith("google.protobuf."):
        return json_format.MessageToDict
    fields = list(descriptor.fields)
    keys = [field.json_name for field in fields]
    read = _all_of([field.name for field in fields])
    converted = [(field.json_name, convert) for field in fields if not field.has_presence and (convert := _converter(field)) is not None]
    optional = [(field.json_name, field.name, _converter(field)) for field in fields if field.has_presence]

    def write(message: Message) -> dict[str, Any]:
        found = dict(zip(keys, read(message), strict=True))
        for key, convert in converted:
            found[key] = convert(found[key])
        for key, name, convert_set in optional:
            if not message.HasField(name):
                del found[key]
            elif convert_set is not None:
                found[key] = convert_set(found[key])
        return found

    return write


def _all_of(names: list[str]) -> Callable[[Message], tuple[Any, ...]]:
    """Read all fields at once, in C: most need nothing more."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda message: tuple(getattr(message, name) for name in names)


def _converter(field: Descriptor) -> Write | None:
    """How a field is written; None: as it is."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return functools.partial(_map, _value(field.message_type.fields_by_name["value"]))
    convert = _value(field)
    if field.is_repeated:
        return list if convert is None else functools.partial(_list, convert)
    return convert


class _Names(dict[int, str | int]):
    """Names of an enum's values; a number that we do not know yet stays a number."""

    def __missing__(self, number: int) -> int:
        return number


def _list(convert: Write, values: Any) -> list[Any]:
    return [convert(value) for value in values]


def _map(convert: Write | None, values: Any) -> dict[str, Any]:
    return {key if isinstance(key, str) else json.dumps(key): values[key] if convert is None else convert(values[key]) for key in values}


def _value(field: Descriptor) -> Write | None:
    """How one value of a field is written; None: as it is."""
    match field.type:
        case FieldDescriptor.TYPE_MESSAGE:
            return _later(field.message_type)
        case FieldDescriptor.TYPE_ENUM:
            return _Names({value.number: value.name for value in field.enum_type.values}).__getitem__
        case FieldDescriptor.TYPE_BYTES:
            return lambda value: base64.b64encode(value).decode()
        case FieldDescriptor.TYPE_DOUBLE | FieldDescriptor.TYPE_FLOAT:
            return lambda value: value if math.isfinite(value) else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
        case kind if kind in _WIDE:
            return str
        case _:
            return None


def _later(descriptor: Descriptor) -> Write:
    """The writer of a message, found at its first use, because messages may hold themselves."""
    return lambda message: writer(descriptor)(message)
