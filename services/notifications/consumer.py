"""Events in: each fact that somebody may be told about, group by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from google.protobuf.message import Message
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.documents.events.v1 import events_pb2 as documents_events
from recapito.identity.events.v1 import events_pb2 as identity_events
from recapito.identity.v1 import accounts_pb2, links_pb2

from libs.erasing import Erasing, SetAside, ids
from libs.errors import NotFound
from libs.messaging.consumer import Delivery, Handlers, one_by_one
from services.notifications import service, wire
from services.notifications.domain.kinds import KINDS, Kind
from services.notifications.domain.selection import NO_CIRCUMSTANCES, Candidate, Circumstances
from services.notifications.service import planning
from services.notifications.service.erasing import erase
from services.notifications.service.planning import Occurrence, Planner

M = TypeVar("M", bound=Message)
LINK_KINDS = {
    links_pb2.Link.SET_PASSWORD: KINDS["password_reset_by_operator"],
    links_pb2.Link.RESET_PASSWORD: KINDS["password_reset_requested"],
    links_pb2.Link.INVITATION: KINDS["operator_invited"],
    links_pb2.Link.MAGIC: KINDS["sign_in_link"],
}
_Changed = identity_events.CredentialsChanged
FACTOR_CHANGES = {_Changed.FACTOR_ADDED, _Changed.FACTOR_REMOVED, _Changed.RECOVERY_CODES}


@dataclass(frozen=True)
class Listener:
    """Turns events into occurrences, and has the planner decide about the whole group."""

    planner: Planner
    documents: service.Documents

    def _plan(self, deliveries: Sequence[Delivery[M]], occurrences: Callable[[Delivery[M]], Iterable[Occurrence]]) -> None:
        found = [occurrence for delivery in deliveries for occurrence in occurrences(delivery)]
        self.planner.plan(found, [delivery.event_id for delivery in deliveries])

    # --- documents -------------------------------------------------------------------------------------------------------------------
    def on_invoice_issued(self, deliveries: Sequence[Delivery[documents_events.InvoiceIssued]]) -> None:
        self._plan(deliveries, self._invoice_issued)

    def _invoice_issued(self, delivery: Delivery[documents_events.InvoiceIssued]) -> Iterator[Occurrence]:
        """The event says all that the message needs: at issue the whole sum is owed, and the day of issue is the event's."""
        event = delivery.message
        if event.skip_notification:
            return
        total = wire.money(event.gross_amount)
        facts = {
            "invoice_number": event.number,
            "invoice_date": self._day(delivery.time),
            "invoice_total": total,
            "amount_due": total,
            "due_day": event.due_date,
        }
        yield Occurrence(
            delivery.event_id, KINDS["invoice_issued"], event.invoice, wire.id_of(event.customer), facts, traceparent=delivery.traceparent
        )

    def on_payment_recorded(self, deliveries: Sequence[Delivery[documents_events.PaymentRecorded]]) -> None:
        self._plan(deliveries, self._payment_recorded)

    def _payment_recorded(self, delivery: Delivery[documents_events.PaymentRecorded]) -> Iterator[Occurrence]:
        """One occurrence for each invoice that the payment settles: each is a fact of its own."""
        event = delivery.message
        payment = self.documents.payment(event.payment)
        for name in event.invoices:
            facts = {
                **self.documents.invoice(name).facts,
                "payment_amount": payment.amounts.get(name, wire.money(event.amount)),
                "payment_date": payment.receive_date,
            }
            yield Occurrence(
                delivery.event_id,
                KINDS["invoice_payment_received"],
                name,
                wire.id_of(event.customer),
                facts,
                traceparent=delivery.traceparent,
            )

    def _day(self, time: datetime) -> str:
        return time.astimezone(ZoneInfo(self.planner.contacts.organisation()[1])).date().isoformat()

    # --- contacts --------------------------------------------------------------------------------------------------------------------
    def on_contact_created(self, deliveries: Sequence[Delivery[contacts_events.ContactCreated]]) -> None:
        self._plan([one for one in deliveries if not one.message.restored], self._contact_created)
        for delivery in deliveries:
            if delivery.message.restored:
                planning.take_up_contact(wire.id_of(delivery.message.contact), delivery.event_id, uow=self.planner.new_uow())

    def _contact_created(self, delivery: Delivery[contacts_events.ContactCreated]) -> Iterator[Occurrence]:
        """The welcome is decided even when it is not wanted; a link that was asked for goes in any case (ruling 3)."""
        event = delivery.message
        circumstances = Circumstances(skip_welcome=event.skip_welcome)
        yield self._to_contact(delivery, event.contact, KINDS["welcome"], event.snapshot.customer, circumstances)
        if event.send_set_password:
            yield self._to_contact(delivery, event.contact, KINDS["set_password"], event.snapshot.customer)

    def on_portal_access_enabled(self, deliveries: Sequence[Delivery[contacts_events.PortalAccessEnabled]]) -> None:
        self._plan(deliveries, self._portal_access_enabled)

    def _portal_access_enabled(self, delivery: Delivery[contacts_events.PortalAccessEnabled]) -> Iterator[Occurrence]:
        yield self._to_contact(delivery, delivery.message.contact, KINDS["access_data"], delivery.message.customer)

    def _to_contact(
        self, delivery: Delivery[M], contact: str, kind: Kind, customer: str, circumstances: Circumstances = NO_CIRCUMSTANCES
    ) -> Occurrence:
        return Occurrence(
            delivery.event_id,
            kind,
            contact,
            wire.id_of(customer),
            {"event_time": delivery.time.isoformat()},
            people=frozenset({contact}),
            circumstances=circumstances,
            traceparent=delivery.traceparent,
        )

    def on_contact_deleted(self, deliveries: Sequence[Delivery[contacts_events.ContactDeleted]]) -> None:
        for delivery in deliveries:
            contact_id = wire.id_of(delivery.message.contact)
            planning.forget_contact(contact_id, delivery.event_id, uow=self.planner.new_uow(), clock=self.planner.clock)

    def on_customer_changed(
        self, deliveries: Sequence[Delivery[contacts_events.CustomerCreated] | Delivery[contacts_events.CustomerUpdated]]
    ) -> None:
        for delivery in deliveries:
            event = delivery.message
            groups = [wire.id_of(group) for group in event.snapshot.groups]
            planning.keep_customer(wire.id_of(event.customer), event.version, groups, delivery.event_id, uow=self.planner.new_uow())

    # --- identity --------------------------------------------------------------------------------------------------------------------
    def on_link_requested(self, deliveries: Sequence[Delivery[identity_events.LinkRequested]]) -> None:
        self._plan(deliveries, self._link_requested)

    def _link_requested(self, delivery: Delivery[identity_events.LinkRequested]) -> Iterator[Occurrence]:
        event = delivery.message
        kind = LINK_KINDS.get(event.purpose)
        if event.purpose == links_pb2.Link.SET_PASSWORD and not event.password_set:
            kind = KINDS["set_password"]
        if kind is not None:
            about = {"landing": event.landing} if event.landing else {}
            yield self._to_account(delivery, kind, event.account, event.kind, event.email, event.display_name, event.language_code, about)

    def on_credentials_changed(self, deliveries: Sequence[Delivery[identity_events.CredentialsChanged]]) -> None:
        self._plan(deliveries, self._credentials_changed)

    def _credentials_changed(self, delivery: Delivery[identity_events.CredentialsChanged]) -> Iterator[Occurrence]:
        """The owner hears of a change, at the address on file; of a link that was disowned, the administrators do."""
        event, kind, about = delivery.message, KINDS["password_changed"], dict[str, str]()
        if event.change == _Changed.LINK_DISOWNED:
            yield self._to_administrators(delivery)
            return
        if event.change in FACTOR_CHANGES:
            kind, about = KINDS["second_factor_changed"], {"factor_change": _Changed.Change.Name(event.change)}
        elif event.change == _Changed.NEW_DEVICE:
            kind, about = KINDS["new_sign_in"], {"device": event.device}
        elif event.change != _Changed.PASSWORD:
            return
        yield self._to_account(delivery, kind, event.account, event.kind, event.email, "", event.language_code, about)

    def _to_administrators(self, delivery: Delivery[identity_events.CredentialsChanged]) -> Occurrence:
        event = delivery.message
        page = f"contacts/{wire.id_of(event.account)}" if event.kind == accounts_pb2.Account.CONTACT else "settings/operators"
        facts = {"event_time": delivery.time.isoformat(), "account_url": f"{self.planner.sender.console_url}{page}"}
        told = tuple(_operator(one.account, one.email, one.display_name, one.language_code) for one in event.administrators)
        people, kind = frozenset(one.person for one in told), KINDS["access_reported"]
        return Occurrence(
            delivery.event_id, kind, event.account, None, facts, people=people, candidates=told, traceparent=delivery.traceparent
        )

    def _to_account(
        self,
        delivery: Delivery[M],
        kind: Kind,
        account: str,
        of: accounts_pb2.Account.Kind.ValueType,
        email: str,
        name: str,
        language: str,
        about: Mapping[str, str],
    ) -> Occurrence:
        """A contact's account is the contact, whom contacts knows; an operator is known by the event alone."""
        facts = {"event_time": delivery.time.isoformat(), **about}
        if of == accounts_pb2.Account.CONTACT:
            return self._to_known_contact(delivery, kind, wire.id_of(account), facts)
        operator, people = _operator(account, email, name, language), frozenset({account})
        return Occurrence(
            delivery.event_id, kind, account, None, facts, people=people, candidates=(operator,), traceparent=delivery.traceparent
        )

    def _to_known_contact(self, delivery: Delivery[M], kind: Kind, contact_id: UUID, facts: dict[str, str]) -> Occurrence:
        person = f"contacts/{contact_id}"
        home: UUID | None = None
        try:
            home = self.planner.contacts.person(contact_id).customer_id
            gone: tuple[Candidate, ...] = ()
        except NotFound:
            gone = (Candidate(person, deleted=True),)
        return Occurrence(
            delivery.event_id, kind, person, home, facts, people=frozenset({person}), candidates=gone, traceparent=delivery.traceparent
        )


