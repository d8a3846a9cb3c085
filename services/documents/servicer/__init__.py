"""gRPC in: one servicer for each service of the contract."""

from __future__ import annotations

from services.documents.servicer.invoices import Invoices
from services.documents.servicer.payments import Payments
from services.documents.servicer.privacy import Privacy
from services.documents.servicer.settings import Settings

__all__ = ["Invoices", "Payments", "Privacy", "Settings"]
