"""Sessions on the wire."""

from __future__ import annotations

from recapito.identity.v1 import (
    accounts_pb2,
    sessions_pb2,
)

from services.identity.domain.accounts import Account
from services.identity.domain.sessions import Client, Session
from services.identity.domain.sessions import State as SessionState
from services.identity.wire.names import time


def client(found: sessions_pb2.ClientInfo) -> Client:
    return Client(found.ip_address, found.user_agent)


def session(found: Session, holder: Account, state: SessionState) -> sessions_pb2.Session:
    return sessions_pb2.Session(
        name=f"accounts/{found.account_id}/sessions/{found.id}",
        state=sessions_pb2.Session.State.Value(state.value),
        method=sessions_pb2.Session.Method.Value(found.method.value),
        account=f"accounts/{found.account_id}",
        kind=accounts_pb2.Account.Kind.Value(holder.kind.value),
        create_time=time(found.create_time),
        last_use_time=time(found.last_use_time),
        expire_time=time(found.expire_time),
        fresh_until_time=time(found.fresh_until),
        device=found.client.device,
        ip_address=found.client.ip_address,
        landing=found.landing,
    )