def _operator(account: str, email: str, name: str, language: str) -> Candidate:
    first, _, last = name.partition(" ")
    return Candidate(account, email=email, first_name=first, last_name=last, language=language)


def handlers(planner: Planner, documents: service.Documents) -> Handlers:
    """Return each event that this service listens to, with the use case that it starts."""
    listener = Listener(planner, documents)
    return {
        documents_events.InvoiceIssued: listener.on_invoice_issued,
        documents_events.PaymentRecorded: listener.on_payment_recorded,
        contacts_events.ContactCreated: listener.on_contact_created,
        contacts_events.PortalAccessEnabled: listener.on_portal_access_enabled,
        contacts_events.ContactDeleted: listener.on_contact_deleted,
        contacts_events.CustomerCreated: listener.on_customer_changed,
        contacts_events.CustomerUpdated: listener.on_customer_changed,
        identity_events.LinkRequested: listener.on_link_requested,
        identity_events.CredentialsChanged: listener.on_credentials_changed,
    }


def erasing(planner: Planner, set_aside: SetAside) -> Handlers:
    """Return the event that ends everything about a person."""

    def on_erasure_requested(event: contacts_events.ErasureRequested, event_id: UUID) -> None:
        asked = Erasing(event.erasure, event.version, event.person, ids(event.customers), ids(event.erased_customers))
        erase(asked, event_id, uow=planner.new_uow(), set_aside=set_aside, clock=planner.clock)

    return {contacts_events.ErasureRequested: one_by_one(on_erasure_requested)}
