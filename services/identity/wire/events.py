"""The events that identity announces."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from google.protobuf.message import Message
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.identity.events.v1 import events_pb2 as events
from recapito.identity.v1 import (
    accounts_pb2,
    sessions_pb2,
)

from services.identity.domain.accounts import Account, CredentialChange, Kind
from services.identity.domain.links import Purpose
from services.identity.domain.policies import Acceptance
from services.identity.domain.sessions import Method
from services.identity.wire.links import purpose
from services.identity.wire.names import time

TOLD_OF_PEOPLE: tuple[type[Message], ...] = (
    contacts_events.ContactCreated,
    contacts_events.ContactUpdated,
)  # they hold names and addresses
TELLING_OF_PEOPLE: tuple[type[Message], ...] = (events.CredentialsChanged, events.LinkRequested)  # ours, of devices and pages


def session_opened(holder: Account, version: int, session_id: UUID, method: Method, now: datetime) -> events.SessionOpened:
    return events.SessionOpened(
        account=f"accounts/{holder.id}",
        version=version,
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        session=f"accounts/{holder.id}/sessions/{session_id}",
        method=sessions_pb2.Session.Method.Value(method.value),
        customer=f"customers/{holder.customer_id}" if holder.customer_id else "",
        open_time=time(now),
    )


def link_requested(holder: Account, version: int, wanted: Purpose, landing: str = "") -> events.LinkRequested:
    operator = holder.kind is Kind.OPERATOR
    return events.LinkRequested(
        account=f"accounts/{holder.id}",
        version=version,
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        purpose=purpose(wanted),
        email=holder.email if operator else "",
        display_name=holder.display_name if operator else "",
        language_code=holder.language_code,
        password_set=bool(holder.password_hash),
        landing=landing,
    )


def credentials_changed(
    holder: Account,
    version: int,
    change: CredentialChange = CredentialChange.PASSWORD,
    *,
    device: str = "",
    administrators: Iterable[Account] = (),
) -> events.CredentialsChanged:
    """device: of a new one. administrators: who is told that a link was disowned."""
    return events.CredentialsChanged(
        account=f"accounts/{holder.id}",
        version=version,
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        change=events.CredentialsChanged.Change.Value(change.value),
        email=holder.email if holder.kind is Kind.OPERATOR else "",
        language_code=holder.language_code,
        device=device,
        administrators=[
            events.CredentialsChanged.Administrator(
                account=f"accounts/{one.id}", email=one.email, display_name=one.display_name, language_code=one.language_code
            )
            for one in administrators
        ],
    )


def policy_accepted(account_id: UUID, version: int, accepted: Acceptance) -> events.PolicyAccepted:
    return events.PolicyAccepted(
        account=f"accounts/{account_id}",
        version=version,
        policy=f"policies/{accepted.policy_id}",
        accept_time=time(accepted.accept_time),
    )
