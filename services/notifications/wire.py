"""Domain <-> protobuf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message as ProtobufMessage
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, permissions_pb2
from recapito.documents.v1 import invoices_pb2, payments_pb2
from recapito.identity.events.v1 import events_pb2 as identity_events
from recapito.notifications.events.v1 import events_pb2
from recapito.notifications.v1 import dispatches_pb2, messages_pb2, settings_pb2, templates_pb2
from recapito.type.v1 import type_pb2

from libs.errors import EtagMismatch, NotFound
from services.notifications.domain.kinds import Reason, Type
from services.notifications.domain.messages import Dispatch, Message, State
from services.notifications.domain.opens import Settings
from services.notifications.domain.selection import Candidate, Tried
from services.notifications.domain.templates import Rendered

ReasonWords = tuple[str, str]  # label and sentence


def id_of(name: str) -> UUID:
    """Return the id in a resource name; its form was checked at the door. Raises NotFound for an alias, which means nothing here."""
    try:
        return UUID(name.rpartition("/")[2])
    except ValueError:
        raise NotFound(f'"{name}" does not exist') from None


def timestamp(value: datetime | None) -> Timestamp | None:
    if value is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp


TOLD_OF_PEOPLE: tuple[type[ProtobufMessage], ...] = (  # events that hold names, addresses or devices
    contacts_events.ContactCreated,
    contacts_events.CustomerCreated,
    contacts_events.CustomerUpdated,
    identity_events.CredentialsChanged,
    identity_events.LinkRequested,
)


# --- out -----------------------------------------------------------------------------------------------------------------------------
def reason(value: Reason) -> dispatches_pb2.Decision.Reason.ValueType:
    return dispatches_pb2.Decision.Reason.Value(value.name)


def decision(person: str, why: Reason, words: ReasonWords, time: datetime | None) -> dispatches_pb2.Decision:
    outcome = dispatches_pb2.Decision.SEND if why.sends else dispatches_pb2.Decision.SKIP
    return dispatches_pb2.Decision(
        person=person, outcome=outcome, reason=reason(why), label=words[0], text=words[1], decide_time=timestamp(time)
    )


def dispatch(value: Dispatch, counts: Mapping[str, int]) -> dispatches_pb2.Dispatch:
    return dispatches_pb2.Dispatch(
        name=f"dispatches/{value.id}",
        kind=value.kind,
        subject=value.subject,
        customer=f"customers/{value.customer_id}" if value.customer_id else "",
        event_id=str(value.event_id),
        counts=counts,
        create_time=timestamp(value.create_time),
    )


@dataclass(frozen=True)
class MessageWords:
    """What the reader's language says of a message."""

    decision: ReasonWords
    state: str
    failure: str


def message(
    value: Message, words: MessageWords, from_address: str, content: templates_pb2.RenderedMessage | None = None
) -> messages_pb2.Message:
    waiting = value.state in {State.QUEUED, State.DEFERRED}
    return messages_pb2.Message(
        name=f"messages/{value.id}",
        state=messages_pb2.Message.State.Value(value.state.name),
        kind=value.kind,
        dispatch=f"dispatches/{value.dispatch_id}",
        contact=f"contacts/{value.contact_id}" if value.contact_id else "",
        customer=f"customers/{value.customer_id}" if value.customer_id else "",
        decision=decision(value.person, value.reason, words.decision, value.create_time),
        subject_resource=value.subject,
        from_address=from_address,
        to_address=value.to_address,
        message_id=value.message_id,
        content=content,
        failure=value.failure,
        state_label=words.state,
        failure_text=words.failure,
        attempts=[
            messages_pb2.Message.Attempt(
                attempt_time=timestamp(tried.time), result=messages_pb2.Message.State.Value(tried.state.name), reply=tried.reply
            )
            for tried in value.attempts
        ],
        next_attempt_time=timestamp(value.due_time) if waiting else None,
        send_time=timestamp(value.send_time),
        open_hint_time=timestamp(value.open_time),
        create_time=timestamp(value.create_time),
        etag=f'"{value.version}"',
    )


def rendered(value: Rendered, kind: str, language: str, *, right_to_left: bool, revision_number: int) -> templates_pb2.RenderedMessage:
    return templates_pb2.RenderedMessage(
        subject=value.subject,
        html=value.html,
        text=value.text,
        language_code=language,
        right_to_left=right_to_left,
        template=f"templates/{kind}",
        revision_number=revision_number,
    )


