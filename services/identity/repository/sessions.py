"""Sessions, found by the HMAC of their token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs.database.listing import select_page
from libs.errors import NotFound, Unauthenticated
from libs.listing import Listing
from services.identity.domain.accounts import Kind
from services.identity.domain.sessions import IDLE, Client, Method, Session
from services.identity.repository.accounts import SqlAccounts, account_of
from services.identity.repository.policies import acceptance_of_current
from services.identity.repository.tables import accounts, identity_settings, sessions
from services.identity.repository.vault import Vault
from services.identity.service import SignedIn


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        account_id=row.account_id,
        method=Method(row.method),
        create_time=row.create_time,
        last_use_time=row.last_use_time,
        end_time=row.end_time,
        client=Client(row.ip_address, row.user_agent),
        landing=row.landing,
        fresh_until=row.fresh_until,
        open_time=row.open_time,
        second_factor_time=row.second_factor_time,
    )


@dataclass(frozen=True)
class SqlSessions:
    connection: Connection
    vault: Vault

    def _hash(self, token: str) -> bytes:
        return self.vault.digest("session", token)

    def signed_in(self, token: str) -> SignedIn | None:
        return self._signed_in(sessions.c.token_hash == self._hash(token))

    def signed_in_by_id(self, session_id: UUID) -> SignedIn | None:
        return self._signed_in(sessions.c.id == session_id)

    def _signed_in(self, wanted: sa.ColumnElement[bool]) -> SignedIn | None:
        found = self.connection.execute(sa.select(sessions).where(wanted)).one_or_none()
        if found is None:
            return None
        accepted = acceptance_of_current(accounts.c.id).label("accepted")
        obligatory = sa.select(identity_settings.c.administrators_need_second_factor).scalar_subquery().label("factor_obligatory")
        row = self.connection.execute(sa.select(accounts, accepted, obligatory).where(accounts.c.id == found.account_id)).one()
        # Of an operator the groups count, of a contact they are asked from contacts with all the rest.
        operator = row.kind == Kind.OPERATOR.value
        account = SqlAccounts(self.connection).get(row.id) if operator and row.delete_time is None else account_of(row)
        return SignedIn(_session(found), account, bool(row.accepted), bool(row.factor_obligatory))

    def get(self, account_id: UUID, session_id: UUID) -> Session:
        of_account = sa.select(sessions).where(sessions.c.id == session_id, sessions.c.account_id == account_id)
        row = self.connection.execute(of_account).one_or_none()
        if row is None:
            raise NotFound(f"session {session_id} does not exist")
        return _session(row)

    def page(self, account_id: UUID, listing: Listing, now: datetime, only: UUID | None) -> tuple[Sequence[Session], str]:
        query = sa.select(sessions).where(
            sessions.c.account_id == account_id, sessions.c.end_time > now, sessions.c.last_use_time > now - IDLE
        )
        if only is not None:
            query = query.where(sessions.c.id == only)
        rows, following = select_page(self.connection, query, listing, {"create_time": sessions.c.create_time}, sessions.c.id)
        return [_session(row) for row in rows], following

    def add(self, session: Session, token: str) -> None:
        values = {
            "id": session.id,
            "account_id": session.account_id,
            "token_hash": self._hash(token),
            "method": session.method.value,
            "create_time": session.create_time,
            "last_use_time": session.last_use_time,
            "end_time": session.end_time,
            "fresh_until": session.fresh_until,
            "open_time": session.open_time,
            "second_factor_time": session.second_factor_time,
            "ip_address": session.client.ip_address,
            "user_agent": session.client.user_agent,
            "landing": session.landing,
        }
        self.connection.execute(sa.insert(sessions).values(values))

    def touch(self, session_id: UUID, now: datetime) -> None:
        self.connection.execute(sa.update(sessions).where(sessions.c.id == session_id).values(last_use_time=now))

    def renew(self, session: Session, token: str) -> None:
        changed = {
            "token_hash": self._hash(token),
            "last_use_time": session.last_use_time,
            "fresh_until": session.fresh_until,
            "second_factor_time": session.second_factor_time,
        }
        if self.connection.execute(sa.update(sessions).where(sessions.c.id == session.id).values(changed)).rowcount != 1:
            raise Unauthenticated("the session has ended", reason="SESSION_ENDED")

    def mark_second_factor(self, session_id: UUID, now: datetime) -> None:
        self.connection.execute(sa.update(sessions).where(sessions.c.id == session_id).values(second_factor_time=now))

    def open(self, session_id: UUID, now: datetime) -> bool:
        first = sa.update(sessions).where(sessions.c.id == session_id, sessions.c.open_time.is_(None)).values(open_time=now)
        return self.connection.execute(first).rowcount == 1

    def end(self, session_id: UUID) -> None:
        self.connection.execute(sa.delete(sessions).where(sessions.c.id == session_id))

    def end_all(self, account_id: UUID, *, but: UUID | None = None) -> int:
        of_account = sa.delete(sessions).where(sessions.c.account_id == account_id)
        return self.connection.execute(of_account.where(sessions.c.id != but) if but else of_account).rowcount

    def sweep(self, now: datetime) -> None:
        gone = sa.select(accounts.c.id).where(accounts.c.delete_time.is_not(None))  # one that was opened while its account went
        dead = sa.or_(sessions.c.end_time <= now, sessions.c.last_use_time <= now - IDLE, sessions.c.account_id.in_(gone))
        self.connection.execute(sa.delete(sessions).where(dead))
