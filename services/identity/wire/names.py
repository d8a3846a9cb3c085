"""Resource names, times and etags."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import EtagMismatch, NotFound


def id_of(name: str) -> UUID:
    """Return the id at the end of a resource name. Raises NotFound for an alias that means nothing here."""
    try:
        return UUID(name.rpartition("/")[2])
    except ValueError:
        raise NotFound(f'"{name}" does not exist') from None


def ids_of(names: Iterable[str]) -> frozenset[UUID]:
    return frozenset(id_of(name) for name in names)


def time(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def etag(version: int) -> str:
    return f'"{version}"'


def check_etag(given: str, version: int) -> None:
    """Raise EtagMismatch when the caller read another version; an empty etag asks for nothing."""
    if given and given != etag(version):
        raise EtagMismatch("the resource has changed since it was read")
