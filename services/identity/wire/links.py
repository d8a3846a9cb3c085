"""Links on the wire."""

from __future__ import annotations

from datetime import datetime

from recapito.identity.v1 import links_pb2

from services.identity.domain.links import Link, Purpose, State
from services.identity.wire.names import time


def link(found: Link, now: datetime) -> links_pb2.Link:
    return links_pb2.Link(
        name=f"accounts/{found.account_id}/links/{found.id}",
        purpose=purpose(found.purpose),
        state=link_state(found.state(now)),
        message=f"messages/{found.message}" if found.message else "",
        create_time=time(found.create_time),
        expire_time=time(found.expire_time),
        use_time=time(found.use_time),
        use_ip_address=found.use_ip_address,
    )


def purpose(found: Purpose) -> links_pb2.Link.Purpose.ValueType:
    return links_pb2.Link.Purpose.Value(found.value)


def purpose_of(value: links_pb2.Link.Purpose.ValueType) -> Purpose | None:
    return Purpose(links_pb2.Link.Purpose.Name(value)) if value in (1, 2, 3, 4, 7) else None


def link_state(found: State) -> links_pb2.Link.State.ValueType:
    return links_pb2.Link.State.Value(found.value)