def rules(tried: Iterable[Tried], texts: Mapping[Reason, ReasonWords]) -> list[dispatches_pb2.Explanation.Rule]:
    return [
        dispatches_pb2.Explanation.Rule(
            rule=reason(one.reason), decided=one.decided, looked_at=one.looked_at, value=one.value, text=texts[one.reason][1]
        )
        for one in tried
    ]


def message_sent(value: Message) -> events_pb2.MessageSent:
    return events_pb2.MessageSent(
        message=f"messages/{value.id}",
        version=value.version,
        contact=f"contacts/{value.contact_id}" if value.contact_id else "",
        customer=f"customers/{value.customer_id}" if value.customer_id else "",
        kind=value.kind,
        subject_resource=value.subject,
        dispatch=f"dispatches/{value.dispatch_id}",
    )


def message_opened(value: Message) -> events_pb2.MessageOpened:
    return events_pb2.MessageOpened(
        message=f"messages/{value.id}",
        version=value.version,
        contact=f"contacts/{value.contact_id}" if value.contact_id else "",
        customer=f"customers/{value.customer_id}" if value.customer_id else "",
        kind=value.kind,
        subject_resource=value.subject,
    )


def settings(value: Settings) -> settings_pb2.NotificationsSettings:
    return settings_pb2.NotificationsSettings(name="settings/notifications", open_tracking=value.open_tracking, etag=f'"{value.version}"')


# --- in ------------------------------------------------------------------------------------------------------------------------------
def changed_settings(value: Settings, wanted: settings_pb2.NotificationsSettings, mask: FieldMask) -> Settings:
    if wanted.etag and wanted.etag != f'"{value.version}"':
        raise EtagMismatch("the settings have changed since they were read")
    message = settings(value)
    mask.MergeMessage(wanted, message, True, True)
    return replace(value, open_tracking=message.open_tracking)


_SWITCHES = {permissions_pb2.Preferences.ON: True, permissions_pb2.Preferences.OFF: False}
_MODES = ("invoices", "estimates", "contracts", "proposals", "support", "projects")


def candidate(value: affiliations_pb2.Candidate, party: str, party_language: str, *, area_off: bool = False) -> Candidate:
    """Read one person; without a contact it is the customer's mailbox, which contacts offers only while there is no contact."""
    mailbox = not value.contact
    preferences, permissions = value.preferences, value.effective_permissions
    return Candidate(
        person=value.contact or party,
        email=value.email,
        first_name=value.first_name,
        last_name=value.last_name,
        language=value.language_code or party_language,
        right_to_left=value.direction == contacts_pb2.Contact.RTL,
        mailbox=mailbox,
        deleted=value.deleted,
        anonymized=value.state == contacts_pb2.Contact.ANONYMIZED,
        primary=value.primary,
        preferences={kind: _SWITCHES[switch] for kind in Type if (switch := getattr(preferences, kind.value)) in _SWITCHES},
        kinds={name: _SWITCHES[switch] for name, switch in preferences.kinds.items() if switch in _SWITCHES},
        permissions=frozenset(name.upper() for name in _MODES if getattr(permissions, name) == permissions_pb2.Permissions.ALLOW),
        block_ticket_email=value.block_ticket_email,
        open_tracking=value.open_tracking,
        area_off=area_off and not mailbox,
    )


def money(value: type_pb2.Money) -> str:
    """Return money as facts keep it."""
    return f"{value.amount} {value.currency_code}"


@dataclass(frozen=True)
class InvoiceFacts:
    customer_id: UUID
    facts: Mapping[str, Any]
    draft: bool


def invoice(value: invoices_pb2.Invoice) -> InvoiceFacts:
    currency = value.total.currency_code or value.currency_code
    draft = value.state == invoices_pb2.Invoice.DRAFT
    balance = value.total.gross_amount if draft else value.balance_amount  # on a draft nothing is owed yet: the preview shows what will be
    facts = {
        "invoice_number": value.number,
        "invoice_date": value.issue_date,
        "invoice_total": f"{value.total.gross_amount or '0'} {currency}",
        "amount_due": f"{balance or '0'} {currency}",
        "due_day": value.due_date,
    }
    return InvoiceFacts(id_of(value.customer), facts, draft)


def payment_amounts(value: payments_pb2.Payment) -> dict[str, str]:
    """Return what a payment settles of each invoice."""
    return {allocation.invoice: f"{allocation.amount} {value.amount.currency_code}" for allocation in value.allocations}
