"""Valid objects of contacts; a call names only what its test is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from services.contacts.domain import FIELDS, Affiliation, Catalogue, Contact, Customer, Kind, Note, Subject

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
CATALOGUE = Catalogue.of(FIELDS, (), frozenset())


def customer(**fields: Any) -> Customer:
    given: dict[str, Any] = {"id": uuid4(), "kind": Kind.COMPANY, "display_name": "ABC S.r.l."}
    return Customer(**given | {"create_time": NOON, "update_time": NOON} | fields)


def contact(**fields: Any) -> Contact:
    given: dict[str, Any] = {"id": uuid4(), "customer_id": uuid4(), "first_name": "Mario", "last_name": "Rossi"}
    return Contact(**given | {"create_time": NOON, "update_time": NOON} | fields)


def affiliation(**fields: Any) -> Affiliation:
    given: dict[str, Any] = {"customer_id": uuid4(), "contact_id": uuid4(), "create_time": NOON}
    return Affiliation(**given | fields)


def note(**fields: Any) -> Note:
    given: dict[str, Any] = {"id": uuid4(), "subject": Subject(contact_id=uuid4()), "author_id": uuid4(), "text": "Da richiamare"}
    return Note(**given | {"create_time": NOON, "update_time": NOON} | fields)
