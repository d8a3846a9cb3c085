"""What a service exports about a person, for tests of each service."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from recapito.platform.v1.privacy_pb2 import ExportPersonalDataRequest

from libs.access import Caller
from libs.rpc import context

Records = list[dict[str, Any]]


def exported(servicer: Any, contact_id: UUID, caller: Caller) -> Records:
    """Return all lines that the servicer, a Privacy of some service, gives to the caller."""
    with context.answering(context.Call("ExportPersonalData", caller, float("inf"))):
        request = ExportPersonalDataRequest(name=f"contacts/{contact_id}")
        parts = list(servicer.ExportPersonalData(request, None))
    return [json.loads(line) for line in b"".join(part.data for part in parts).splitlines()]


def of_kind(records: Records, kind: str) -> Records:
    return [one["data"] for one in records if one["kind"] == kind]


def kinds(records: Records) -> list[str]:
    return sorted({one["kind"] for one in records})
