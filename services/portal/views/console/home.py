"""Oggi: what needs somebody now."""

from __future__ import annotations

from flask import Blueprint, render_template
from recapito.documents.v1.invoices_pb2 import Invoice
from recapito.notifications.v1.messages_pb2 import Message

from services.portal.service import Page, Services
from services.portal.views.console.context import permitted
from services.portal.views.console.invoices import billed_to
from services.portal.views.console.lists import condition

SHOWN = 8


def add_to(console: Blueprint, services: Services) -> None:
    @console.get("", strict_slashes=False)
    def home() -> str:
        messages = [message for state in ("UNCERTAIN", "FAILED") for message in listed_messages(state)]
        overdue, drafts = listed_invoices(overdue="true"), listed_invoices(state="DRAFT")
        return render_template(
            "console/home.html",
            messages=messages,
            overdue=overdue,
            drafts=drafts,
            names={invoice.customer: billed_to(services, invoice) for invoice in (*(overdue or []), *(drafts or []))},
        )

    def listed_messages(state: str) -> list[Message]:
        found = permitted(lambda: services.notifications.list_messages(Page(size=SHOWN, filter=condition(state=state))))
        return list(found.messages) if found else []

    def listed_invoices(**conditions: str) -> list[Invoice] | None:
        """Return the first few; None when invoices are closed to this operator."""
        order = "due_date" if "overdue" in conditions else ""
        found = permitted(lambda: services.documents.list_invoices(Page(size=SHOWN, filter=condition(**conditions), order_by=order)))
        return None if found is None else list(found.invoices)
