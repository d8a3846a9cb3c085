"""What tests of every service share about the audit."""

from __future__ import annotations

import sqlalchemy as sa
from recapito.platform.events.v1.events_pb2 import AuditEntryRecorded

from libs import database
from libs.messaging.event import type_of

AUDIT_ENTRY = type_of(AuditEntryRecorded)


def entries_in_outbox(engine: sa.Engine) -> list[AuditEntryRecorded]:
    """Return the audit entries that wait to be announced, oldest first."""
    query = database.outbox.select().where(database.outbox.c.type == AUDIT_ENTRY).order_by(database.outbox.c.seq)
    with database.reader(engine).connect() as connection:
        return [AuditEntryRecorded.FromString(row.data) for row in connection.execute(query)]
