"""Domain <-> protobuf, and the content of the PDF."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.contacts.v1 import customers_pb2 as contacts_pb
from recapito.documents.events.v1 import events_pb2 as events
from recapito.documents.v1 import document_pb2, invoices_pb2, payments_pb2, settings_pb2
from recapito.type.v1 import type_pb2

from libs.errors import EtagMismatch, InvalidArgument, NotFound
from libs.ids import new_id
from services.documents.domain import settings as settings_domain
from services.documents.domain.customers import Customer
from services.documents.domain.document import Line, PostalAddress, TaxIdentity, Totals
from services.documents.domain.invoices import Invoice
from services.documents.domain.payments import Allocation, Method, Payment, Statement
from services.documents.domain.settings import Settings

SETTINGS_NAME = "settings/documents"


# --- values --------------------------------------------------------------------------------------------------------------------------
def id_of(name: str, owner: UUID | None = None) -> UUID:
    """Return the id in a resource name that the interceptor has checked; "current" is `owner`, where there is one.

    Raises NotFound for an alias that means nothing here.
    """
    part = name.split("/")[1]
    if part == "current" and owner is not None:
        return owner
    try:
        return UUID(part)
    except ValueError:
        raise NotFound(f"{name} does not exist") from None


def etag(version: int) -> str:
    return f'"{version}"'


def version_of(text: str) -> int | None:
    """Return the version that an etag stands for, None without one; EtagMismatch for one that was never given out."""
    if not text:
        return None
    number = text.strip('"')
    if etag(int(number) if number.isascii() and number.isdigit() else 0) != text:
        raise EtagMismatch("this etag is not one of ours: read the resource again")
    return int(number)


def day(text: str, path: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidArgument.of(path, "is not a day of the calendar", "DATE_INVALID") from None


def decimal_text(value: Decimal) -> str:
    """Write a quantity or percentage without needless zeros: 22, 0.5."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_text(value: Decimal) -> str:
    return format(value, ".2f")


def timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def merge(current: Message, wanted: Message, mask: FieldMask) -> None:
    """Overwrite in `current` what the mask names; lists and messages as a whole."""
    mask.MergeMessage(wanted, current, True, True)


# --- tax identities ------------------------------------------------------------------------------------------------------------------
def tax_identity(identity: TaxIdentity) -> type_pb2.TaxIdentity:
    address = identity.address
    return type_pb2.TaxIdentity(
        legal_name=identity.legal_name,
        vat_number=identity.vat_number,
        tax_code=identity.tax_code,
        sdi_recipient_code=identity.sdi_recipient_code,
        certified_email=identity.certified_email,
        address=type_pb2.PostalAddress(
            street=address.street,
            city=address.city,
            province=address.province,
            postal_code=address.postal_code,
            region_code=address.region_code,
        ),
    )


def tax_identity_of(message: type_pb2.TaxIdentity) -> TaxIdentity:
    address = message.address
    return TaxIdentity(
        legal_name=message.legal_name,
        vat_number=message.vat_number,
        tax_code=message.tax_code,
        sdi_recipient_code=message.sdi_recipient_code,
        certified_email=message.certified_email,
        address=PostalAddress(
            street=address.street,
            city=address.city,
            province=address.province,
            postal_code=address.postal_code,
            region_code=address.region_code,
        ),
    )


# --- customers -----------------------------------------------------------------------------------------------------------------------
def customer_of(message: contacts_pb.Customer) -> Customer:
    return Customer(
        id=id_of(message.name),
        display_name=message.display_name,
        kind=contacts_pb.Customer.Kind.Name(message.kind),
        language_code=_language(message.language_code),
        groups=frozenset(id_of(group) for group in message.groups),
        tax_identity=tax_identity_of(message.tax_identity),
    )


def customer_of_event(event: contacts_events.CustomerCreated | contacts_events.CustomerUpdated) -> Customer:
    snapshot = event.snapshot
    return Customer(
        id=id_of(event.customer),
        display_name=snapshot.display_name,
        kind=contacts_pb.Customer.Kind.Name(snapshot.kind),
        language_code=_language(snapshot.language_code),
        groups=frozenset(id_of(group) for group in snapshot.groups),
        tax_identity=tax_identity_of(snapshot.tax_identity),
        version=event.version,
    )


def _language(code: str) -> str:
    """The language of the customer's documents: Italian, unless it asks for another."""
    return "it" if code[:2] in {"", "it"} else "en"


