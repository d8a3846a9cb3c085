"""Saved views on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import views_pb2 as pb

from services.contacts.domain import View
from services.contacts.wire.names import check_etag, etag, merged


def view(domain: View, account_id: UUID) -> pb.View:
    """account_id: who reads it."""
    return pb.View(
        name=f"views/{domain.id}",
        display_name=domain.display_name,
        collection=domain.collection,
        filter=domain.filter,
        order_by=domain.order_by,
        columns=domain.columns,
        shared=domain.shared,
        etag=etag(domain.version),
        query=domain.query,
        own=domain.account_id == account_id,
        default=domain.default,
    )


def new_view(message: pb.View) -> Callable[[UUID, UUID], View]:
    return lambda id_, account_id: _with_fields(View(id_, account_id, message.collection, message.display_name), message)


def changed_view(wanted: pb.View, mask: FieldMask) -> Callable[[View], View]:
    def change(before: View) -> View:
        check_etag(wanted.etag, before.version)
        return _with_fields(before, merged(view(before, before.account_id), wanted, mask))

    return change


def _with_fields(domain: View, message: pb.View) -> View:
    return replace(
        domain,
        display_name=message.display_name,
        filter=message.filter.strip(),
        query=message.query,
        order_by=message.order_by.strip(),
        columns=tuple(message.columns),
        shared=message.shared,
    )


def check_view(given: str) -> Callable[[View], None]:
    return lambda domain: check_etag(given, domain.version)
