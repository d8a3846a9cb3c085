"""Sign-ins that were started at a provider, and which operator a provider's person is."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from libs import database
from services.identity.domain.providers import AuthorizationRequest
from services.identity.repository.tables import authorization_requests, provider_identities
from services.identity.repository.vault import Vault


@dataclass(frozen=True)
class SqlAuthorizationRequests:
    """Nonce and code verifier are made from the state under our key, so that neither has to be kept."""

    connection: Connection
    vault: Vault

    def _hash(self, state: str) -> bytes:
        return self.vault.digest("provider state", state)

    def _request(self, provider_id: str, redirect_uri: str, state: str) -> AuthorizationRequest:
        nonce, verifier = (self.vault.digest(use, state) for use in ("provider nonce", "provider code verifier"))
        return AuthorizationRequest(provider_id, redirect_uri, state, _base64(nonce), _base64(verifier))

    def add(self, provider_id: str, redirect_uri: str, state: str, expire_time: datetime) -> AuthorizationRequest:
        row = {"state_hash": self._hash(state), "provider_id": provider_id, "redirect_uri": redirect_uri, "expire_time": expire_time}
        self.connection.execute(sa.insert(authorization_requests).values(row))
        return self._request(provider_id, redirect_uri, state)

    def take(self, state: str, now: datetime) -> AuthorizationRequest | None:
        mine = sa.delete(authorization_requests).where(authorization_requests.c.state_hash == self._hash(state))
        row = self.connection.execute(mine.returning(authorization_requests)).one_or_none()
        return None if row is None or row.expire_time <= now else self._request(row.provider_id, row.redirect_uri, state)

    def sweep(self, now: datetime) -> None:
        self.connection.execute(sa.delete(authorization_requests).where(authorization_requests.c.expire_time <= now))


@dataclass(frozen=True)
class SqlProviderIdentities:
    connection: Connection

    def find(self, issuer: str, subject: str) -> UUID | None:
        of_person = (provider_identities.c.issuer == issuer, provider_identities.c.subject == subject)
        return self.connection.execute(sa.select(provider_identities.c.account_id).where(*of_person)).scalar_one_or_none()

    def link(self, issuer: str, subject: str, account_id: UUID, now: datetime) -> bool:
        row = {"issuer": issuer, "subject": subject, "account_id": account_id, "create_time": now}
        self.connection.execute(database.insert(self.connection, provider_identities).values(row).on_conflict_do_nothing())
        return self.find(issuer, subject) == account_id

    def forget(self, account_id: UUID) -> None:
        self.connection.execute(sa.delete(provider_identities).where(provider_identities.c.account_id == account_id))


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
