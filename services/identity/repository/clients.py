"""OAuth 2 clients: their settings, secrets as HMACs, the codes given for them, and the assertions that they used."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from libs import database
from services.identity.domain.clients import AuthorizationCode, ClientMetadata
from services.identity.repository.tables import authorization_codes, clients, used_assertions
from services.identity.repository.vault import Vault


# --- settings: loaded and saved with their accounts --------------------------------------------------------------------------------------
def metadata_of(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, ClientMetadata]:
    rows = connection.execute(sa.select(clients).where(clients.c.account_id.in_(account_ids)))
    return {row.account_id: ClientMetadata(tuple(row.redirect_uris.split()), row.key_set, row.first_party) for row in rows}


def save_metadata(connection: Connection, account_id: UUID, saved: ClientMetadata) -> None:
    values = {"redirect_uris": " ".join(saved.redirect_uris), "key_set": saved.key_set, "first_party": saved.first_party}
    row = database.insert(connection, clients).values(account_id=account_id, **values)
    connection.execute(row.on_conflict_do_update(index_elements=[clients.c.account_id], set_=values))


@dataclass(frozen=True)
class SqlClients:
    connection: Connection
    vault: Vault

    # --- secrets -----------------------------------------------------------------------------------------------------------------
    def secret(self, seed: str) -> str:
        return self.vault.derived_secret("client secret", seed)

    def rotate(self, account_id: UUID, secret: str, old_until: datetime | None) -> None:
        changed = {
            "old_secret_hash": clients.c.secret_hash if old_until else None,
            "old_secret_until": old_until,
            "secret_hash": self._secret_hash(secret),
        }
        self.connection.execute(sa.update(clients).where(clients.c.account_id == account_id).values(changed))

    def has_secret(self, account_id: UUID) -> bool:
        query = sa.select(clients.c.account_id).where(clients.c.account_id == account_id, clients.c.secret_hash.is_not(None))
        return self.connection.execute(query).first() is not None

    def authenticates(self, account_id: UUID, secret: str, now: datetime) -> bool:
        row = self.connection.execute(sa.select(clients).where(clients.c.account_id == account_id)).one_or_none()
        if row is None:
            return False
        valid = [row.secret_hash, row.old_secret_hash if row.old_secret_until and now < row.old_secret_until else None]
        given = self._secret_hash(secret)
        return any(hmac.compare_digest(given, stored) for stored in valid if stored)

    def _secret_hash(self, secret: str) -> bytes:
        return self.vault.digest("client secret", secret)

    # --- codes and assertions ----------------------------------------------------------------------------------------------------
    def add_code(self, code: AuthorizationCode, token: str) -> None:
        self.connection.execute(sa.insert(authorization_codes).values({"code_hash": self._code_hash(token), **vars(code)}))

    def use_code(self, token: str, now: datetime) -> AuthorizationCode | None:
        usable = (
            authorization_codes.c.code_hash == self._code_hash(token),
            authorization_codes.c.use_time.is_(None),
            authorization_codes.c.expire_time > now,
        )
        used = sa.update(authorization_codes).where(*usable).values(use_time=now).returning(authorization_codes)
        return _code(self.connection.execute(used).one_or_none())

    def find_code(self, token: str) -> AuthorizationCode | None:
        query = sa.select(authorization_codes).where(authorization_codes.c.code_hash == self._code_hash(token))
        return _code(self.connection.execute(query).one_or_none())

    def _code_hash(self, token: str) -> bytes:
        return self.vault.digest("authorization code", token)

    def use_assertion(self, client_id: UUID, assertion_id: str, expire_time: datetime) -> bool:
        row = {"id_hash": self.vault.digest("assertion", f"{client_id} {assertion_id}"), "expire_time": expire_time}
        new = database.insert(self.connection, used_assertions).values(row).on_conflict_do_nothing()
        return self.connection.execute(new.returning(used_assertions.c.id_hash)).first() is not None

    def sweep(self, now: datetime) -> None:
        """Forget assertions that nobody could use again; codes go with their sessions, so that each reuse is noticed."""
        self.connection.execute(sa.delete(used_assertions).where(used_assertions.c.expire_time < now))


def _code(row: Row[Any] | None) -> AuthorizationCode | None:
    if row is None:
        return None
    return AuthorizationCode(
        client_id=row.client_id,
        account_id=row.account_id,
        session_id=row.session_id,
        family_id=row.family_id,
        redirect_uri=row.redirect_uri,
        code_challenge=row.code_challenge,
        scope=row.scope,
        nonce=row.nonce,
        expire_time=row.expire_time,
    )
