"""One HTTP request -> the request message of its method: from path, query, body and a few headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.api import field_behavior_pb2
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message

from services.gateway.domain import Unprocessable
from services.gateway.wire import reading
from services.gateway.wire.contract import Descriptor, Route
from services.gateway.wire.reading import Faults, Field

NOTHING = object()  # the body that is not there; null is one that is
LONGEST_REQUEST_ID = 64
_KEY = re.compile(r"[\x21-\x7e]+")
_KEPT_OUT_OF_MASKS = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER}
_WRAPPED_BOOL = "google.protobuf.BoolValue"


@dataclass(frozen=True)
class Sent:
    """What a caller sent. path: fields from the path. query: pairs in order. idempotency_key, ip_address, user_agent: "" for none.

    body: JSON, or a HttpBody where the route takes a file.
    """

    path: Mapping[str, str]
    query: Sequence[tuple[str, str]] = ()
    body: Any = NOTHING
    idempotency_key: str = ""
    ip_address: str = ""
    user_agent: str = ""


def message(route: Route, sent: Sent) -> Message:
    """Return the request. Raises InvalidArgument with everything that does not fit."""
    request = route.method.input()
    faults = Faults()
    if sent.body is not NOTHING:
        _body(request, route, sent.body, faults)
    if sent.query:
        _query(request, route, sent.query, faults)
    for field, value in sent.path.items():
        _from_path(request, field, value, faults)
    faults.check()
    if route.verb == "PATCH":
        _mask(request, route, sent.body)
    _request_id(request, sent.idempotency_key)
    _client_info(request, sent)
    return request


# --- body ----------------------------------------------------------------------------------------------------------------------------
def _body(request: Message, route: Route, body: Any, faults: Faults) -> None:
    if isinstance(body, HttpBody):
        getattr(request, route.body).CopyFrom(body)
    elif route.body == "*":
        reading.fill(request, body, "", faults)
    elif route.body:
        reading.put(request, reading.fields(request.DESCRIPTOR)[route.body], body, route.body, faults)
    else:
        faults.add("body", "is not taken by this method", "BODY_UNEXPECTED")


# --- query ---------------------------------------------------------------------------------------------------------------------------
def _query(request: Message, route: Route, query: Sequence[tuple[str, str]], faults: Faults) -> None:
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        found = _parameter(request, name)
        if found is None or route.body == "*":
            faults.add(name, "is not a parameter of this method", "FIELD_UNKNOWN")
            continue
        target, field, path = found
        if route.body and path.split(".", 1)[0] == route.body:
            faults.add(name, "goes into the body", "FIELD_UNKNOWN")
        elif not field.repeated and len(values) > 1:
            faults.add(path, "is given twice", "FIELD_TWICE")
        else:
            typed = [_typed(field, value) for value in values]
            reading.put(target, field, typed if field.repeated else typed[0], path, faults)


def _parameter(request: Message, name: str) -> tuple[Message, Field, str] | None:
    """Find the field that a dotted parameter names, such as "client.ipAddress"; None when there is none that text can fill."""
    *outer, last = name.split(".")
    target, path = request, ""
    for part in outer:
        field = reading.fields(target.DESCRIPTOR).get(part)
        if field is None or field.message is None or field.repeated or field.well_known or field.read_key is not None:
            return None
        target, path = getattr(target, field.name), f"{path}{field.name}."
    field = reading.fields(target.DESCRIPTOR).get(last)
    if field is None or field.read_key is not None or (field.message is not None and not field.well_known):
        return None
    return target, field, path + field.name


def _typed(field: Field, text: str) -> Any:
    """The JSON value that the text of a parameter stands for."""
    boolean = field.boolean or (field.message is not None and field.message.full_name == _WRAPPED_BOOL)
    return {"true": True, "false": False}.get(text, text) if boolean else text


# --- path ----------------------------------------------------------------------------------------------------------------------------
def _from_path(request: Message, path: str, value: str, faults: Faults) -> None:
    target = request
    *outer, last = path.split(".")
    for part in outer:
        target = getattr(target, part)
    if getattr(target, last) not in {"", value}:
        faults.add(path, "differs from the path", "NAME_DIFFERS")
    else:
        setattr(target, last, value)


# --- what clients may leave out ------------------------------------------------------------------------------------------------------
def _mask(request: Message, route: Route, body: Any) -> None:
    """Without updateMask, change what the body names: each field of it, and of objects in it each field of theirs.

    As JSON merge patch (RFC 7396) would: null clears a field, a list or a map is replaced whole. Name, etag and fields that only
    the server writes are passed over, so that what was read can be sent back changed.
    """
    mask = getattr(request, "update_mask", None)
    if mask is None or mask.paths or not isinstance(body, dict) or not route.body:
        return
    resource = reading.fields(request.DESCRIPTOR)[route.body].message
    mask.paths.extend(_paths(resource, body, ""))


def _paths(descriptor: Descriptor, value: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, item in value.items():
        field = reading.fields(descriptor)[key]
        behaviors = descriptor.fields_by_name[field.name].GetOptions().Extensions[field_behavior_pb2.field_behavior]
        if _KEPT_OUT_OF_MASKS & set(behaviors) or (not prefix and field.name in {"name", "etag"}):
            continue
        nested = field.message is not None and not (field.repeated or field.well_known or field.read_key is not None)
        if nested and isinstance(item, dict) and item:
            yield from _paths(field.message, item, f"{prefix}{field.name}.")
        elif field.message is not None and field.message.full_name == "google.protobuf.Struct" and isinstance(item, dict) and item:
            yield from (f"{prefix}{field.name}.{own}" for own in item)
        else:
            yield prefix + field.name


def _request_id(request: Message, key: str) -> None:
    """Take the Idempotency-Key header as the request_id."""
    given = getattr(request, "request_id", None)
    if not key or given is None:  # without the field, repeating the method changes nothing, or it says itself what it needs
        return
    if len(key) > LONGEST_REQUEST_ID or not _KEY.fullmatch(key):
        limit = f"must be at most {LONGEST_REQUEST_ID} visible ASCII characters"
        raise Unprocessable.of("Idempotency-Key", limit, "IDEMPOTENCY_KEY_INVALID")
    if given not in {"", key}:
        raise Unprocessable.of("request_id", "differs from the Idempotency-Key header", "IDEMPOTENCY_KEY_DIFFERS")
    request.request_id = key  # type: ignore[attr-defined] # it has the field: getattr found it


def _client_info(request: Message, sent: Sent) -> None:
    """Say from where the person came; what the caller says of itself is not believed."""
    if "client_info" in request.DESCRIPTOR.fields_by_name:
        info = request.client_info  # type: ignore[attr-defined] # the line above found it
        info.Clear()
        info.ip_address, info.user_agent = sent.ip_address[:45], sent.user_agent[:500]
