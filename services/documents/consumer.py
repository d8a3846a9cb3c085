"""Events in: the customers' projection, and messages that were handed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from recapito.contacts.events.v1.events_pb2 import CustomerCreated, CustomerUpdated, ErasureRequested
from recapito.notifications.events.v1.events_pb2 import MessageSent

from libs.erasing import Erasing, SetAside, ids
from libs.messaging.consumer import Delivery, Handlers, one_by_one
from libs.unit_of_work import Clock
from services.documents import service, wire
from services.documents.service import customers, erasures, invoices


def handlers(new_uow: Callable[[], service.UnitOfWork], clock: Clock) -> Handlers:
    """Each event this service listens to, with the use case that it starts."""

    def on_customer_changed(event: CustomerCreated | CustomerUpdated, event_id: UUID) -> None:
        customers.apply_customer(wire.customer_of_event(event), event_id, uow=new_uow(), clock=clock)

    def on_message_sent(deliveries: Sequence[Delivery[MessageSent]]) -> None:
        about_invoices = [each for each in deliveries if each.message.subject_resource.startswith("invoices/")]
        handovers = [invoices.Handover(each.event_id, wire.id_of(each.message.subject_resource), each.time) for each in about_invoices]
        if handovers:
            invoices.mark_sent(handovers, uow=new_uow())

    return {
        CustomerCreated: one_by_one(on_customer_changed),
        CustomerUpdated: one_by_one(on_customer_changed),
        MessageSent: on_message_sent,
    }


def erasing(new_uow: Callable[[], service.UnitOfWork], contacts: service.Contacts, set_aside: SetAside, clock: Clock) -> Handlers:
    """The event that ends everything about a person."""

    def on_erasure_requested(event: ErasureRequested, event_id: UUID) -> None:
        asked = Erasing(event.erasure, event.version, event.person, ids(event.customers), ids(event.erased_customers))
        erasures.erase(asked, event_id, uow=new_uow(), contacts=contacts, set_aside=set_aside, clock=clock)

    return {ErasureRequested: one_by_one(on_erasure_requested)}
