"""The entries of the audit and the heads of its chains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs import database
from libs.database.listing import Columns, select_page, where
from libs.listing import Comparison, Listing, Value
from services.identity.domain.audit import GENESIS, Entry, Head
from services.identity.repository.tables import audit_chains, audit_entries, sessions
from services.identity.service import SignedHead

_BATCH = 2000


def _about(compared: str, value: Value) -> ColumnElement[bool]:
    """The resource by its name; with ":" and an id, whatever is named by it: its account, its sessions, its affiliations."""
    if compared == ":":
        try:
            wanted = UUID(str(value).rpartition("/")[2])
        except ValueError:
            pass
        else:
            return sa.or_(audit_entries.c.first_id == wanted, audit_entries.c.last_id == wanted)
    return where(Comparison("resource", compared, value), {"resource": audit_entries.c.resource})


_STORED = [column for column in audit_entries.c if column.name not in {"first_id", "last_id"}]  # what the hash covers, and the hash
_COLUMNS: Columns = {
    "service": audit_entries.c.service,
    "actor": audit_entries.c.actor,
    "method": audit_entries.c.method,
    "resource": _about,
    "result": audit_entries.c.result,
    "create_time": audit_entries.c.create_time,
}


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        service=row.service,
        actor=row.actor,
        method=row.method,
        resource=row.resource,
        result=row.result,
        create_time=row.create_time,
        changed_fields=tuple(row.changed_fields.split()),
        session_id=row.session_id,
        ip_address=row.ip_address,
        request_id=row.request_id,
        sequence=row.sequence,
        chain_sha256=row.chain_sha256,
    )


def _row(entry: Entry) -> dict[str, Any]:
    first, last = entry.ids
    ids = {"id": entry.id, "session_id": entry.session_id, "first_id": first, "last_id": last}
    return {**entry.fields(), **ids, "changed_fields": " ".join(entry.changed_fields), "create_time": entry.create_time} | {
        "chain_sha256": entry.chain_sha256
    }


@dataclass(frozen=True)
class SqlAudit:
    connection: Connection

    # --- in --------------------------------------------------------------------------------------------------------------------------
    def lock(self, service: str) -> Head:
        first = {"service": service, "sequence": 0, "chain_sha256": GENESIS, "signed_sequence": 0, "signed_sha256": "", "signature": ""}
        self.connection.execute(database.insert(self.connection, audit_chains).values(first).on_conflict_do_nothing())
        held = sa.select(audit_chains).where(audit_chains.c.service == service).with_for_update()
        row = self.connection.execute(held).one()
        return Head(service, row.sequence, row.chain_sha256)

    def add(self, entries: Sequence[Entry]) -> None:
        last = entries[-1]
        self.connection.execute(sa.insert(audit_entries), [_row(entry) for entry in entries])
        moved = sa.update(audit_chains).where(audit_chains.c.service == last.service)
        self.connection.execute(moved.values(sequence=last.sequence, chain_sha256=last.chain_sha256))

    def addresses(self, session_ids: AbstractSet[UUID]) -> dict[UUID | None, str]:
        """Return the addresses of sessions; of one that has ended, what an earlier entry of it says."""
        found: dict[UUID | None, str] = {}
        if session_ids:
            live = sa.select(sessions.c.id, sessions.c.ip_address).where(sessions.c.id.in_(session_ids))
            found |= {row[0]: row[1] for row in self.connection.execute(live)}
        if ended := session_ids - found.keys():  # asked for these alone: a session that goes on may have very many entries
            earlier = (
                sa.select(audit_entries.c.session_id, sa.func.max(audit_entries.c.ip_address))
                .where(audit_entries.c.session_id.in_(ended), audit_entries.c.ip_address != "")
                .group_by(audit_entries.c.session_id)
            )
            found |= {row[0]: row[1] for row in self.connection.execute(earlier)}
        return found

    # --- out -------------------------------------------------------------------------------------------------------------------------
    def page(self, listing: Listing) -> tuple[Sequence[Entry], str]:
        rows, following = select_page(self.connection, sa.select(audit_entries), listing, _COLUMNS, audit_entries.c.id)
        return [_entry(row) for row in rows], following

    def batches(self, listing: Listing) -> Iterator[Sequence[Entry]]:
        wanted = sa.true() if listing.filter is None else where(listing.filter, _COLUMNS)
        for service in self.services():
            last = 0
            while batch := self._batch(wanted, service, last):
                yield batch
                last = batch[-1].sequence

    def chain(self, service: str, after: int, until: int) -> Iterator[Entry]:
        within = audit_entries.c.sequence <= until
        while batch := self._batch(within, service, after):
            yield from batch
            after = batch[-1].sequence

    def _batch(self, wanted: ColumnElement[bool], service: str, after: int) -> list[Entry]:
        """Return the next entries; each batch is a statement of its own, so that nothing waits for a long read."""
        of_chain = sa.select(*_STORED).where(audit_entries.c.service == service, audit_entries.c.sequence > after, wanted)
        return [_entry(row) for row in self.connection.execute(of_chain.order_by(audit_entries.c.sequence).limit(_BATCH))]

    # --- heads -----------------------------------------------------------------------------------------------------------------------
    def services(self) -> list[str]:
        return list(self.connection.execute(sa.select(audit_chains.c.service).order_by(audit_chains.c.service)).scalars())

    def head(self, service: str) -> Head:
        row = self._of(service)
        return Head(service, row.sequence, row.chain_sha256) if row is not None else Head(service)

    def signed(self, service: str) -> SignedHead | None:
        row = self._of(service)
        if row is None or not row.signature:
            return None
        return SignedHead(Head(service, row.signed_sequence, row.signed_sha256), row.signature)

    def _of(self, service: str) -> Row[Any] | None:
        return self.connection.execute(sa.select(audit_chains).where(audit_chains.c.service == service)).one_or_none()

    def sign(self, signed: SignedHead, now: datetime) -> None:
        head = signed.head
        values = {"signed_sequence": head.sequence, "signed_sha256": head.chain_sha256, "signature": signed.signature, "sign_time": now}
        newer = (audit_chains.c.service == head.service, audit_chains.c.signed_sequence <= head.sequence)
        self.connection.execute(sa.update(audit_chains).where(*newer).values(values))
