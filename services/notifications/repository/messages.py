"""Messages in SQL: the history, and the queue of what is to be delivered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import ColumnElement

from libs.access import Caller
from libs.database.listing import Columns, select_page
from libs.errors import NotFound
from libs.listing import Listing
from services.notifications import service
from services.notifications.domain.kinds import Reason
from services.notifications.domain.messages import UNSENT, Attempt, Dispatch, Message, State
from services.notifications.domain.selection import WITHHELD, fold
from services.notifications.repository.dispatches import dispatch_of
from services.notifications.repository.tables import attempts, deleted_contacts, dispatches, messages, suppressions, visible

_WAITING = [State.QUEUED.value, State.DEFERRED.value, State.CLAIMED.value]
_COLUMNS: Columns = {
    "create_time": messages.c.create_time,
    "contact": messages.c.contact_id,
    "customer": messages.c.customer_id,
    "dispatch": messages.c.dispatch_id,
    "subject_resource": messages.c.subject,
    "kind": messages.c.kind,
    "state": messages.c.state,
}


@dataclass(frozen=True)
class SqlMessages:
    connection: Connection

    def add(self, new: Sequence[Message]) -> None:
        if new:
            self.connection.execute(sa.insert(messages), [_row(message) for message in new])

    # --- history ---------------------------------------------------------------------------------------------------------------------
    def get(self, message_id: UUID, caller: Caller) -> tuple[Message, Dispatch]:
        query = sa.select(messages).where(messages.c.id == message_id, visible(messages.c.customer_id, caller))
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"messages/{message_id} does not exist")
        return message_of(row, self._attempts(message_id)), self._dispatches([row.dispatch_id])[row.dispatch_id]

    def _attempts(self, message_id: UUID) -> tuple[Attempt, ...]:
        query = sa.select(attempts).where(attempts.c.message_id == message_id).order_by(attempts.c.number)
        return tuple(Attempt(row.number, row.time, State(row.state), row.reply) for row in self.connection.execute(query))

    def _dispatches(self, ids: Collection[UUID]) -> dict[UUID, Dispatch]:
        rows = self.connection.execute(sa.select(dispatches).where(dispatches.c.id.in_(ids)))
        return {row.id: dispatch_of(row) for row in rows}

    def page(self, caller: Caller, listing: Listing) -> tuple[Sequence[Message], str]:
        query = sa.select(messages).where(visible(messages.c.customer_id, caller))
        for word in listing.query.split()[:10]:
            query = query.where(messages.c.words.contains(fold(word), autoescape=True))
        rows, token = select_page(self.connection, query, listing, _COLUMNS, messages.c.id)
        return [message_of(row) for row in rows], token

    def of_person(self, dispatch_id: UUID, person: str) -> Message | None:
        row = self.connection.execute(
            sa.select(messages).where(messages.c.dispatch_id == dispatch_id, messages.c.person == person)
        ).one_or_none()
        return None if row is None else message_of(row)

    # --- delivery --------------------------------------------------------------------------------------------------------------------
    def claim(self, limit: int, now: datetime, lease_until: datetime) -> Sequence[tuple[Message, Dispatch]]:
        due = (
            sa.select(messages.c.id)
            .where(messages.c.due_time <= now, messages.c.state.in_(_WAITING))
            .order_by(messages.c.due_time)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = (
            sa.update(messages)
            .where(messages.c.id.in_(due.scalar_subquery()))
            .values(state=State.CLAIMED.value, attempt=messages.c.attempt + 1, due_time=lease_until, version=messages.c.version + 1)
            .returning(messages)
        )
        found = sorted((message_of(row) for row in self.connection.execute(taken)), key=lambda message: (message.create_time, message.id))
        of = self._dispatches({message.dispatch_id for message in found}) if found else {}
        return [(message, of[message.dispatch_id]) for message in found]

    def enter_data(self, entering: Sequence[Message], lease_until: datetime) -> Mapping[UUID, str]:
        refused = sa.select(suppressions.c.address).where(suppressions.c.address == messages.c.folded_address)
        gone = sa.select(deleted_contacts.c.contact_id).where(deleted_contacts.c.contact_id == messages.c.contact_id)
        mark = (
            sa.update(messages)
            .where(_ours(entering), messages.c.state == State.CLAIMED.value, ~refused.exists(), ~gone.exists())
            .values(state=State.TRANSMITTING.value, due_time=lease_until, version=messages.c.version + 1)
            .returning(messages.c.id)
        )
        marked = set(self.connection.execute(mark).scalars())
        held = [message for message in entering if message.id not in marked]
        return {**dict.fromkeys(marked, ""), **(self._blocks(held) if held else {})}

    def _blocks(self, held: Sequence[Message]) -> dict[UUID, str]:
        """What stops a message whatever was decided before: the person is gone, or the address was refused for good."""
        people = [message.contact_id for message in held if message.contact_id is not None]
        gone = set(
            self.connection.execute(sa.select(deleted_contacts.c.contact_id).where(deleted_contacts.c.contact_id.in_(people))).scalars()
        )
        query = sa.select(suppressions).where(suppressions.c.address.in_([fold(message.to_address) for message in held]))
        refused = {row.address: row.failure for row in self.connection.execute(query)}
        blocks: dict[UUID, str] = {}
        for message in held:
            if message.contact_id in gone:
                blocks[message.id] = "CANCEL_PERSON_GONE"
            elif fold(message.to_address) in refused:
                blocks[message.id] = refused[fold(message.to_address)]
        return blocks

    def settle(self, settled: Sequence[service.Settled], now: datetime) -> set[UUID]:
        """States are written one statement per outcome: a round mostly ends with one."""
        written: set[UUID] = set()
        groups: dict[tuple[State, str, datetime | None, Reason | None], list[Message]] = {}
        for one in settled:
            groups.setdefault((one.outcome.state, one.outcome.failure, one.due_time, one.reason), []).append(one.message)
        for (state, failure, due_time, reason), of_group in groups.items():
            change = (
                sa.update(messages)
                .where(_ours(of_group), messages.c.state.in_(["CLAIMED", "TRANSMITTING", "UNCERTAIN"]))
                .values(
                    state=state.value,
                    failure=failure,
                    due_time=due_time,
                    send_time=now if state is State.SENT else None,
                    version=messages.c.version + 1,
                    **({"reason": reason.value, "seen": WITHHELD[reason]} if reason is not None else {}),
                )
                .returning(messages.c.id)
            )
            written |= set(self.connection.execute(change).scalars())
        rows = [
            {
                "message_id": one.message.id,
                "number": one.message.attempt,
                "time": now,
                "state": one.outcome.state.value,
                "reply": one.outcome.reply[:500],
            }
            for one in settled
            if one.message.id in written
        ]
        if rows:
            self.connection.execute(sa.insert(attempts), rows)
        return written

    def waiting(self) -> Mapping[State, tuple[int, datetime]]:
        """By the index of what is due, which holds nothing else."""
        query = sa.select(messages.c.state, sa.func.count(), sa.func.min(messages.c.create_time)).where(messages.c.due_time.is_not(None))
        return {State(state): (count, oldest) for state, count, oldest in self.connection.execute(query.group_by(messages.c.state))}

    def uncertain(self, since: datetime) -> int:
        query = sa.select(sa.func.count()).where(messages.c.state == sa.literal_column("'UNCERTAIN'"), messages.c.create_time >= since)
        return int(self.connection.execute(query).scalar_one())

    def give_up_lost(self, now: datetime) -> int:
        lost = (
            sa.update(messages)
            .where(messages.c.due_time <= now, messages.c.state == State.TRANSMITTING.value)
            .values(state=State.UNCERTAIN.value, due_time=None, version=messages.c.version + 1)
            .returning(messages.c.id)
        )
        return len(self.connection.execute(lost).all())

    def doubt(self, sure_from: UUID, failure: str) -> int:
        doubted = (
            sa.update(messages)
            .where(messages.c.due_time.is_not(None), messages.c.state.in_(_WAITING), messages.c.event_id < sure_from)
            .values(
                state=State.UNCERTAIN.value,
                failure=failure,
                due_time=None,
                attempt=messages.c.attempt + 1,  # whoever holds a claim has lost it
                version=messages.c.version + 1,
            )
            .returning(messages.c.id)
        )
        return len(self.connection.execute(doubted).all())

    def cancel_of(self, contact_id: UUID, failure: str) -> int:
        cancelled = (
            sa.update(messages)
            .where(messages.c.contact_id == contact_id, messages.c.state.in_([state.value for state in UNSENT]))
            .values(
                state=State.CANCELLED.value,
                failure=failure,
                due_time=None,
                attempt=messages.c.attempt + 1,  # whoever holds a claim has lost it
                version=messages.c.version + 1,
            )
            .returning(messages.c.id)
        )
        return len(self.connection.execute(cancelled).all())


def _ours(claimed: Sequence[Message]) -> ColumnElement[bool]:
    """Only while this very attempt still holds."""
    return sa.tuple_(messages.c.id, messages.c.attempt).in_([(message.id, message.attempt) for message in claimed])


_OWN = [column.name for column in messages.columns if column.name not in {"words", "folded_address"}]  # of the entity itself


def _row(message: Message) -> dict[str, Any]:
    row = {name: getattr(message, name) for name in _OWN}
    row["reason"], row["state"] = message.reason.value, message.state.value
    row["folded_address"] = fold(message.to_address)
    row["words"] = fold(f"{message.to_address} {message.first_name} {message.last_name} {message.subject}")[:600]
    return row


def message_of(row: Row[Any], tried: tuple[Attempt, ...] = ()) -> Message:
    values = {name: getattr(row, name) for name in _OWN}
    return Message(**{**values, "reason": Reason(values["reason"]), "state": State(values["state"])}, attempts=tried)
