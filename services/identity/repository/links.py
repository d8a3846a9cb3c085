"""One-time links, found by the HMAC of their token and spent by one conditional UPDATE."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs import database
from libs.database.listing import select_page
from libs.errors import NotFound
from libs.listing import Listing
from services.identity.domain import codes as code_rules
from services.identity.domain.accounts import Kind
from services.identity.domain.accounts import State as AccountState
from services.identity.domain.links import Link, Purpose, State
from services.identity.repository.tables import accounts, link_codes, link_requests, links
from services.identity.repository.vault import Vault
from services.identity.service import LinkRequest

KEPT = timedelta(days=180)  # after their end, for whoever asks what became of a link


def _link(row: Row[Any]) -> Link:
    return Link(
        id=row.id,
        account_id=row.account_id,
        purpose=Purpose(row.purpose),
        login=row.login,
        generation=row.generation,
        create_time=row.create_time,
        expire_time=row.expire_time,
        message=row.message,
        landing=row.landing,
        use_time=row.use_time,
        use_ip_address=row.use_ip_address,
        cancel_time=row.cancel_time,
    )


@dataclass(frozen=True)
class SqlLinks:
    """now: the database's clock, or a test's."""

    connection: Connection
    vault: Vault
    now: ColumnElement[Any]

    def _hash(self, token: str) -> bytes:
        return self.vault.digest("link", token)

    def find(self, token: str) -> Link | None:
        row = self.connection.execute(sa.select(links).where(links.c.token_hash == self._hash(token))).one_or_none()
        return None if row is None else _link(row)

    def get(self, account_id: UUID, link_id: UUID) -> Link:
        row = self.connection.execute(sa.select(links).where(links.c.id == link_id, links.c.account_id == account_id)).one_or_none()
        if row is None:
            raise NotFound(f"link {link_id} does not exist")
        return _link(row)

    def page(self, account_id: UUID, listing: Listing) -> tuple[Sequence[Link], str]:
        state = sa.case(
            (links.c.use_time.is_not(None), State.SPENT.value),
            (links.c.cancel_time.is_not(None), State.CANCELLED.value),
            (links.c.expire_time >= self.now, State.USABLE.value),
            else_=State.EXPIRED.value,
        )
        columns = {"purpose": links.c.purpose, "state": state, "create_time": links.c.create_time}
        query = sa.select(links).where(links.c.account_id == account_id)
        rows, following = select_page(self.connection, query, listing, columns, links.c.id)
        return [_link(row) for row in rows], following

    def add(self, new: Sequence[tuple[Link, str]]) -> None:
        if not new:
            return
        rows = [
            {
                "id": link.id,
                "account_id": link.account_id,
                "purpose": link.purpose.value,
                "token_hash": self._hash(token),
                "login": link.login,
                "generation": link.generation,
                "message": link.message,
                "landing": link.landing,
                "create_time": link.create_time,
                "expire_time": link.expire_time,
                "use_ip_address": "",
                "cancel_time": link.cancel_time,
            }
            for link, token in new
        ]
        self.connection.execute(sa.insert(links), rows)

    def use(self, token: str, purposes: Sequence[Purpose], ip_address: str) -> Link | None:
        """Spend a link; None when it is not usable, whatever the reason. Of two at once one gets it."""
        return self._use(links.c.token_hash == self._hash(token), purposes, ip_address)

    def use_by_id(self, link_id: UUID, purposes: Sequence[Purpose], ip_address: str) -> Link | None:
        return self._use(links.c.id == link_id, purposes, ip_address)

    def _use(self, wanted: ColumnElement[bool], purposes: Sequence[Purpose], ip_address: str) -> Link | None:
        of_same_person = sa.exists().where(
            accounts.c.id == links.c.account_id,
            accounts.c.generation == links.c.generation,
            accounts.c.login == links.c.login,
            accounts.c.state != AccountState.DISABLED.value,
            accounts.c.delete_time.is_(None),
        )
        spent = (
            sa.update(links)
            .where(
                wanted,
                links.c.purpose.in_([purpose.value for purpose in purposes]),
                links.c.use_time.is_(None),
                links.c.cancel_time.is_(None),
                links.c.expire_time >= self.now,
                of_same_person,
            )
            .values(use_time=self.now, use_ip_address=ip_address)
            .returning(links)
        )
        row = self.connection.execute(spent).one_or_none()
        return None if row is None else _link(row)

    def cancel(self, account_id: UUID, purposes: Sequence[Purpose] | None = None) -> None:
        wanted = links.c.account_id == account_id
        self._cancel(wanted if purposes is None else wanted & links.c.purpose.in_([purpose.value for purpose in purposes]))

    def cancel_of_messages(self, messages: Sequence[str]) -> None:
        self._cancel(links.c.message.in_({message for message in messages if message}))

    def cancel_one(self, link_id: UUID) -> None:
        self._cancel(links.c.id == link_id)

    def _cancel(self, wanted: ColumnElement[bool]) -> None:
        usable = (links.c.use_time.is_(None), links.c.cancel_time.is_(None))
        self.connection.execute(sa.update(links).where(wanted, *usable).values(cancel_time=self.now))

    def sweep(self, now: datetime) -> None:
        self.connection.execute(sa.delete(links).where(links.c.expire_time < now - KEPT))


@dataclass(frozen=True)
class SqlLinkCodes:
    """now: the database's clock, or a test's."""

    connection: Connection
    vault: Vault
    now: ColumnElement[Any]

    def _hash(self, link_id: UUID, code: str) -> bytes:
        return self.vault.digest("link code", f"{link_id}:{code}")

    def add(self, codes: Sequence[tuple[Link, str]]) -> None:
        for link, code in codes:
            row = {
                "account_id": link.account_id,
                "link_id": link.id,
                "code_hash": self._hash(link.id, code_rules.read(code)),
                "expire_time": link.create_time + code_rules.LIFE,
                "tries": 0,
            }
            added = database.insert(self.connection, link_codes).values(row)
            self.connection.execute(added.on_conflict_do_update(index_elements=[link_codes.c.account_id], set_=row))

    def try_code(self, account_id: UUID, code: str) -> UUID | None:
        """Count the try and compare; None for a wrong code, a dead one or none, which take the same statement and the same work."""
        live = (link_codes.c.account_id == account_id, link_codes.c.tries < code_rules.TRIES, link_codes.c.expire_time >= self.now)
        tried = sa.update(link_codes).where(*live).values(tries=link_codes.c.tries + 1)
        row = self.connection.execute(tried.returning(link_codes.c.link_id, link_codes.c.code_hash)).one_or_none()
        link_id, stored = (row.link_id, row.code_hash) if row is not None else (account_id, b"")
        return link_id if hmac.compare_digest(self._hash(link_id, code), stored) else None

    def forget(self, account_id: UUID) -> None:
        self.connection.execute(sa.delete(link_codes).where(link_codes.c.account_id == account_id))

    def sweep(self, now: datetime) -> None:
        self.connection.execute(sa.delete(link_codes).where(link_codes.c.expire_time < now))


@dataclass(frozen=True)
class SqlLinkRequests:
    connection: Connection

    def add(self, purpose: Purpose, kind: Kind | None, email: str, account_id: UUID | None, landing: str) -> None:
        values = {
            "purpose": purpose.value,
            "kind": kind.value if kind else None,
            "email": email,
            "account_id": account_id,
            "landing": landing,
        }
        self.connection.execute(sa.insert(link_requests).values(values))

    def take(self, limit: int) -> list[LinkRequest]:
        oldest = sa.select(link_requests.c.id).order_by(link_requests.c.id).limit(limit).with_for_update(skip_locked=True)
        taken = sa.delete(link_requests).where(link_requests.c.id.in_(oldest)).returning(link_requests)
        rows = sorted(self.connection.execute(taken).all(), key=lambda row: int(row.id))
        return [
            LinkRequest(row.id, Purpose(row.purpose), Kind(row.kind) if row.kind else None, row.email, row.account_id, row.landing)
            for row in rows
        ]
