"""Valid objects of documents; a call names only what its test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs.access import Caller, Kind
from libs.ids import new_id
from services.documents.domain.customers import Customer
from services.documents.domain.document import Line, PostalAddress, TaxIdentity
from services.documents.domain.invoices import Invoice
from services.documents.domain.payments import Allocation, Payment
from services.documents.domain.settings import Settings

NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)  # noon in Rome
TODAY = date(2026, 11, 22)
ACME = UUID("01890000-0000-7000-8000-00000000acee")
NORTH = UUID("01890000-0000-7000-8000-0000000000a1")  # a group
SOUTH = UUID("01890000-0000-7000-8000-0000000000a2")

ISSUER = TaxIdentity(
    legal_name="Studio Recapito S.r.l.",
    vat_number="IT01234567897",
    tax_code="01234567897",
    address=PostalAddress("Via Roma 1", "Bologna", "BO", "40100", "IT"),
)
TAX_IDENTITY = TaxIdentity(
    legal_name="ABC S.r.l.",
    vat_number="IT12345678903",
    tax_code="12345678903",
    certified_email="abc@pec.example",
    address=PostalAddress("Corso Umberto I 10", "Napoli", "NA", "80138", "IT"),
)


def customer(**changes: Any) -> Customer:
    return replace(Customer(ACME, "ABC", groups=frozenset({NORTH}), tax_identity=TAX_IDENTITY), **changes)


def settings(**changes: Any) -> Settings:
    return replace(Settings(issuer=ISSUER, iban="IT60X0542811101000000123456"), **changes)


def line(net: str = "100.00", rate: str = "22", **changes: Any) -> Line:
    return replace(Line("Manutenzione", unit_price=Decimal(net), vat_rate_percent=Decimal(rate)), **changes)


def draft(**changes: Any) -> Invoice:
    wanted = {"id": new_id(), "lines": (line(),), **changes}
    return replace(Invoice(new_id(), ACME, "EUR", NOON), **wanted).with_sums()


def issued(number: str = "INV-2026-000001", **changes: Any) -> Invoice:
    return draft(**changes).issue(number, TODAY, NOON, customer=customer(), settings=settings())


def payment(amount: str, *invoices: Invoice, **changes: Any) -> Payment:
    """A payment of one amount, split evenly."""
    whole = Decimal(amount)
    parts = tuple(Allocation(invoice.id, whole / len(invoices)) for invoice in invoices)
    return replace(Payment(new_id(), ACME, "EUR", whole, parts, TODAY, NOON), **changes)


def operator(*groups: UUID, sees_all: bool | None = None, **changes: Any) -> Caller:
    """An operator who sees the groups named; all, when none is."""
    everything = not groups if sees_all is None else sees_all
    capabilities = frozenset({"documents.read", "documents.write", "documents.issue", "documents.payments", "documents.settings"})
    whole = Caller(Kind.OPERATOR, new_id(), capabilities=capabilities, groups=frozenset(groups), sees_all=everything, session_state="OPEN")
    return replace(whole, **changes)


def contact(customer_id: UUID | None = ACME, *permissions: str, **changes: Any) -> Caller:
    """A contact that acts for a customer, with the Invoices permission unless others are named."""
    held = frozenset(permissions or ("INVOICES",))
    whole = Caller(Kind.CONTACT, new_id(), customer_id=customer_id, permissions=held, session_id=new_id(), session_state="OPEN")
    return replace(whole, **changes)
