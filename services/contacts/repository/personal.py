"""What else says something about a person, in SQL: how its record and its affiliations were, and rows of imported files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.contacts.domain import Sight
from services.contacts.repository.erasures import row_of
from services.contacts.repository.history import affiliation_versions, contact_versions
from services.contacts.repository.sets import permissions_row, preferences_row
from services.contacts.repository.tables import contacts, customers, import_jobs, import_rows
from services.contacts.repository.visible import contact_visible, customer_visible

_OF_CONTACT = (
    contact_versions.c.time,
    contact_versions.c.state,
    contact_versions.c.language_code,
    contact_versions.c.access_enabled,
    contact_versions.c.access_start_date,
    contact_versions.c.access_end_date,
    contact_versions.c.block_ticket_email,
    contact_versions.c.do_not_call,
    contact_versions.c.newsletter,
)
_OF_AFFILIATION = (
    affiliation_versions.c.time,
    affiliation_versions.c.customer_id,
    affiliation_versions.c.ended,
    affiliation_versions.c.permissions,
    affiliation_versions.c.preferences,
)


@dataclass(frozen=True)
class SqlPersonalData:
    connection: Connection

    def states(self, contact_id: UUID, sight: Sight) -> Iterator[tuple[str, dict[str, Any]]]:
        of_contact = sa.select(*_OF_CONTACT).join(contacts, contacts.c.id == contact_versions.c.contact_id)
        seen = contacts.c.id == contact_id, contact_visible(sight)
        for row in self.connection.execute(of_contact.where(*seen).order_by(contact_versions.c.seq)):
            yield "contact_as_it_was", dict(row._mapping)  # noqa: SLF001 - the public name of a row as a mapping
        of_pairs = (
            sa.select(*_OF_AFFILIATION)
            .join(contacts, contacts.c.id == affiliation_versions.c.contact_id)
            .join(customers, customers.c.id == affiliation_versions.c.customer_id)
        )
        for pair in self.connection.execute(of_pairs.where(*seen, customer_visible(sight)).order_by(affiliation_versions.c.seq)):
            held = {"permissions": permissions_row(pair.permissions), "preferences": preferences_row(pair.preferences)}
            customer = {"time": pair.time, "customer": f"customers/{pair.customer_id}", "ended": pair.ended}
            yield "affiliation_as_it_was", {**customer, **held}

    def imported(self, contact_id: UUID, email_key: str | None) -> Iterator[dict[str, Any]]:
        of_file = sa.select(import_rows.c.cells, import_jobs.c.columns, import_jobs.c.create_time)
        query = of_file.join(import_jobs, import_jobs.c.id == import_rows.c.job_id).where(row_of(contact_id, email_key))
        for row in self.connection.execute(query.order_by(import_rows.c.job_id, import_rows.c.number)):
            if row.cells:  # those of a row that became a contact are gone
                headers = (header for header, *_meaning in row.columns)
                yield {"create_time": row.create_time, "cells": dict(zip(headers, row.cells, strict=False))}
