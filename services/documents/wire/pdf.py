"""What the PDF of an invoice says, as its template prints it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.documents.domain.document import TaxIdentity
from services.documents.domain.invoices import Invoice
from services.documents.wire.values import decimal_text


def filename(one: Invoice) -> str:
    """Name the PDF after the number, with the signs that every file system takes."""
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "-" for sign in one.number)
    return f"{safe.strip('.-') or one.id}.pdf"


def pdf_content(one: Invoice) -> Mapping[str, object]:
    """Return what the template pdf/invoice.typ prints, with amounts and days written as the customer's language does."""
    italian = one.language_code == "it"

    def amount(value: Decimal) -> str:
        text = f"{value:,.2f}"
        return text.translate(str.maketrans(",.", ".,")) if italian else text

    def number(value: Decimal) -> str:
        text = decimal_text(value)
        return text.replace(".", ",") if italian else text

    def price(value: Decimal) -> str:
        digits = max(2, -int(value.normalize().as_tuple().exponent))
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if italian else text

    def written(value: date | None) -> str:
        if value is None:
            return ""
        return f"{value:%d/%m/%Y}" if italian else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"

    return {
        "language": one.language_code,
        "number": one.number,
        "issue_date": written(one.issue_date),
        "due_date": written(one.due_date),
        "issue_day": [one.issue_date.year, one.issue_date.month, one.issue_date.day] if one.issue_date else [],
        "issuer": _party(one.issuer or TaxIdentity()),
        "bill_to": _party(one.bill_to or TaxIdentity()),
        "currency": one.currency_code,
        "iban": " ".join(one.iban[at : at + 4] for at in range(0, len(one.iban), 4)),
        "notes": _breakable(one.notes),
        "discounts": any(each.discount_percent for each in one.lines),
        "lines": [
            {
                "description": _breakable(each.description),
                "quantity": number(each.quantity),
                "unit": each.unit,
                "unit_price": price(each.unit_price),
                "discount": f"{number(each.discount_percent)}%" if each.discount_percent else "",
                "vat": f"{number(each.vat_rate_percent)}%" if each.vat_rate_percent else each.vat_exemption_code,
                "net": amount(each.net_amount),
            }
            for each in one.lines
        ],
        "vat": [
            {
                "rate": f"{number(each.vat_rate_percent)}%",
                "exemption": each.vat_exemption_code,
                "net": amount(each.net_amount),
                "vat": amount(each.vat_amount),
            }
            for each in one.total.vat
        ],
        "net": amount(one.total.net_amount),
        "vat_amount": amount(one.total.vat_amount),
        "gross": amount(one.total.gross_amount),
    }


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _breakable(text: str) -> str:
    """Let words longer than a line break, at a zero-width space: an address of a web page must not run out of its column."""
    return re.sub(r"\S{40}(?=\S)", "\\g<0>\u200b", text)


def _party(identity: TaxIdentity) -> Mapping[str, str]:
    address = identity.address
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    return {
        "name": _breakable(identity.legal_name),
        "street": _breakable(address.street),
        "town": f"{town} ({address.province})" if address.province else town,
        "country": address.region_code,
        "vat_number": identity.vat_number,
        "tax_code": identity.tax_code,
        "sdi_code": identity.sdi_recipient_code,
        "certified_email": identity.certified_email,
    }
