"""SQL: the unit of work of identity and its repositories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql import ColumnElement

from libs import database
from libs.database import UtcDateTime
from services.identity.repository.accounts import SqlAccounts
from services.identity.repository.audit import SqlAudit
from services.identity.repository.clients import SqlClients
from services.identity.repository.factors import SqlChallenges, SqlFactors, SqlRecoveryCodes
from services.identity.repository.links import SqlLinkCodes, SqlLinkRequests, SqlLinks
from services.identity.repository.personal import SqlPersonalData
from services.identity.repository.policies import SqlPolicies
from services.identity.repository.providers import SqlAuthorizationRequests, SqlProviderIdentities
from services.identity.repository.roles import SqlRoles
from services.identity.repository.sessions import SqlSessions
from services.identity.repository.settings import SqlSettings
from services.identity.repository.throttle import SqlThrottle
from services.identity.repository.tokens import SqlFamilies, SqlKeys
from services.identity.repository.vault import Vault

DatabaseNow = Callable[[], ColumnElement[Any]]


def current_timestamp() -> ColumnElement[Any]:
    """The database's clock as SQL; whole seconds on SQLite."""
    return sa.func.current_timestamp(type_=UtcDateTime)


class SqlUnitOfWork(database.SqlUnitOfWork):
    """One transaction, or on a reader's engine single statements that only read.

    database_now: what judges links; tests put a moment of their own there.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        database_now: DatabaseNow = current_timestamp,
    ) -> None:
        super().__init__(engine, "identity", clock)
        self._vault, self._database_now = vault, database_now

    def now(self) -> datetime:
        found: datetime = self.connection.execute(sa.select(self._database_now())).scalar_one()
        return found

    @property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self.connection)

    @property
    def roles(self) -> SqlRoles:
        return SqlRoles(self.connection)

    @property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self.connection, self._vault)

    @property
    def links(self) -> SqlLinks:
        return SqlLinks(self.connection, self._vault, self._database_now())

    @property
    def codes(self) -> SqlLinkCodes:
        return SqlLinkCodes(self.connection, self._vault, self._database_now())

    @property
    def link_requests(self) -> SqlLinkRequests:
        return SqlLinkRequests(self.connection)

    @property
    def policies(self) -> SqlPolicies:
        return SqlPolicies(self.connection)

    @property
    def throttle(self) -> SqlThrottle:
        return SqlThrottle(self.connection, self._vault)

    @property
    def families(self) -> SqlFamilies:
        return SqlFamilies(self.connection, self._vault)

    @property
    def clients(self) -> SqlClients:
        return SqlClients(self.connection, self._vault)

    @property
    def keys(self) -> SqlKeys:
        return SqlKeys(self.connection, self._vault)

    @property
    def factors(self) -> SqlFactors:
        return SqlFactors(self.connection, self._vault)

    @property
    def recovery_codes(self) -> SqlRecoveryCodes:
        return SqlRecoveryCodes(self.connection, self._vault)

    @property
    def challenges(self) -> SqlChallenges:
        return SqlChallenges(self.connection, self._vault)

    @property
    def settings(self) -> SqlSettings:
        return SqlSettings(self.connection)

    @property
    def personal_data(self) -> SqlPersonalData:
        return SqlPersonalData(self.connection)

    @property
    def audit(self) -> SqlAudit:
        return SqlAudit(self.connection)

    @property
    def authorization_requests(self) -> SqlAuthorizationRequests:
        return SqlAuthorizationRequests(self.connection, self._vault)

    @property
    def provider_identities(self) -> SqlProviderIdentities:
        return SqlProviderIdentities(self.connection)
