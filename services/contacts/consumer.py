"""Events in: what contacts did, told by all services, and what these have erased."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message
from recapito.contacts.events.v1.events_pb2 import PrimaryContactChanged
from recapito.documents.events.v1.events_pb2 import InvoiceViewed
from recapito.identity.events.v1.events_pb2 import PolicyAccepted, SessionOpened
from recapito.notifications.events.v1.events_pb2 import MessageOpened, MessageSent
from recapito.platform.events.v1.events_pb2 import PersonalDataErased

from libs.ids import new_id
from libs.messaging.consumer import Delivery, Handlers
from libs.messaging.event import type_of
from services.contacts import wire
from services.contacts.domain import Activity
from services.contacts.service import UnitOfWork
from services.contacts.service.activities import Occurrence, record
from services.contacts.service.erasures import record_receipt

M = TypeVar("M", bound=Message)


def handlers(new_uow: Callable[[], UnitOfWork]) -> Handlers:
    """Each event this service listens to, with what it says that a contact did."""

    def recording(read: Callable[[Delivery[M]], Occurrence]) -> Callable[[Sequence[Delivery[M]]], None]:
        return lambda deliveries: record([read(delivery) for delivery in deliveries], uow=new_uow())

    def on_personal_data_erased(deliveries: Sequence[Delivery[PersonalDataErased]]) -> None:
        for delivery in deliveries:
            receipt = wire.receipt_of(delivery.message, delivery.time)
            record_receipt(wire.id_of(delivery.message.erasure), receipt, delivery.event_id, uow=new_uow())

    return {
        SessionOpened: recording(on_session_opened),
        PolicyAccepted: recording(on_policy_accepted),
        InvoiceViewed: recording(on_invoice_viewed),
        MessageSent: recording(on_message_sent),
        MessageOpened: recording(on_message_opened),
        PrimaryContactChanged: recording(on_primary_contact_changed),
        PersonalDataErased: on_personal_data_erased,
    }


def on_session_opened(delivery: Delivery[SessionOpened]) -> Occurrence:
    event = delivery.message
    time = event.open_time.ToDatetime(delivery.time.tzinfo) if event.HasField("open_time") else delivery.time
    return Occurrence(delivery.event_id, _did(delivery, event.account, time, event.customer, event.session), entered=True)


def on_policy_accepted(delivery: Delivery[PolicyAccepted]) -> Occurrence:
    event = delivery.message
    return Occurrence(delivery.event_id, _did(delivery, event.account, delivery.time, "", event.policy))


def on_invoice_viewed(delivery: Delivery[InvoiceViewed]) -> Occurrence:
    event = delivery.message
    return Occurrence(delivery.event_id, _did(delivery, event.contact, delivery.time, event.customer, event.invoice, event.number))


def on_message_sent(delivery: Delivery[MessageSent]) -> Occurrence:
    """A message to a customer's own mailbox is nobody's activity."""
    event = delivery.message
    return Occurrence(delivery.event_id, _did(delivery, event.contact, delivery.time, event.customer, event.message, event.kind))


def on_message_opened(delivery: Delivery[MessageOpened]) -> Occurrence:
    """A hint and no more: many mail programs fetch images by themselves (R-ACT-11)."""
    event = delivery.message
    return Occurrence(delivery.event_id, _did(delivery, event.contact, delivery.time, event.customer, event.message, event.kind))


def on_primary_contact_changed(delivery: Delivery[PrimaryContactChanged]) -> Occurrence:
    """Both have it in their history: who became primary, and who was."""
    event = delivery.message
    both = [
        _did(delivery, contact, delivery.time, event.customer, event.primary_contact)
        for contact in (event.primary_contact, event.previous_contact)
    ]
    return Occurrence(delivery.event_id, tuple(activity for one in both for activity in one))


def _did(delivery: Delivery[M], contact: str, time: datetime, customer: str, resource: str, title: str = "") -> tuple[Activity, ...]:
    """Return the activity of a contact, named by its contact or its account, which share the id; none when nobody is named."""
    if not contact:
        return ()
    customer_id: UUID | None = wire.id_of(customer) if customer else None
    kind = type_of(type(delivery.message))
    return (Activity(new_id(), delivery.event_id, wire.id_of(contact), kind, time, customer_id, resource, title),)
