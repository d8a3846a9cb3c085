"""The use case of a person's own data: which invoices it looked at. The invoices themselves belong to the customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from libs.access import Caller, Kind
from libs.personal import record
from services.documents.service import ITSELF, Reader


def export_personal_data(contact_id: UUID, caller: Caller, *, reader: Reader) -> Iterator[dict[str, Any]]:
    """Give what a contact looked at: to itself all, to operators what was a customer's whom they see."""
    with reader:
        views = reader.invoices.views_of(contact_id, ITSELF if caller.kind is Kind.CONTACT else caller)
    for view in views:
        named = {"invoice": f"invoices/{view.invoice_id}", "number": view.number, "customer": f"customers/{view.customer_id}"}
        yield record("invoice_view", {**named, "view_time": view.view_time})
