"""Erasures on the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from recapito.contacts.events.v1 import events_pb2 as events
from recapito.contacts.v1 import contacts_pb2, erasures_pb2
from recapito.platform.events.v1.events_pb2 import PersonalDataErased
from recapito.type.v1 import type_pb2

from services.contacts.domain import Collection, Contact, ErasedPerson, Erasure, Links, Receipt
from services.contacts.domain.erasures import SERVICES
from services.contacts.wire.names import check_etag, contact_name, customer_name, timestamp

Told = tuple[str, tuple[type[Message], ...]]  # a subject and the events about it that hold personal data


def erasure(domain: Erasure) -> erasures_pb2.Erasure:
    return erasures_pb2.Erasure(
        name=_name(domain),
        subject=domain.person.name,
        progress=type_pb2.Progress(
            state=type_pb2.Progress.SUCCEEDED if domain.complete else type_pb2.Progress.RUNNING,
            done_count=len(domain.counting),
            total_count=len(SERVICES),
            start_time=timestamp(domain.create_time),
            end_time=timestamp(domain.complete_time) if domain.complete_time else None,
        ),
        receipts=[_receipt(one) for one in domain.counting],
        missing_services=domain.missing,
    )


def _receipt(domain: Receipt) -> erasures_pb2.Erasure.Receipt:
    return erasures_pb2.Erasure.Receipt(
        service=domain.service,
        erased_count=domain.erased_count,
        held=domain.held,
        held_until_date=domain.held_until.isoformat() if domain.held_until else "",
        erase_time=timestamp(domain.erase_time),
    )


def _name(domain: Erasure) -> str:
    return f"erasures/{domain.person.id}"


def check_contact(given: str) -> Callable[[Contact], None]:
    return lambda contact: check_etag(given, contact.version)


def links(found: list[Links]) -> contacts_pb2.CountLinkedResourcesResponse:
    each = contacts_pb2.CountLinkedResourcesResponse.Links
    return contacts_pb2.CountLinkedResourcesResponse(links=[each(type=one.type, count=one.count, titles=one.titles) for one in found])


# --- events --------------------------------------------------------------------------------------------------------------------------
def erasure_requested(domain: Erasure) -> events.ErasureRequested:
    return events.ErasureRequested(
        erasure=_name(domain),
        version=domain.version,
        person=domain.person.name,
        customers=[customer_name(id_) for id_ in sorted(domain.customers)],
        erased_customers=[customer_name(id_) for id_ in sorted(domain.erased_customers)],
    )


def receipt_of(event: PersonalDataErased, time: datetime) -> Receipt:
    until = date.fromisoformat(event.held_until_date) if event.held_until_date else None
    return Receipt(event.service, event.version, event.erased_count, time, tuple(event.held), until)


def told_of_contact(contact_id: UUID) -> Told:
    return contact_name(contact_id), (events.ContactCreated, events.ContactUpdated)


def told_of_customer(customer_id: UUID) -> Told:
    return customer_name(customer_id), (events.CustomerCreated, events.CustomerUpdated)


# --- the ledger as it is kept outside the database -----------------------------------------------------------------------------------
def ledger_row(domain: Erasure) -> dict[str, Any]:
    return {
        "person": domain.person.name,
        "version": domain.version,
        "complete": domain.complete,
        "create_time": domain.create_time.isoformat(),
        "customers": sorted(str(id_) for id_ in domain.customers),
        "erased_customers": sorted(str(id_) for id_ in domain.erased_customers),
    }


def of_ledger_row(row: dict[str, Any]) -> Erasure:
    """Return the erasure of a row; KeyError, TypeError or ValueError when it is none."""
    collection, _, id_ = row["person"].partition("/")
    return Erasure(
        person=ErasedPerson(Collection(collection), UUID(id_)),
        create_time=datetime.fromisoformat(row["create_time"]).astimezone(UTC),
        customers=frozenset(UUID(one) for one in row["customers"]),
        erased_customers=frozenset(UUID(one) for one in row["erased_customers"]),
        version=int(row["version"]),
    )
