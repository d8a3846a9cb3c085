"""What stands beside an account and says who a person is, or where from and with what it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.identity.repository.tables import (
    acceptances,
    authorization_codes,
    factors,
    families,
    known_devices,
    link_codes,
    link_requests,
    links,
    provider_identities,
    sessions,
)

# What the person gets of it: no hash, no token, no key.
_SHOWN: dict[str, tuple[sa.Column[Any], ...]] = {
    "session": (
        sessions.c.account_id,
        sessions.c.create_time,
        sessions.c.method,
        sessions.c.last_use_time,
        sessions.c.end_time,
        sessions.c.ip_address,
        sessions.c.user_agent,
        sessions.c.landing,
    ),
    "link": (
        links.c.account_id,
        links.c.create_time,
        links.c.purpose,
        links.c.login,
        links.c.message,
        links.c.landing,
        links.c.expire_time,
        links.c.use_time,
        links.c.use_ip_address,
        links.c.cancel_time,
    ),
    "acceptance": (
        acceptances.c.account_id,
        acceptances.c.accept_time,
        acceptances.c.label,
        acceptances.c.language_code,
        acceptances.c.text_sha256,
        acceptances.c.ip_address,
        acceptances.c.user_agent,
    ),
    "factor": (factors.c.account_id, factors.c.create_time, factors.c.kind, factors.c.display_name, factors.c.last_use_time),
    "known_device": (known_devices.c.account_id, known_devices.c.update_time),
    "provider_identity": (
        provider_identities.c.account_id,
        provider_identities.c.create_time,
        provider_identities.c.issuer,
        provider_identities.c.subject,
    ),
    "application": (families.c.account_id, families.c.create_time, families.c.client_id, families.c.scope, families.c.ended),
}


@dataclass(frozen=True)
class SqlPersonalData:
    connection: Connection

    def erase(self, account_id: UUID, email: str) -> int:
        """Remove it and return how many rows it was. Of an acceptance version and time stay: they prove that there was one."""
        typed = sa.func.lower(sa.func.trim(link_requests.c.email)) == email.strip().lower()
        gone = [
            sa.delete(link_requests).where(sa.or_(link_requests.c.account_id == account_id, typed if email else sa.false())),
            sa.delete(authorization_codes).where(authorization_codes.c.account_id == account_id),
            sa.delete(families).where(families.c.account_id == account_id),
            *(
                sa.delete(table).where(table.c.account_id == account_id)
                for table in (sessions, link_codes, links, known_devices, provider_identities)
            ),
            sa.update(acceptances)
            .where(acceptances.c.account_id == account_id, sa.or_(acceptances.c.ip_address != "", acceptances.c.user_agent != ""))
            .values(ip_address="", user_agent=""),
        ]
        return sum(self.connection.execute(statement).rowcount for statement in gone)

    def rows(self, account_id: UUID) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give what stands beside an account, each row with its kind, the oldest first."""
        for kind, (of_account, time, *others) in _SHOWN.items():
            query = sa.select(time, *others).where(of_account == account_id).order_by(time)
            for row in self.connection.execute(query):
                yield kind, dict(row._mapping)  # noqa: SLF001 - the public name of a row as a mapping

    def accepted(self, account_id: UUID) -> bool:
        return self.connection.execute(sa.select(acceptances.c.id).where(acceptances.c.account_id == account_id)).first() is not None
