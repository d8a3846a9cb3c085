"""The customers' area: what is due, invoices, their PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, g, render_template, request, url_for
from google.api.httpbody_pb2 import HttpBody
from recapito.documents.v1.invoices_pb2 import Invoice
from werkzeug.wrappers import Response as WerkzeugResponse

from libs.errors import NotFound
from services.portal.service import Page, Services
from services.portal.views import colleagues, own_data, own_emails, protection
from services.portal.views.i18n import N_
from services.portal.views.people import CUSTOMER_COOKIE

INVOICES = "INVOICES"
MENU = (("home", N_("Home"), ""), ("list_invoices", N_("Fatture"), INVOICES), ("list_colleagues", N_("Colleghi"), colleagues.PRIMARY))
STATES = {  # of ?state= -> filter of ListInvoices
    "": "",
    "due": "state != PAID",
    "overdue": "overdue = true",
    "paid": "state = PAID",
}
MOST_ON_HOME = 10


def blueprint(services: Services) -> Blueprint:
    area = Blueprint("area", __name__, url_prefix="/area")
    documents = services.documents

    @area.get("/")
    def home() -> str:
        if not g.person.may(INVOICES):
            return render_template("area/home.html", statement=None)
        due = documents.list_invoices(Page(filter=_of_customer(STATES["due"]), order_by="due_date", size=MOST_ON_HOME))
        statement = documents.get_statement(_customer())
        owed = [total for total in statement.totals if Decimal(total.balance_amount or 0) > 0]
        return render_template(
            "area/home.html",
            statement=statement,
            totals=owed or statement.totals[:1],
            next_due=_next_due(due.invoices),
            invoices=due.invoices,
            more=due.next_page_token,
        )

    @area.get("/invoices")
    def list_invoices() -> str:
        _require(INVOICES)
        state = request.args.get("state", "")
        if state not in STATES:
            state = ""
        page = Page(token=request.args.get("page", "")[:2000], filter=_of_customer(STATES[state]))
        return render_template("area/invoices.html", found=documents.list_invoices(page), state=state, states=STATES)

    @area.get("/invoices/<uuid:invoice_id>")
    def show_invoice(invoice_id: UUID) -> str:
        _require(INVOICES)
        invoice = documents.get_invoice(invoice_id)
        paid = documents.list_payments(Page(filter=f'invoice = "{invoice.name}"', size=100)).payments if _has_payments(invoice) else []
        received = [(payment, share.amount) for payment in reversed(paid) for share in payment.allocations if share.invoice == invoice.name]
        return render_template("area/invoice.html", invoice=invoice, received=received)

    @area.get("/invoices/<uuid:invoice_id>/pdf")
    def download_invoice(invoice_id: UUID) -> Response:
        _require(INVOICES)
        invoice = documents.get_invoice(invoice_id)
        return file_response(documents.download_invoice(invoice_id), f"{invoice.number}.pdf")

    colleagues.add_to(area, services)
    own_emails.add_to(area, services)
    own_data.add_to(area, services)

    @area.post("/customer")
    def choose_customer() -> WerkzeugResponse:
        chosen = request.form.get("customer", "")
        if chosen not in {str(id_) for id_, _name in g.person.customers}:
            raise NotFound("this contact does not act for that customer")
        answer = protection.see(url_for("area.home"))
        protection.set_cookie(answer, CUSTOMER_COOKIE, chosen)
        return answer

    @area.context_processor
    def menu() -> dict[str, object]:
        person = g.get("person")
        entries = [(f"area.{name}", label) for name, label, wanted in MENU if person is not None and (not wanted or person.may(wanted))]
        return {"menu": entries if person is not None and not person.caller.pending else []}

    return area


def _require(permission: str) -> None:
    """Answer as for a page that does not exist."""
    if not g.person.may(permission):
        raise NotFound("this section is closed to the contact")


def _customer() -> UUID:
    customer_id: UUID | None = g.person.caller.customer_id
    if customer_id is None:
        raise NotFound("this contact acts for nobody")
    return customer_id


def _of_customer(condition: str) -> str:
    ours = f'customer = "customers/{_customer()}"'
    return f"{ours} AND {condition}" if condition else ours


def _next_due(invoices: Iterable[Invoice]) -> dict[str, str]:
    """Return the first day on which something is due, by currency. invoices: by due day."""
    found: dict[str, str] = {}
    for invoice in invoices:
        if invoice.due_date and not invoice.overdue:
            found.setdefault(invoice.currency_code, invoice.due_date)
    return found


def _has_payments(invoice: Invoice) -> bool:
    return invoice.state in {Invoice.PARTIALLY_PAID, Invoice.PAID}


def file_response(chunks: Iterator[HttpBody], filename: str) -> Response:
    """Pass a file on as it comes. A refusal raises before anything is sent."""
    first = next(iter(chunks), None)
    if first is None:
        raise NotFound("the file is empty")

    def content() -> Iterator[bytes]:
        yield first.data
        for chunk in chunks:
            yield chunk.data

    answer = Response(content(), content_type=first.content_type or "application/octet-stream")
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in filename)
    answer.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
