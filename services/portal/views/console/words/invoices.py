"""Words of invoices and payments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from babel.dates import format_date
from recapito.documents.v1 import invoices_pb2, payments_pb2

from services.portal.views.console.words.state import State, decimal_of
from services.portal.views.formats import money_text
from services.portal.views.i18n import N_, locale
from services.portal.views.i18n import gettext as _

_Invoice = invoices_pb2.Invoice

METHODS: dict[str, str] = {
    "BANK_TRANSFER": N_("Bonifico"),
    "CARD": N_("Carta"),
    "DIRECT_DEBIT": N_("Addebito diretto (SDD)"),
    "CASH": N_("Contanti"),
    "OTHER": N_("Altro"),
}


def invoice_state(invoice: _Invoice) -> State:
    """Return the word of an invoice: being overdue counts more than having been sent."""
    if invoice.state == _Invoice.PARTIALLY_PAID:
        return State(N_("Parziale, scaduta"), "bad") if invoice.overdue else State(N_("Parziale"), "warn")
    if invoice.overdue:
        return State(N_("Scaduta"), "bad")
    return {
        _Invoice.ISSUED: State(N_("Da inviare")),
        _Invoice.SENT: State(N_("Inviata"), "info"),
        _Invoice.PAID: State(N_("Pagata"), "ok"),
    }.get(invoice.state, State(N_("Bozza")))


def method_name(payment: payments_pb2.Payment) -> str:
    return _(METHODS.get(payments_pb2.Payment.Method.Name(payment.method), N_("Altro")))


_YOUNG = timedelta(minutes=2)


def sums(invoices: Iterable[_Invoice]) -> list[str]:
    """Return what is owed on these invoices, one sum for each currency."""
    owed: dict[str, Decimal] = {}
    for invoice in invoices:
        owed[invoice.currency_code] = owed.get(invoice.currency_code, Decimal(0)) + decimal_of(invoice.balance_amount)
    return [money_text(amount, currency) for currency, amount in sorted(owed.items())]


def month(first_day: str, *, year: bool = False) -> str:
    return str(format_date(date.fromisoformat(first_day), "MMM y" if year else "MMM", locale=locale()))


def young(invoice: _Invoice) -> bool:
    """Whether an invoice was issued so lately that its messages may still be on their way."""
    return invoice.HasField("issue_time") and datetime.now(UTC) - invoice.issue_time.ToDatetime(UTC) < _YOUNG


def line_labels(count: int) -> dict[str, str]:
    """Return how the summary of errors calls each field of the lines."""
    names = {
        "description": N_("descrizione"),
        "quantity": N_("quantità"),
        "unit": N_("unità"),
        "unit_price": N_("prezzo"),
        "discount_percent": N_("sconto"),
        "vat_rate_percent": N_("IVA"),
        "vat_exemption_code": N_("natura IVA"),
    }
    labels = {
        f"{name}-{number}": _("Voce %(number)s, %(field)s", number=number + 1, field=_(title))
        for number in range(count)
        for name, title in names.items()
    }
    return labels | {
        "due_date": _("Scadenza"),
        "currency_code": _("Valuta"),
        "notes": _("Note sul documento"),
        "internal_reference": _("Riferimento interno"),
    }
