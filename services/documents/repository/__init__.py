"""SQL of documents; the tables are known here alone."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from sqlalchemy.engine import Connection, Engine

from libs import database
from services.documents.repository.customers import SqlCustomers
from services.documents.repository.invoices import SqlInvoices
from services.documents.repository.payments import SqlPayments
from services.documents.repository.renditions import SqlRenditions
from services.documents.repository.settings import SqlNumbers, SqlSettings
from services.documents.repository.tables import metadata

__all__ = ["SqlReader", "SqlUnitOfWork", "metadata"]


class _Repositories:
    connection: Connection

    @property
    def invoices(self) -> SqlInvoices:
        return SqlInvoices(self.connection)

    @property
    def payments(self) -> SqlPayments:
        return SqlPayments(self.connection)

    @property
    def customers(self) -> SqlCustomers:
        return SqlCustomers(self.connection)

    @property
    def numbers(self) -> SqlNumbers:
        return SqlNumbers(self.connection)

    @property
    def settings(self) -> SqlSettings:
        return SqlSettings(self.connection)

    @property
    def renditions(self) -> SqlRenditions:
        return SqlRenditions(self.connection)


class SqlReader(_Repositories):
    """Reads without a transaction, on the engine that database.reader gives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        self.connection = self._engine.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()


class SqlUnitOfWork(_Repositories, database.SqlUnitOfWork):
    """One transaction of documents."""
