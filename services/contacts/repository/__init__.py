"""SQL of contacts: tables, one repository per resource, the unit of work; PostgreSQL or SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.engine import Connection, Engine

from libs import database
from libs.unit_of_work import Clock
from services.contacts.repository.activities import SqlActivities
from services.contacts.repository.affiliations import SqlAffiliations
from services.contacts.repository.bulk import SqlBulk
from services.contacts.repository.contact_roles import SqlContactRoles
from services.contacts.repository.contacts import SqlContacts
from services.contacts.repository.customers import SqlCustomers
from services.contacts.repository.duplicates import SqlDuplicates
from services.contacts.repository.erasures import SqlErasures
from services.contacts.repository.fields import SqlFields
from services.contacts.repository.groups import SqlGroups
from services.contacts.repository.imports import SqlImports
from services.contacts.repository.leads import SqlLeads
from services.contacts.repository.merges import SqlMerges
from services.contacts.repository.notes import SqlNotes
from services.contacts.repository.past import SqlPast
from services.contacts.repository.personal import SqlPersonalData
from services.contacts.repository.settings import SqlSettings
from services.contacts.repository.sub_contacts import SqlSubContacts
from services.contacts.repository.tables import metadata
from services.contacts.repository.views import SqlViews


class _Repositories:
    connection: Connection
    clock: Clock

    @property
    def customers(self) -> SqlCustomers:
        return SqlCustomers(self.connection)

    @property
    def contacts(self) -> SqlContacts:
        return SqlContacts(self.connection)

    @property
    def affiliations(self) -> SqlAffiliations:
        return SqlAffiliations(self.connection, self.clock)

    @property
    def sub_contacts(self) -> SqlSubContacts:
        return SqlSubContacts(self.connection)

    @property
    def duplicates(self) -> SqlDuplicates:
        return SqlDuplicates(self.connection)

    @property
    def bulk(self) -> SqlBulk:
        return SqlBulk(self.connection, self.clock)

    @property
    def groups(self) -> SqlGroups:
        return SqlGroups(self.connection)

    @property
    def contact_roles(self) -> SqlContactRoles:
        return SqlContactRoles(self.connection, self.clock)

    @property
    def leads(self) -> SqlLeads:
        return SqlLeads(self.connection)

    @property
    def fields(self) -> SqlFields:
        return SqlFields(self.connection)

    @property
    def merges(self) -> SqlMerges:
        return SqlMerges(self.connection)

    @property
    def notes(self) -> SqlNotes:
        return SqlNotes(self.connection)

    @property
    def views(self) -> SqlViews:
        return SqlViews(self.connection)

    @property
    def erasures(self) -> SqlErasures:
        return SqlErasures(self.connection)

    @property
    def imports(self) -> SqlImports:
        return SqlImports(self.connection)

    @property
    def settings(self) -> SqlSettings:
        return SqlSettings(self.connection, self.clock)

    @property
    def activities(self) -> SqlActivities:
        return SqlActivities(self.connection)

    @property
    def personal_data(self) -> SqlPersonalData:
        return SqlPersonalData(self.connection)

    @property
    def past(self) -> SqlPast:
        return SqlPast(self.connection)


class SqlUnitOfWork(_Repositories, database.SqlUnitOfWork):
    """One transaction of contacts."""


@dataclass
class SqlRepositories(_Repositories):
    """Repositories on a connection without a transaction."""

    connection: Connection
    clock: Clock = lambda: datetime.now(UTC)


@contextmanager
def reading(engine: Engine) -> Iterator[SqlRepositories]:
    """Give repositories for reading alone. engine: libs.database.reader(…)."""
    with engine.connect() as connection:
        yield SqlRepositories(connection)


__all__ = ["SqlRepositories", "SqlUnitOfWork", "metadata", "reading"]
