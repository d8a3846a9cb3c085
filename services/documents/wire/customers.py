"""Customers as contacts tells them, and tax identities."""

from __future__ import annotations

from google.protobuf.message import Message
from recapito.contacts.events.v1 import events_pb2 as events
from recapito.contacts.v1 import customers_pb2 as pb
from recapito.type.v1 import type_pb2

from services.documents.domain.customers import Customer
from services.documents.domain.document import PostalAddress, TaxIdentity
from services.documents.wire.values import id_of

TOLD_OF_CUSTOMERS: tuple[type[Message], ...] = (events.CustomerCreated, events.CustomerUpdated)


def customer_of(message: pb.Customer) -> Customer:
    return Customer(
        id=id_of(message.name),
        display_name=message.display_name,
        kind=pb.Customer.Kind.Name(message.kind),
        language_code=_language(message.language_code),
        groups=frozenset(id_of(group) for group in message.groups),
        tax_identity=tax_identity_of(message.tax_identity),
        version=message.version,
    )


def customer_of_event(event: events.CustomerCreated | events.CustomerUpdated) -> Customer:
    snapshot = event.snapshot
    return Customer(
        id=id_of(event.customer),
        display_name=snapshot.display_name,
        kind=pb.Customer.Kind.Name(snapshot.kind),
        language_code=_language(snapshot.language_code),
        groups=frozenset(id_of(group) for group in snapshot.groups),
        tax_identity=tax_identity_of(snapshot.tax_identity),
        version=event.version,
    )


def _language(code: str) -> str:
    """The language of the customer's documents: Italian, unless it asks for another."""
    return "it" if code[:2] in {"", "it"} else "en"


def tax_identity(identity: TaxIdentity) -> type_pb2.TaxIdentity:
    address = identity.address
    return type_pb2.TaxIdentity(
        legal_name=identity.legal_name,
        vat_number=identity.vat_number,
        tax_code=identity.tax_code,
        sdi_recipient_code=identity.sdi_recipient_code,
        certified_email=identity.certified_email,
        address=type_pb2.PostalAddress(
            street=address.street,
            city=address.city,
            province=address.province,
            postal_code=address.postal_code,
            region_code=address.region_code,
        ),
    )


def tax_identity_of(message: type_pb2.TaxIdentity) -> TaxIdentity:
    address = message.address
    return TaxIdentity(
        legal_name=message.legal_name,
        vat_number=message.vat_number,
        tax_code=message.tax_code,
        sdi_recipient_code=message.sdi_recipient_code,
        certified_email=message.certified_email,
        address=PostalAddress(
            street=address.street,
            city=address.city,
            province=address.province,
            postal_code=address.postal_code,
            region_code=address.region_code,
        ),
    )
