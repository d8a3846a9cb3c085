"""What documents knows of a customer."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from services.documents.domain.document import TaxIdentity


@dataclass(frozen=True)
class Customer:
    """kind: a name of contacts' Customer.Kind. language_code: "it" or "en", of its documents. groups: whose operators see it.

    version: grows with each change in contacts, in events and answers alike.
    """

    id: UUID
    display_name: str
    kind: str = "COMPANY"
    language_code: str = "it"
    groups: frozenset[UUID] = frozenset()
    tax_identity: TaxIdentity = field(default_factory=TaxIdentity)
    version: int = 0
