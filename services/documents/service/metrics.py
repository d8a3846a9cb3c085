"""What documents counts."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

ISSUED = Counter("recapito_documents_invoices_issued_total", "Invoices issued.")
PAYMENTS = Counter("recapito_documents_payments_recorded_total", "Payments recorded.")
RENDERING_SECONDS = Histogram(
    "recapito_documents_rendering_seconds",
    "Rendering one PDF, waiting for the compiler included.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
