"""Domain <-> protobuf, one file per resource."""

from services.identity.wire.accounts import account, account_kind_of, client_metadata, explanation, kind_of
from services.identity.wire.audit import audit_entry, audit_lines, entry_of
from services.identity.wire.contacts import contact, contact_of_snapshot
from services.identity.wire.events import (
    TELLING_OF_PEOPLE,
    TOLD_OF_PEOPLE,
    credentials_changed,
    link_requested,
    policy_accepted,
    session_opened,
)
from services.identity.wire.factors import factor, factor_kind_of
from services.identity.wire.links import link, link_state, purpose, purpose_of
from services.identity.wire.names import check_etag, etag, id_of, ids_of, time
from services.identity.wire.policies import acceptance, policy
from services.identity.wire.roles import role
from services.identity.wire.sessions import client, session
from services.identity.wire.settings import settings
from services.identity.wire.tokens import credentials, discovery

__all__ = [
    "TELLING_OF_PEOPLE",
    "TOLD_OF_PEOPLE",
    "acceptance",
    "account",
    "account_kind_of",
    "audit_entry",
    "audit_lines",
    "check_etag",
    "client",
    "client_metadata",
    "contact",
    "contact_of_snapshot",
    "credentials",
    "credentials_changed",
    "discovery",
    "entry_of",
    "etag",
    "explanation",
    "factor",
    "factor_kind_of",
    "id_of",
    "ids_of",
    "kind_of",
    "link",
    "link_requested",
    "link_state",
    "policy",
    "policy_accepted",
    "purpose",
    "purpose_of",
    "role",
    "session",
    "session_opened",
    "settings",
    "time",
]
