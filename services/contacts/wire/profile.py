"""The profile of a contact on the wire: a Struct, changed as a whole or by one field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct, Value

_WHOLE, _ONE = "profile", "profile."


def struct(values: Mapping[str, Any]) -> Struct:
    message = Struct()
    message.update(dict(values))
    return message


def plain(message: Struct) -> dict[str, Any]:
    return {key: _plain(value) for key, value in message.fields.items()}


def _plain(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return plain(value.struct_value)
        case "list_value":
            return [_plain(one) for one in value.list_value.values]
        case None | "null_value":
            return None
        case kind:
            return getattr(value, kind)


def beside_profile(mask: FieldMask) -> FieldMask:
    """Return what the mask names beside the profile, which FieldMask cannot merge: a Struct has no fields of such names."""
    return FieldMask(paths=[path for path in mask.paths if path != _WHOLE and not path.startswith(_ONE)])


def changed_profile(before: Mapping[str, Any], wanted: Struct, mask: FieldMask) -> Mapping[str, Any]:
    """Return the profile with the fields that the mask names as `wanted` has them, None where it has none."""
    given = plain(wanted)
    if _WHOLE in mask.paths:
        return given
    keys = [path.removeprefix(_ONE) for path in mask.paths if path.startswith(_ONE)]
    return {**before, **{key: given.get(key) for key in keys}} if keys else before
