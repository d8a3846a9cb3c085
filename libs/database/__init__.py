"""SQL for all services, PostgreSQL or SQLite: engines, types, the unit of work with outbox, inbox and request ids, and migrations."""

from libs.database.bulk import insert_all, insert_missing
from libs.database.delivery import RETURNED_WAIT, InboxAttempts, OutboxRows, sweep
from libs.database.engines import connect, insert, is_transient, planned_anew, reader, ready
from libs.database.migrations import SchemaBehind, migrate, newest, require_schema, revision
from libs.database.schema import NAMING, SHARED_TABLES, inbox, metadata, outbox, requests, tables
from libs.database.types import Cents, JsonObject, UtcDateTime, without_key
from libs.database.unit_of_work import OUTBOX_CHANNEL, SqlUnitOfWork, refusals
from libs.database.waiting import Waiter, signal

__all__ = [
    "NAMING",
    "OUTBOX_CHANNEL",
    "RETURNED_WAIT",
    "SHARED_TABLES",
    "Cents",
    "InboxAttempts",
    "JsonObject",
    "OutboxRows",
    "SchemaBehind",
    "SqlUnitOfWork",
    "UtcDateTime",
    "Waiter",
    "connect",
    "inbox",
    "insert",
    "insert_all",
    "insert_missing",
    "is_transient",
    "metadata",
    "migrate",
    "newest",
    "outbox",
    "planned_anew",
    "reader",
    "ready",
    "refusals",
    "requests",
    "require_schema",
    "revision",
    "signal",
    "sweep",
    "tables",
    "without_key",
]
