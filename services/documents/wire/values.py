"""Resource names, etags, days, amounts, update masks."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.type.v1 import type_pb2

from libs.errors import EtagMismatch, InvalidArgument, NotFound


def id_of(name: str, owner: UUID | None = None) -> UUID:
    """Return the id in a resource name that the interceptor has checked; "current" is `owner`, where there is one.

    Raises NotFound for an alias that means nothing here.
    """
    part = name.split("/")[1]
    if part == "current" and owner is not None:
        return owner
    try:
        return UUID(part)
    except ValueError:
        raise NotFound(f"{name} does not exist") from None


def etag(version: int) -> str:
    return f'"{version}"'


def version_of(text: str) -> int | None:
    """Return the version that an etag stands for, None without one; EtagMismatch for one that was never given out."""
    if not text:
        return None
    number = text.strip('"')
    if etag(int(number) if number.isascii() and number.isdigit() else 0) != text:
        raise EtagMismatch("this etag is not one of ours: read the resource again")
    return int(number)


def day(text: str, path: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidArgument.of(path, "is not a day of the calendar", "DATE_INVALID") from None


def decimal_text(value: Decimal) -> str:
    """Write a quantity or percentage without needless zeros: 22, 0.5."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_text(value: Decimal) -> str:
    return format(value, ".2f")


def timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def merge(current: Message, wanted: Message, mask: FieldMask) -> None:
    """Overwrite in `current` what the mask names; lists and messages as a whole."""
    mask.MergeMessage(wanted, current, True, True)


def money(amount: Decimal, currency_code: str) -> type_pb2.Money:
    return type_pb2.Money(currency_code=currency_code, amount=amount_text(amount))