# --- invoices ------------------------------------------------------------------------------------------------------------------------
def line(one: Line) -> document_pb2.Line:
    return document_pb2.Line(
        description=one.description,
        quantity=decimal_text(one.quantity),
        unit=one.unit,
        unit_price=decimal_text(one.unit_price),
        discount_percent=decimal_text(one.discount_percent),
        vat_rate_percent=decimal_text(one.vat_rate_percent),
        vat_exemption_code=one.vat_exemption_code,
        net_amount=amount_text(one.net_amount),
    )


def line_of(message: document_pb2.Line) -> Line:
    return Line(
        description=message.description,
        quantity=Decimal(message.quantity or 1),
        unit=message.unit,
        unit_price=Decimal(message.unit_price or 0),
        discount_percent=Decimal(message.discount_percent or 0),
        vat_rate_percent=Decimal(message.vat_rate_percent or 0),
        vat_exemption_code=message.vat_exemption_code,
    )


def totals(sums: Totals) -> document_pb2.Totals:
    by_category = [
        document_pb2.Totals.Vat(
            vat_rate_percent=decimal_text(category.vat_rate_percent),
            vat_exemption_code=category.vat_exemption_code,
            net_amount=amount_text(category.net_amount),
            vat_amount=amount_text(category.vat_amount),
        )
        for category in sums.vat
    ]
    return document_pb2.Totals(
        currency_code=sums.currency_code,
        net_amount=amount_text(sums.net_amount),
        vat_amount=amount_text(sums.vat_amount),
        gross_amount=amount_text(sums.gross_amount),
        vat=by_category,
    )


def invoice(one: Invoice, today: date) -> invoices_pb2.Invoice:
    return invoices_pb2.Invoice(
        name=f"invoices/{one.id}",
        customer=f"customers/{one.customer_id}",
        state=invoices_pb2.Invoice.State.Value(one.state.value),
        number=one.number,
        currency_code=one.currency_code,
        lines=[line(each) for each in one.lines],
        notes=one.notes,
        due_date=one.due_date.isoformat() if one.due_date else "",
        bill_to=tax_identity(one.bill_to) if one.bill_to else None,
        total=totals(one.total),
        paid_amount=amount_text(one.paid_amount),
        balance_amount=amount_text(one.balance_amount),
        overdue=one.overdue(today),
        internal_reference=one.internal_reference,
        issue_date=one.issue_date.isoformat() if one.issue_date else "",
        issue_time=timestamp(one.issue_time),
        send_time=timestamp(one.send_time),
        create_time=timestamp(one.create_time),
        etag=etag(one.version),
    )


def draft_of(message: invoices_pb2.Invoice, now: datetime) -> Invoice:
    """Return a new draft as a caller describes it."""
    return Invoice(
        id=new_id(),
        customer_id=id_of(message.customer),
        currency_code=message.currency_code,
        create_time=now,
        lines=tuple(line_of(each) for each in message.lines),
        notes=message.notes,
        due_date=day(message.due_date, "invoice.due_date"),
        internal_reference=message.internal_reference,
    )


def edited(one: Invoice, wanted: invoices_pb2.Invoice, mask: FieldMask) -> Invoice:
    """Return the invoice with the fields of the mask as wanted; which of them may change is the domain's rule."""
    message = invoice(one, date.min)
    merge(message, wanted, mask)
    changed = draft_of(message, one.create_time)
    if not changed.currency_code:
        raise InvalidArgument.of("invoice.currency_code", "is needed", "REQUIRED")
    return changed


# --- payments and statements ---------------------------------------------------------------------------------------------------------
def money(amount: Decimal, currency_code: str) -> type_pb2.Money:
    return type_pb2.Money(currency_code=currency_code, amount=amount_text(amount))


def payment(one: Payment) -> payments_pb2.Payment:
    return payments_pb2.Payment(
        name=f"payments/{one.id}",
        customer=f"customers/{one.customer_id}",
        state=payments_pb2.Payment.RECEIVED,
        amount=money(one.amount, one.currency_code),
        allocations=[
            payments_pb2.Payment.Allocation(invoice=f"invoices/{each.invoice_id}", amount=amount_text(each.amount))
            for each in one.allocations
        ],
        method=payments_pb2.Payment.Method.Value(one.method.value),
        receive_date=one.receive_date.isoformat(),
        reference=one.reference,
        create_time=timestamp(one.create_time),
        etag=etag(one.version),
    )


