"""What stands beside an account and says who a person is, or where from and with what it came."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.identity.repository.tables import (
    acceptances,
    authorization_codes,
    families,
    known_devices,
    link_codes,
    link_requests,
    links,
    provider_identities,
    sessions,
)


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

    def accepted(self, account_id: UUID) -> bool:
        return self.connection.execute(sa.select(acceptances.c.id).where(acceptances.c.account_id == account_id)).first() is not None
