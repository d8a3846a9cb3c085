"""An event as it travels: CloudEvents 1.0 attributes around a protobuf message."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from google.protobuf import symbol_database
from google.protobuf.message import Message

_MESSAGE_NAME = re.compile(r"recapito\.(?P<service>[a-z]+)\.events\.v(?P<major>\d+)\.(?P<words>\w+)")


@dataclass(frozen=True)
class Event:
    """id: fixed when the event is written to the outbox. subject: the resource; version grows with each event of one subject."""

    id: UUID
    type: str  # recapito.<service>.<resource>.<past participle>.v<major>
    source: str  # the service that announces
    subject: str
    version: int
    time: datetime
    data: bytes
    traceparent: str = ""  # W3C trace context of the request that caused it


def type_of(message_class: type[Message]) -> str:
    """Return the event type that package and message name spell: InvoiceIssued is recapito.documents.invoice.issued.v1."""
    return _type_of_name(message_class.DESCRIPTOR.full_name)


@functools.cache
def _type_of_name(full_name: str) -> str:
    found = _MESSAGE_NAME.fullmatch(full_name)
    if found is None:
        raise ValueError(f"{full_name} is not declared in an events package")
    *noun, participle = re.findall(r"[A-Z][a-z0-9]*", found["words"])
    return f"recapito.{found['service']}.{'_'.join(noun).lower()}.{participle.lower()}.v{found['major']}"


def full_name_of(type_: str) -> str:
    """Return the name of the message of an event type; ValueError when it is none of ours."""
    words = type_.split(".")
    if len(words) != 5 or words[0] != "recapito":
        raise ValueError(f"{type_} is not a type of event here")
    _, service, noun, participle, major = words
    return f"recapito.{service}.events.{major}." + "".join(word.title() for word in [*noun.split("_"), participle])


def event_of(message: Message, *, id: UUID, source: str, time: datetime, traceparent: str = "") -> Event:  # noqa: A002 - the attribute's name
    """Wrap a message; its field 1 is the subject, field 2 the version."""
    subject, version = (getattr(message, message.DESCRIPTOR.fields_by_number[number].name) for number in (1, 2))
    if not subject:
        raise ValueError(f"{message.DESCRIPTOR.full_name} without its resource")
    return Event(id, type_of(type(message)), source, subject, version, time, message.SerializeToString(), traceparent)


def message_class(full_name: str) -> type[Message]:
    """Return the generated class of a message that an imported events_pb2 declares."""
    return symbol_database.Default().GetSymbol(full_name)
