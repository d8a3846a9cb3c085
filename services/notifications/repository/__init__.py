"""SQL: tables are SQLAlchemy Core, and this folder alone knows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection, Engine

from libs import database
from services.notifications.repository.customers import SqlCustomers, SqlDeletedContacts
from services.notifications.repository.dispatches import SqlDispatches
from services.notifications.repository.erasures import SqlErasures
from services.notifications.repository.holding import SqlHolding
from services.notifications.repository.messages import SqlMessages
from services.notifications.repository.opens import SqlOpens
from services.notifications.repository.personal import SqlPersonalData
from services.notifications.repository.revisions import SqlRevisions
from services.notifications.repository.suppressions import SqlSuppressions

__all__ = ["SqlUnitOfWork", "reading"]


class SqlRepositories:
    connection: Connection

    @property
    def dispatches(self) -> SqlDispatches:
        return SqlDispatches(self.connection)

    @property
    def messages(self) -> SqlMessages:
        return SqlMessages(self.connection)

    @property
    def suppressions(self) -> SqlSuppressions:
        return SqlSuppressions(self.connection)

    @property
    def customers(self) -> SqlCustomers:
        return SqlCustomers(self.connection)

    @property
    def deleted_contacts(self) -> SqlDeletedContacts:
        return SqlDeletedContacts(self.connection)

    @property
    def erasures(self) -> SqlErasures:
        return SqlErasures(self.connection)

    @property
    def holding(self) -> SqlHolding:
        return SqlHolding(self.connection)

    @property
    def opens(self) -> SqlOpens:
        return SqlOpens(self.connection)

    @property
    def personal_data(self) -> SqlPersonalData:
        return SqlPersonalData(self.connection)

    @property
    def revisions(self) -> SqlRevisions:
        return SqlRevisions(self.connection)


class SqlUnitOfWork(database.SqlUnitOfWork, SqlRepositories):
    """All repositories on one transaction."""


class SqlReader(SqlRepositories):
    def __init__(self, connection: Connection) -> None:
        self.connection = connection


@contextmanager
def reading(engine: Engine) -> Iterator[SqlRepositories]:
    """Give repositories for reading alone. engine: libs.database.reader(…)."""
    with engine.connect() as connection:
        yield SqlReader(connection)
