"""Leads on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import leads_pb2 as pb
from recapito.type.v1 import type_pb2

from services.contacts.domain import Lead, PostalAddress
from services.contacts.wire.contacts import point, points_of
from services.contacts.wire.names import check_etag, contact_name, etag, group_names, merged, reference_of, references_of, timestamp


def lead(domain: Lead) -> pb.Lead:
    return pb.Lead(
        name=f"leads/{domain.id}",
        state=pb.Lead.State.Value(domain.state.name),
        first_name=domain.first_name,
        last_name=domain.last_name,
        company=domain.company,
        position=domain.position,
        email=domain.email,
        contact_points=[point(one) for one in domain.contact_points],
        address=type_pb2.PostalAddress(**asdict(domain.address)),
        origin=domain.origin,
        owner=f"accounts/{domain.owner_id}" if domain.owner_id else "",
        language_code=domain.language_code,
        groups=group_names(domain.groups),
        newsletter=domain.newsletter,
        contact=contact_name(domain.contact_id) if domain.contact_id else "",
        create_time=timestamp(domain.create_time),
        etag=etag(domain.version),
    )


def new_lead(message: pb.Lead, now: datetime) -> Callable[[UUID], Lead]:
    """Return what makes the lead once its id is known."""
    return lambda id_: _with_fields(Lead(id_, message.last_name, now), message)


def changed_lead(wanted: pb.Lead, mask: FieldMask) -> Callable[[Lead], Lead]:
    def change(before: Lead) -> Lead:
        check_etag(wanted.etag, before.version)
        message = merged(lead(before), wanted, mask)
        return replace(_with_fields(before, message), newsletter=message.newsletter)

    return change


def check_lead(given: str) -> Callable[[Lead], None]:
    return lambda lead: check_etag(given, lead.version)


def _with_fields(domain: Lead, message: pb.Lead) -> Lead:
    return replace(
        domain,
        first_name=message.first_name,
        last_name=message.last_name,
        company=message.company,
        position=message.position,
        email=message.email,
        contact_points=points_of(message.contact_points),
        address=PostalAddress(
            street=message.address.street,
            city=message.address.city,
            province=message.address.province,
            postal_code=message.address.postal_code,
            region_code=message.address.region_code,
        ),
        origin=message.origin,
        owner_id=reference_of(message.owner, "lead.owner") if message.owner else None,
        language_code=message.language_code,
        groups=references_of(message.groups, "lead.groups"),
    )
