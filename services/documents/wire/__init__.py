"""Domain <-> protobuf, one file per resource, and the content of the PDF."""

from services.documents.wire.customers import TOLD_OF_CUSTOMERS, customer_of, customer_of_event, tax_identity
from services.documents.wire.invoices import draft_of, edited, invoice, invoice_issued, invoice_viewed
from services.documents.wire.payments import payment, payment_of, payment_recorded, statement
from services.documents.wire.pdf import filename, pdf_content
from services.documents.wire.settings import edited_settings, settings
from services.documents.wire.values import day, id_of, version_of

__all__ = [
    "TOLD_OF_CUSTOMERS",
    "customer_of",
    "customer_of_event",
    "day",
    "draft_of",
    "edited",
    "edited_settings",
    "filename",
    "id_of",
    "invoice",
    "invoice_issued",
    "invoice_viewed",
    "payment",
    "payment_of",
    "payment_recorded",
    "pdf_content",
    "settings",
    "statement",
    "tax_identity",
    "version_of",
]
