"""Customers on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.events.v1 import events_pb2 as events
from recapito.contacts.v1 import customers_pb2 as pb
from recapito.type.v1 import type_pb2

from services.contacts.domain import Category, Customer, Kind, TaxIdentity
from services.contacts.wire.names import check_etag, contact_name, customer_name, etag, group_names, merged, references_of, timestamp
from services.contacts.wire.permissions import permissions, permissions_of


def tax_identity(domain: TaxIdentity) -> type_pb2.TaxIdentity:
    return type_pb2.TaxIdentity(
        legal_name=domain.legal_name,
        vat_number=domain.vat_number,
        tax_code=domain.tax_code,
        sdi_recipient_code=domain.sdi_recipient_code,
        certified_email=domain.certified_email,
        address=type_pb2.PostalAddress(
            street=domain.street,
            city=domain.city,
            province=domain.province,
            postal_code=domain.postal_code,
            region_code=domain.region_code,
        ),
    )


def tax_identity_of(message: type_pb2.TaxIdentity) -> TaxIdentity:
    return TaxIdentity(
        legal_name=message.legal_name,
        vat_number=message.vat_number,
        tax_code=message.tax_code,
        sdi_recipient_code=message.sdi_recipient_code,
        certified_email=message.certified_email,
        street=message.address.street,
        city=message.address.city,
        province=message.address.province,
        postal_code=message.address.postal_code,
        region_code=message.address.region_code,
    )


def customer(domain: Customer) -> pb.Customer:
    return pb.Customer(
        name=customer_name(domain.id),
        kind=pb.Customer.Kind.Value(domain.kind.name),
        categories=[pb.Customer.Category.Value(category.name) for category in domain.categories],
        display_name=domain.display_name,
        email=domain.email,
        phone=domain.phone,
        tax_identity=tax_identity(domain.tax_identity),
        language_code=domain.language_code,
        permissions=permissions(domain.permissions),
        primary_contact=contact_name(domain.primary_contact_id) if domain.primary_contact_id else "",
        groups=group_names(domain.groups),
        create_time=timestamp(domain.create_time),
        update_time=timestamp(domain.update_time),
        etag=etag(domain.version),
        version=domain.version,
    )


def new_customer(message: pb.Customer, now: datetime) -> Callable[[UUID], Customer]:
    """Return what makes the customer once its id is known."""
    return lambda id_: _with_fields(Customer(id_, Kind(message.kind), message.display_name, now, now), message)


def changed_customer(wanted: pb.Customer, mask: FieldMask) -> Callable[[Customer], Customer]:
    def change(before: Customer) -> Customer:
        check_etag(wanted.etag, before.version)
        return _with_fields(before, merged(customer(before), wanted, mask))

    return change


def _with_fields(domain: Customer, message: pb.Customer) -> Customer:
    return replace(
        domain,
        kind=Kind(message.kind),
        display_name=message.display_name,
        categories=tuple(Category(value) for value in message.categories if value),
        email=message.email,
        phone=message.phone,
        tax_identity=tax_identity_of(message.tax_identity),
        language_code=message.language_code,
        permissions=permissions_of(message.permissions),
        groups=references_of(message.groups, "customer.groups"),
    )


# --- events --------------------------------------------------------------------------------------------------------------------------
def _snapshot(domain: Customer) -> events.CustomerSnapshot:
    return events.CustomerSnapshot(
        display_name=domain.display_name,
        kind=pb.Customer.Kind.Value(domain.kind.name),
        tax_identity=tax_identity(domain.tax_identity),
        language_code=domain.language_code,
        groups=group_names(domain.groups),
        primary_contact=contact_name(domain.primary_contact_id) if domain.primary_contact_id else "",
    )


def customer_created(domain: Customer) -> events.CustomerCreated:
    return events.CustomerCreated(customer=customer_name(domain.id), version=domain.version, snapshot=_snapshot(domain))


def customer_updated(domain: Customer) -> events.CustomerUpdated:
    return events.CustomerUpdated(customer=customer_name(domain.id), version=domain.version, snapshot=_snapshot(domain))


def primary_contact_changed(domain: Customer, previous_id: UUID) -> events.PrimaryContactChanged:
    """`domain`: the customer with its new primary contact."""
    return events.PrimaryContactChanged(
        customer=customer_name(domain.id),
        version=domain.version,
        primary_contact=contact_name(domain.primary_contact_id) if domain.primary_contact_id else "",
        previous_contact=contact_name(previous_id),
    )
