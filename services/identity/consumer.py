"""The events of contacts that accounts follow, and those of all services that the audit keeps."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from recapito.contacts.events.v1.events_pb2 import ContactCreated, ContactDeleted, ContactUpdated, ErasureRequested
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs.erasing import Erasing, SetAside
from libs.messaging.consumer import Delivery, Handlers, one_by_one
from libs.unit_of_work import Clock
from services.identity import wire
from services.identity.service import Contacts, NewUnitOfWork, audit
from services.identity.service import contacts as use_cases


def handlers(new_uow: NewUnitOfWork, contacts: Contacts, clock: Clock) -> Handlers:
    """Each event this service listens to, with the use case that it starts."""

    def on_contact_created(event: ContactCreated, event_id: UUID) -> None:
        follow(event, event_id, restored=event.restored)

    def on_contact_updated(event: ContactUpdated, event_id: UUID) -> None:
        follow(event, event_id, restored=False)

    def follow(event: ContactCreated | ContactUpdated, event_id: UUID, *, restored: bool) -> None:
        contact = wire.contact_of_snapshot(event.contact, event.snapshot)
        use_cases.follow(contact, event.version, event_id, restored=restored, new_uow=new_uow, contacts=contacts, clock=clock)

    def on_contact_deleted(event: ContactDeleted, event_id: UUID) -> None:
        use_cases.forget(wire.id_of(event.contact), event.version, event_id, uow=new_uow(), clock=clock)

    def on_audit_entries_recorded(deliveries: Sequence[Delivery[AuditEntryRecorded]]) -> None:
        audit.record([wire.entry_of(told.message, told.event_id) for told in deliveries], uow=new_uow())

    return {
        AuditEntryRecorded: on_audit_entries_recorded,
        ContactCreated: one_by_one(on_contact_created),
        ContactUpdated: one_by_one(on_contact_updated),
        ContactDeleted: one_by_one(on_contact_deleted),
    }


def erasing(new_uow: NewUnitOfWork, set_aside: SetAside, clock: Clock) -> Handlers:
    """The event that ends everything about a person."""

    def on_erasure_requested(event: ErasureRequested, event_id: UUID) -> None:
        asked = Erasing(event.erasure, event.version, event.person)
        use_cases.erase(asked, event_id, uow=new_uow(), set_aside=set_aside, clock=clock)

    return {ErasureRequested: one_by_one(on_erasure_requested)}
