"""Invoices: the list, the draft with its lines, issuing with the preview of who will be told, payments and the PDF."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from recapito.documents.v1.document_pb2 import Line
from recapito.documents.v1.invoices_pb2 import Invoice
from recapito.documents.v1.payments_pb2 import Payment
from recapito.notifications.v1.dispatches_pb2 import Decision, PreviewRecipientsResponse
from recapito.type.v1.type_pb2 import Money

from services.portal.service import Page, Services
from services.portal.views.area import file_response
from services.portal.views.console import words
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.contact_form import choose_customer
from services.portal.views.console.context import Reply, id_of, page, permitted, uuid_of
from services.portal.views.console.dispatches import people_of
from services.portal.views.console.forms import Form, Value, typed
from services.portal.views.console.frames import framed, with_frame
from services.portal.views.console.lists import ALL, argument, asked, condition
from services.portal.views.console.names import customer_name
from services.portal.views.formats import today
from services.portal.views.i18n import gettext as _

STATES = {"draft": {"state": "DRAFT"}, "overdue": {"overdue": "true"}, "sent": {"state": "SENT"}, "issued": {"state": "ISSUED"},
          "partial": {"state": "PARTIALLY_PAID"}, "paid": {"state": "PAID"}}  # fmt: skip
FIELDS = {  # path of the request -> field of the form
    r"invoice\.(due_date|currency_code|notes|internal_reference|customer)": r"\1",
    r"invoice\.lines\[(\d+)\]\.(description|quantity|unit|unit_price|discount_percent|vat_rate_percent|vat_exemption_code)": r"\2-\1",
    r"invoice\.lines": "description-0",
}
PAYMENT_FIELDS = {
    r"payment\.amount.*|payment\.allocations.*": "amount",
    r"payment\.(receive_date|method|reference)": r"\1",
}
PATHS = ("lines", "notes", "due_date", "currency_code", "internal_reference")
LINE_TEXTS = ("description", "unit", "vat_exemption_code")
LINE_NUMBERS = ("quantity", "unit_price", "discount_percent", "vat_rate_percent")
MAX_LINES = 200
ISSUED = "invoice_issued"


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("invoices", __name__, url_prefix="/invoices")
    _add_reading(pages, services)
    _add_drafting(pages, services)
    _add_issuing(pages, services)
    _add_payments(pages, services)
    return pages


# --- reading -------------------------------------------------------------------------------------------------------------------------
def _add_reading(pages: Blueprint, services: Services) -> None:
    documents = services.documents

    @pages.get("")
    def index() -> Response:
        state, customer = argument("state", STATES), argument("customer")
        conditions = {**STATES.get(state, {}), "customer": f"customers/{customer}" if customer else ""}
        found = documents.list_invoices(asked(condition(**conditions), order_by="due_date" if state == "overdue" else ""))
        names = {invoice.customer: billed_to(services, invoice) for invoice in found.invoices}
        return page("invoices", found=found, names=names, filtered=customer_name(services, customer) if customer else "")

    @pages.get("/<uuid:invoice_id>")
    def show(invoice_id: UUID) -> str:
        invoice = documents.get_invoice(invoice_id)
        payments = permitted(lambda: documents.list_payments(Page(filter=condition(invoice=invoice.name))))
        return render_template(
            "console/invoice.html",
            invoice=invoice,
            customer=billed_to(services, invoice),
            payments=payments.payments if payments else [],
            **told(services, invoice),
        )

    @pages.get("/<uuid:invoice_id>/told")
    def show_told(invoice_id: UUID) -> str:
        """Return the card that says who was told: asked again while messages are on their way."""
        invoice = documents.get_invoice(invoice_id)
        return render_template("console/invoice_told.html", invoice=invoice, **told(services, invoice))

    @pages.get("/<uuid:invoice_id>/pdf")
    def download(invoice_id: UUID) -> Response:
        invoice = documents.get_invoice(invoice_id)
        return file_response(documents.download_invoice(invoice_id), f"{invoice.number or invoice_id}.pdf")


def told(services: Services, invoice: Invoice) -> dict[str, object]:
    """Return the dispatches about an invoice, the newest first, with the messages of the newest and the names of their people."""
    nobody: dict[str, object] = {"dispatches": None, "messages": [], "people": {}}
    if invoice.state == Invoice.DRAFT:
        return nobody
    listed = permitted(lambda: services.notifications.list_dispatches(Page(filter=condition(subject=invoice.name))))
    if listed is None or not listed.dispatches:
        return nobody | {"dispatches": None if listed is None else []}
    newest = Page(size=ALL, filter=condition(dispatch=listed.dispatches[0].name))
    messages = services.notifications.list_messages(newest).messages
    return {"dispatches": listed.dispatches, "messages": messages, "people": people_of(services, UUID(id_of(invoice.customer)))}


# --- drafts --------------------------------------------------------------------------------------------------------------------------
def _add_drafting(pages: Blueprint, services: Services) -> None:
    documents = services.documents

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        customer_id = argument("customer")
        if not customer_id:
            return choose_customer(services, "console.invoices.create")
        customer = services.contacts.get_customer(uuid_of(customer_id))
        form = Form.sent() if request.method == "POST" else Form.filled(new_draft(services))
        if request.method == "POST" and not change_lines(form):
            with form.sending(FIELDS):
                invoice = invoice_of(form)
                invoice.customer = customer.name
                invoice = documents.create_invoice(invoice, form.request_id)
                flash(_("Bozza salvata"))
                return redirect(url_for("console.invoices.show", invoice_id=id_of(invoice)), 303)
        return draft_page(form, None, customer.display_name)

    @pages.route("/<uuid:invoice_id>/edit", methods=["GET", "POST"])
    def edit(invoice_id: UUID) -> Reply:
        invoice = documents.get_invoice(invoice_id)
        form = Form.sent() if request.method == "POST" else Form.filled(values_of(invoice))
        if request.method == "POST" and not change_lines(form):
            with form.sending(FIELDS):
                changed = invoice_of(form)
                changed.name, changed.etag = invoice.name, form["etag"]
                documents.update_invoice(changed, PATHS, form.request_id)
                flash(_("Bozza salvata"))
                return redirect(url_for("console.invoices.show", invoice_id=invoice_id), 303)
            form.compare(values_of(invoice))
        return draft_page(form, invoice, billed_to(services, invoice))

    @pages.route("/<uuid:invoice_id>/delete", methods=["GET", "POST"])
    def delete(invoice_id: UUID) -> Reply:
        invoice = documents.get_invoice(invoice_id)

        def act(form: Form) -> Reply:
            documents.delete_invoice(invoice_id, form["etag"], form.request_id)
            flash(_("Bozza eliminata"))
            return redirect(url_for("console.invoices.index"), 303)

        return ask_first(
            invoice.etag, act, lambda form: shown("invoice_delete", form, invoice=invoice, customer=billed_to(services, invoice))
        )


def new_draft(services: Services) -> dict[str, Value]:
    settings = permitted(services.documents.get_documents_settings)
    currency = settings.currency_code if settings and settings.currency_code else "EUR"
    return {"lines": "1", "currency_code": currency, "vat_rate_percent-0": "22", "quantity-0": "1"}


def draft_page(form: Form, invoice: Invoice | None, customer: str) -> Reply:
    count = line_count(form)
    return render_template("console/invoice_form.html", form=form.again(), customer=customer, invoice=invoice, count=count), form.code


# --- issuing -------------------------------------------------------------------------------------------------------------------------
def _add_issuing(pages: Blueprint, services: Services) -> None:
    documents = services.documents

    @pages.route("/<uuid:invoice_id>/issue", methods=["GET", "POST"])
    def issue(invoice_id: UUID) -> Reply:
        invoice = documents.get_invoice(invoice_id)

        def act(form: Form) -> Reply:
            silent = form.on("skip_notification")
            issued = documents.issue_invoice(invoice_id, form["etag"], form.request_id, skip_notification=silent)
            flash(_("Fattura %(number)s emessa", number=issued.number))
            return redirect(url_for("console.invoices.show", invoice_id=invoice_id), 303)

        def show(form: Form) -> Reply:
            if invoice.state != Invoice.DRAFT and not form.failed:
                return redirect(url_for("console.invoices.show", invoice_id=invoice_id))
            preview = previewed(services, invoice, argument("contact"))
            chosen, customer = argument("contact") or first_told(preview), billed_to(services, invoice)
            return with_frame(shown("invoice_issue", form, invoice=invoice, customer=customer, preview=preview, chosen=chosen))

        return ask_first(invoice.etag, act, show)

    @pages.get("/<uuid:invoice_id>/issue/preview")
    def preview_frame(invoice_id: UUID) -> Response:
        preview = previewed(services, documents.get_invoice(invoice_id), argument("contact"))
        return framed(preview.preview.html if preview else "")


def previewed(services: Services, invoice: Invoice, contact: str) -> PreviewRecipientsResponse | None:
    """Return who would be told; None when this operator may not see it. Mints no link."""
    if invoice.state != Invoice.DRAFT:
        return None
    chosen = f"contacts/{contact}" if contact else ""
    return permitted(lambda: services.notifications.preview_recipients(ISSUED, invoice.name, chosen))


def first_told(preview: PreviewRecipientsResponse | None) -> str:
    """Return the id of the contact that the preview was rendered for when none was asked."""
    rows = preview.rows if preview else []
    return next((id_of(row.decision.person) for row in rows if row.decision.outcome == Decision.SEND), "")


# --- payments ------------------------------------------------------------------------------------------------------------------------
def _add_payments(pages: Blueprint, services: Services) -> None:
    documents = services.documents

    @pages.route("/<uuid:invoice_id>/payments/new", methods=["GET", "POST"])
    def record_payment(invoice_id: UUID) -> Reply:
        invoice = documents.get_invoice(invoice_id)
        if invoice.state == Invoice.DRAFT:
            return redirect(url_for("console.invoices.show", invoice_id=invoice_id))
        form = Form.filled({"amount": typed(invoice.balance_amount), "receive_date": today().isoformat(), "method": "BANK_TRANSFER"})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(PAYMENT_FIELDS):
                documents.create_payment(payment_of(form, invoice), form.request_id)
                flash(_("Pagamento registrato"))
                return redirect(url_for("console.invoices.show", invoice_id=invoice_id), 303)
        shown = render_template("console/payment_form.html", form=form.again(), invoice=invoice, customer=billed_to(services, invoice))
        return shown, form.code


# --- forms ---------------------------------------------------------------------------------------------------------------------------
def billed_to(services: Services, invoice: Invoice) -> str:
    """Return whom an invoice is for: as issued, else as the customer is called now."""
    return invoice.bill_to.legal_name or customer_name(services, invoice.customer)


def change_lines(form: Form) -> bool:
    """Add or remove a line when one of those buttons was pressed: the form is shown again and nothing is saved."""
    action, count = form["action"], line_count(form)
    if action == "add-line" and count < MAX_LINES:
        form.values["lines"] = str(count + 1)
        form.values[f"quantity-{count}"] = "1"
        form.values[f"vat_rate_percent-{count}"] = form[f"vat_rate_percent-{count - 1}"] or "22"
    elif action.startswith("remove-line-") and (gone := action.removeprefix("remove-line-")).isdecimal():
        for number in range(int(gone), count):
            for name in (*LINE_TEXTS, *LINE_NUMBERS):
                form.values[f"{name}-{number}"] = form[f"{name}-{number + 1}"]
        form.values["lines"] = str(max(count - 1, 1))
    else:
        return False
    return True


def line_count(form: Form) -> int:
    """Return how many lines the form shows; whatever was sent, no more than can be worked with."""
    lines = form["lines"]
    return max(1, min(int(lines), MAX_LINES)) if lines.isdecimal() and len(lines) < 4 else 1


def invoice_of(form: Form) -> Invoice:
    invoice = Invoice(
        due_date=form["due_date"],
        currency_code=form["currency_code"].upper(),
        notes=form["notes"],
        internal_reference=form["internal_reference"],
    )
    for number in range(_filled_lines(form)):
        line = Line(**{name: form[f"{name}-{number}"] for name in LINE_TEXTS})
        for name in LINE_NUMBERS:
            setattr(line, name, form.decimal(f"{name}-{number}"))
        invoice.lines.append(line)
    return invoice


def _filled_lines(form: Form) -> int:
    """Return how many lines count: empty ones at the end do not."""
    count = line_count(form)
    while count > 1 and not form[f"description-{count - 1}"] and not form[f"unit_price-{count - 1}"]:
        count -= 1
    return count


def values_of(invoice: Invoice) -> dict[str, Value]:
    values: dict[str, Value] = {
        "etag": invoice.etag,
        "due_date": invoice.due_date,
        "currency_code": invoice.currency_code,
        "notes": invoice.notes,
        "internal_reference": invoice.internal_reference,
        "lines": str(len(invoice.lines) or 1),
    }
    for number, line in enumerate(invoice.lines):
        values |= {f"{name}-{number}": getattr(line, name) for name in LINE_TEXTS}
        values |= {f"{name}-{number}": typed(getattr(line, name)) for name in LINE_NUMBERS}
    return values


def payment_of(form: Form, invoice: Invoice) -> Payment:
    amount = form.decimal("amount")
    return Payment(
        customer=invoice.customer,
        amount=Money(currency_code=invoice.currency_code, amount=amount),
        allocations=[Payment.Allocation(invoice=invoice.name, amount=amount)],
        method=Payment.Method.Value(form["method"]) if form["method"] in words.METHODS else Payment.METHOD_UNSPECIFIED,
        receive_date=form["receive_date"],
        reference=form["reference"],
    )
