"""Valid objects of notifications; a call names only what its test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.documents.events.v1 import events_pb2 as documents_events
from recapito.type.v1 import type_pb2

from libs.ids import new_id
from libs.messaging.consumer import Delivery
from services.notifications.domain.kinds import Reason, Type
from services.notifications.domain.messages import Dispatch, Message, State
from services.notifications.domain.selection import Candidate
from services.notifications.service import Sender

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ACME = UUID("0192f0c1-0000-7000-8000-000000000001")
MARIO = UUID("0192f0c1-0000-7000-8000-000000000011")
LAURA = UUID("0192f0c1-0000-7000-8000-000000000012")
GIUSEPPE = UUID("0192f0c1-0000-7000-8000-000000000013")
INVOICE = "invoices/0192f0c1-0000-7000-8000-0000000000a1"
EVENT = UUID("0192f0c1-0000-7000-8000-0000000000e1")
SENDER = Sender(
    name="",
    address="recapito@verdi.example",
    reply_to="info@verdi.example",
    organisation_email="info@verdi.example",
    organisation_legal="Studio Verdi S.r.l., P. IVA 01234567890",
    area_url="https://area.verdi.example/area/",
    console_url="https://area.verdi.example/console/",
    opens_url="https://area.verdi.example/o/",
)


def candidate(id_: UUID = MARIO, **changes: Any) -> Candidate:
    """A contact of the customer with an address, invoices on, and every permission."""
    usual = Candidate(
        f"contacts/{id_}",
        email="mario@acme.example",
        first_name="Mario",
        last_name="Rossi",
        preferences={Type.INVOICE: True},
        permissions=frozenset({"INVOICES", "ESTIMATES", "CONTRACTS", "PROPOSALS", "SUPPORT", "PROJECTS"}),
    )
    return replace(usual, **changes)


def mailbox(**changes: Any) -> Candidate:
    return replace(Candidate(f"customers/{ACME}", email="info@acme.example", mailbox=True), **changes)


def dispatch(**changes: Any) -> Dispatch:
    facts = {
        "organisation_name": "Studio Verdi",
        "time_zone": "Europe/Rome",
        "company_name": "ACME S.r.l.",
        "invoice_number": "INV-2026-000001",
        "invoice_date": "2026-11-24",
        "invoice_total": "1220.00 EUR",
        "amount_due": "1220.00 EUR",
        "due_day": "2026-12-24",
    }
    usual = Dispatch(new_id(), "invoice_issued", INVOICE, ACME, EVENT, facts, "", NOON)
    return replace(usual, **changes)


def message(**changes: Any) -> Message:
    usual = Message(
        id=new_id(),
        dispatch_id=new_id(),
        kind="invoice_issued",
        subject=INVOICE,
        person=f"contacts/{MARIO}",
        contact_id=MARIO,
        customer_id=ACME,
        event_id=EVENT,
        reason=Reason.SEND_PREFERENCE_ON,
        seen={"type": True},
        state=State.CLAIMED,
        to_address="mario@acme.example",
        first_name="Mario",
        last_name="Rossi",
        language="it",
        right_to_left=False,
        message_id="<m1@verdi.example>",
        revision="",
        create_time=NOON,
        attempt=1,
    )
    return replace(usual, **changes)


def invoice_issued(event_id: UUID | None = None, *, customer: UUID = ACME, invoice: str = INVOICE, **changes: Any) -> Delivery[Any]:
    event = documents_events.InvoiceIssued(
        invoice=invoice,
        version=2,
        customer=f"customers/{customer}",
        number="INV-2026-000001",
        gross_amount=type_pb2.Money(currency_code="EUR", amount="1220.00"),
        due_date="2026-12-24",
        **changes,
    )
    return Delivery(event, event_id or new_id(), NOON)


def contact_created(contact_id: UUID = MARIO, *, event_id: UUID | None = None, **changes: Any) -> Delivery[Any]:
    snapshot = contacts_events.ContactSnapshot(customer=f"customers/{ACME}", email="mario@acme.example", first_name="Mario")
    event = contacts_events.ContactCreated(contact=f"contacts/{contact_id}", version=1, snapshot=snapshot, **changes)
    return Delivery(event, event_id or new_id(), NOON)