def payment_of(message: payments_pb2.Payment, now: datetime) -> Payment:
    received = day(message.receive_date, "payment.receive_date")
    if received is None:
        raise InvalidArgument.of("payment.receive_date", "is required", "REQUIRED")
    unsaid = message.method == payments_pb2.Payment.METHOD_UNSPECIFIED
    return Payment(
        id=new_id(),
        customer_id=id_of(message.customer),
        currency_code=message.amount.currency_code,
        amount=Decimal(message.amount.amount),
        allocations=tuple(Allocation(id_of(each.invoice), Decimal(each.amount)) for each in message.allocations),
        receive_date=received,
        create_time=now,
        method=Method.OTHER if unsaid else Method(payments_pb2.Payment.Method.Name(message.method)),
        reference=message.reference,
    )


def statement(one: Statement) -> payments_pb2.Statement:
    entries = [
        payments_pb2.Statement.Entry(
            resource=entry.resource,
            number=entry.number,
            entry_date=entry.entry_date.isoformat(),
            amount=money(entry.amount, entry.currency_code),
            balance_amount=amount_text(entry.balance_amount),
        )
        for entry in one.entries
    ]
    sums = [
        payments_pb2.Statement.Total(
            currency_code=total.currency_code,
            billed_amount=amount_text(total.billed_amount),
            paid_amount=amount_text(total.paid_amount),
            balance_amount=amount_text(total.balance_amount),
            overdue_amount=amount_text(total.overdue_amount),
        )
        for total in one.totals
    ]
    name = f"customers/{one.customer_id}/statement"
    return payments_pb2.Statement(name=name, totals=sums, entries=entries, read_time=timestamp(one.read_time))


# --- settings ------------------------------------------------------------------------------------------------------------------------
def settings(one: Settings) -> settings_pb2.DocumentsSettings:
    kinds = settings_pb2.DocumentsSettings.Series.Kind
    return settings_pb2.DocumentsSettings(
        name=SETTINGS_NAME,
        issuer=tax_identity(one.issuer),
        iban=one.iban,
        currency_code=one.currency_code,
        series=[
            settings_pb2.DocumentsSettings.Series(kind=kinds.Value(kind.value), format=form)
            for kind, form in sorted(one.series.items(), key=lambda item: item[0].value)
        ],
        payment_term_days=one.payment_term_days,
        etag=etag(one.version),
    )


def edited_settings(one: Settings, wanted: settings_pb2.DocumentsSettings, mask: FieldMask) -> Settings:
    message = settings(one)
    merge(message, wanted, mask)
    return Settings(
        issuer=tax_identity_of(message.issuer),
        iban=message.iban.replace(" ", "").upper(),
        currency_code=message.currency_code or one.currency_code,
        series=_series_of(message),
        payment_term_days=message.payment_term_days,
        version=one.version,
    )


def _series_of(message: settings_pb2.DocumentsSettings) -> Mapping[settings_domain.Kind, str]:
    kinds = settings_pb2.DocumentsSettings.Series.Kind
    found: dict[settings_domain.Kind, str] = {}
    for index, series in enumerate(message.series):
        path = f"documents_settings.series[{index}].kind"
        if series.kind not in kinds.values() or series.kind == settings_pb2.DocumentsSettings.Series.KIND_UNSPECIFIED:
            raise InvalidArgument.of(path, "is no kind of document", "KIND_UNKNOWN")
        kind = settings_domain.Kind(kinds.Name(series.kind))
        if kind in found:
            raise InvalidArgument.of(path, "is named twice", "KIND_NAMED_TWICE")
        found[kind] = series.format
    return found


# --- events --------------------------------------------------------------------------------------------------------------------------
def invoice_issued(one: Invoice, version: int, *, skip_notification: bool) -> events.InvoiceIssued:
    return events.InvoiceIssued(
        invoice=f"invoices/{one.id}",
        version=version,
        customer=f"customers/{one.customer_id}",
        number=one.number,
        gross_amount=money(one.total.gross_amount, one.currency_code),
        due_date=one.due_date.isoformat() if one.due_date else "",
        skip_notification=skip_notification,
    )


def invoice_viewed(one: Invoice, contact_id: UUID, version: int) -> events.InvoiceViewed:
    return events.InvoiceViewed(
        invoice=f"invoices/{one.id}",
        version=version,
        customer=f"customers/{one.customer_id}",
        contact=f"contacts/{contact_id}",
        number=one.number,
    )


def payment_recorded(one: Payment) -> events.PaymentRecorded:
    return events.PaymentRecorded(
        payment=f"payments/{one.id}",
        version=one.version,
        customer=f"customers/{one.customer_id}",
        amount=money(one.amount, one.currency_code),
        invoices=[f"invoices/{each.invoice_id}" for each in one.allocations],
    )


# --- the PDF -------------------------------------------------------------------------------------------------------------------------
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
