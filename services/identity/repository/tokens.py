"""Refresh tokens in families, and signing keys, encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs import database, telemetry
from services.identity.domain.tokens import SigningKey
from services.identity.repository.tables import families, keys, refresh_tokens
from services.identity.repository.vault import Vault
from services.identity.service import Family

log = telemetry.logger(__name__)


def _family(row: Row[Any] | None) -> Family | None:
    return None if row is None else Family(row.id, row.account_id, row.session_id, row.client_id, row.scope)


@dataclass(frozen=True)
class SqlFamilies:
    connection: Connection
    vault: Vault

    def _hash(self, token: str) -> bytes:
        return self.vault.digest("refresh token", token)

    def add(self, family: Family, token: str, now: datetime) -> None:
        self.connection.execute(sa.insert(families).values({**vars(family), "create_time": now, "ended": False}))
        self.renew(family.id, token, now)

    def renew(self, family_id: UUID, token: str, now: datetime) -> None:
        row = {"token_hash": self._hash(token), "family_id": family_id, "create_time": now}
        self.connection.execute(sa.insert(refresh_tokens).values(row))

    def spend(self, token: str, now: datetime) -> Family | None:
        alive = sa.exists().where(families.c.id == refresh_tokens.c.family_id, sa.not_(families.c.ended))
        spent = (
            sa.update(refresh_tokens)
            .where(refresh_tokens.c.token_hash == self._hash(token), refresh_tokens.c.use_time.is_(None), alive)
            .values(use_time=now)
            .returning(refresh_tokens.c.family_id)
        )
        family_id = self.connection.execute(spent).scalar_one_or_none()
        if family_id is None:
            return None
        return _family(self.connection.execute(sa.select(families).where(families.c.id == family_id)).one_or_none())

    def find(self, token: str) -> Family | None:
        query = sa.select(families).join(refresh_tokens).where(refresh_tokens.c.token_hash == self._hash(token))
        return _family(self.connection.execute(query).one_or_none())

    def live(self, family_id: UUID) -> bool:
        query = sa.select(families.c.id).where(families.c.id == family_id, sa.not_(families.c.ended))
        return self.connection.execute(query).first() is not None

    def end(self, family_id: UUID) -> None:
        self.connection.execute(sa.update(families).where(families.c.id == family_id).values(ended=True))

    def end_of_client(self, client_id: UUID) -> None:
        self.connection.execute(sa.update(families).where(families.c.client_id == client_id).values(ended=True))


@dataclass(frozen=True)
class SqlKeys:
    connection: Connection
    vault: Vault

    def all(self) -> list[SigningKey]:
        """Return the keys, the oldest first; one that was encrypted under another secret is as good as gone."""
        found = []
        for row in self.connection.execute(sa.select(keys).order_by(keys.c.use_time, keys.c.id)):
            secret = self.vault.decrypt(row.secret, row.id)
            if secret is None:
                log.warning("signing key cannot be decrypted", key=row.id)
            else:
                found.append(SigningKey(row.id, secret, row.create_time, row.use_time))
        return found

    def last_number(self) -> int:
        return int(self.connection.execute(sa.select(sa.func.coalesce(sa.func.max(keys.c.number), 0))).scalar_one())

    def add(self, key: SigningKey, number: int) -> None:
        row = {
            "id": key.id,
            "number": number,
            "secret": self.vault.encrypt(key.secret, key.id),
            "create_time": key.create_time,
            "use_time": key.use_time,
        }
        self.connection.execute(database.insert(self.connection, keys).values(row).on_conflict_do_nothing(index_elements=[keys.c.number]))

    def delete(self, key_id: str) -> None:
        self.connection.execute(sa.delete(keys).where(keys.c.id == key_id))
