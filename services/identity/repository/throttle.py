"""How often something was tried, counted in one statement before it is done; and devices that are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs import database
from libs.database import UtcDateTime
from services.identity.domain.tokens import Limit
from services.identity.repository.tables import accounts, known_devices, throttles
from services.identity.repository.vault import Vault

DEVICE_KEPT = timedelta(days=180)
COUNT_KEPT = timedelta(days=1)
SKEW = timedelta(minutes=1)  # `now` of the next try may be earlier than ours: threads overtake one another, clocks differ


@dataclass(frozen=True)
class SqlThrottle:
    connection: Connection
    vault: Vault

    def _key(self, limit: Limit, subject: str) -> bytes:
        return self.vault.digest(f"throttle {limit.name}", subject)

    def hit(self, limit: Limit, subject: str, now: datetime) -> tuple[int, float]:
        """Count a try, unless it comes too early; return how many there were and the seconds to wait, 0 when it may go on.

        The waiting time is set with the count, in the same statement: tries at the same moment are let in one after the other.
        """
        key = self._key(limit, subject)
        since = throttles.c.update_time if limit.idle else throttles.c.start_time
        anew = since < now - timedelta(seconds=limit.window_seconds)
        count = sa.case((anew, 1), else_=throttles.c.count + 1)
        steps = [now + timedelta(seconds=wait) for wait in limit.waits]
        at_once = now - SKEW
        waits = [(count <= limit.free, sa.literal(at_once, UtcDateTime))]
        waits += [(count == limit.free + place, sa.literal(step, UtcDateTime)) for place, step in enumerate(steps, start=1)]
        first = at_once if limit.free else steps[0]
        row = {"key": key, "count": 1, "start_time": now, "update_time": now, "not_before": first}
        counted = (
            database.insert(self.connection, throttles)
            .values(row)
            .on_conflict_do_update(
                index_elements=[throttles.c.key],
                set_={
                    "count": count,
                    "start_time": sa.case((anew, sa.literal(now, UtcDateTime)), else_=throttles.c.start_time),
                    "update_time": now,
                    "not_before": sa.case(*waits, else_=sa.literal(steps[-1], UtcDateTime)),
                },
                where=throttles.c.not_before <= now,
            )
            .returning(throttles.c.count)
        )
        let_in = self.connection.execute(counted).scalar_one_or_none()
        if let_in is not None:
            return int(let_in), 0.0
        held = self.connection.execute(sa.select(throttles.c.count, throttles.c.not_before).where(throttles.c.key == key)).one()
        return int(held[0]), max(1.0, (held.not_before - now).total_seconds())

    def wait(self, limit: Limit, subject: str, now: datetime) -> float:
        query = sa.select(throttles.c.not_before).where(throttles.c.key == self._key(limit, subject))
        not_before = self.connection.execute(query).scalar_one_or_none()
        return max(0.0, (not_before - now).total_seconds()) if not_before is not None else 0.0

    def forget(self, limit: Limit, subject: str) -> None:
        self.connection.execute(sa.delete(throttles).where(throttles.c.key == self._key(limit, subject)))

    def take_back(self, limit: Limit, subject: str) -> None:
        counted = (throttles.c.key == self._key(limit, subject), throttles.c.count > 0)
        self.connection.execute(sa.update(throttles).where(*counted).values(count=throttles.c.count - 1))

    def know(self, account_id: UUID, device: str, now: datetime) -> None:
        row = {"account_id": account_id, "device_hash": self.vault.digest("device", device), "update_time": now}
        seen = database.insert(self.connection, known_devices).values(row)
        keys = [known_devices.c.account_id, known_devices.c.device_hash]
        self.connection.execute(seen.on_conflict_do_update(index_elements=keys, set_={"update_time": now}))

    def known(self, login: str, device: str) -> bool:
        query = (
            sa.select(known_devices.c.update_time)
            .join(accounts, accounts.c.id == known_devices.c.account_id)
            .where(accounts.c.login == login, known_devices.c.device_hash == self.vault.digest("device", device))
        )
        return self.connection.execute(query).first() is not None

    def knows(self, account_id: UUID, device: str) -> bool:
        of_account = (known_devices.c.account_id == account_id, known_devices.c.device_hash == self.vault.digest("device", device))
        return self.connection.execute(sa.select(known_devices.c.update_time).where(*of_account)).first() is not None

    def forget_devices(self, account_id: UUID) -> None:
        self.connection.execute(sa.delete(known_devices).where(known_devices.c.account_id == account_id))

    def sweep(self, now: datetime) -> None:
        self.connection.execute(sa.delete(throttles).where(throttles.c.not_before < now - COUNT_KEPT))
        self.connection.execute(sa.delete(known_devices).where(known_devices.c.update_time < now - DEVICE_KEPT))
