"""What is billed and served: a company, body, association, household or single person."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from libs.errors import NotFound
from services.contacts.domain.erasures import nobody
from services.contacts.domain.permissions import NO_PERMISSIONS, Permissions
from services.contacts.domain.values import Checks, email_address, key_of, phone_number, sdi_code, searchable, tax_code, vat_number


class CustomerNotFound(NotFound):
    reason = "CUSTOMER_NOT_FOUND"


class Kind(enum.Enum):
    COMPANY = 1
    PUBLIC_BODY = 2
    ASSOCIATION = 3
    HOUSEHOLD = 4
    INDIVIDUAL = 5


class Category(enum.Enum):
    CLIENT = 1
    PROSPECT = 2
    SUPPLIER = 3
    PARTNER = 4
    MEMBER = 5
    ASSISTED_PERSON = 6
    OTHER = 7


@dataclass(frozen=True)
class TaxIdentity:
    """Name, tax ids and billing address for documents; all empty until somebody needs an invoice."""

    legal_name: str = ""
    vat_number: str = ""
    tax_code: str = ""
    sdi_recipient_code: str = ""
    certified_email: str = ""
    street: str = ""
    city: str = ""
    province: str = ""
    postal_code: str = ""
    region_code: str = ""

    def checked(self, checks: Checks) -> TaxIdentity:
        address = "tax_identity.address"
        return TaxIdentity(
            legal_name=checks.line("tax_identity.legal_name", self.legal_name),
            vat_number=checks.value("tax_identity.vat_number", partial(vat_number, region=self.region_code), self.vat_number),
            tax_code=checks.value("tax_identity.tax_code", partial(tax_code, region=self.region_code), self.tax_code),
            sdi_recipient_code=checks.value("tax_identity.sdi_recipient_code", sdi_code, self.sdi_recipient_code),
            certified_email=checks.value("tax_identity.certified_email", email_address, self.certified_email),
            street=checks.line(f"{address}.street", self.street),
            city=checks.line(f"{address}.city", self.city),
            province=checks.line(f"{address}.province", self.province),
            postal_code=checks.line(f"{address}.postal_code", self.postal_code),
            region_code=self.region_code,
        )


@dataclass(frozen=True)
class CustomerKeys:
    """By what customers are looked for, many at once. names: as `Customer.sort_name` has them."""

    ids: frozenset[UUID] = frozenset()
    vat_numbers: frozenset[str] = frozenset()
    tax_codes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Customer:
    """permissions: what its contacts inherit. primary_contact_id: None while it has no contact. groups: who sees it."""

    id: UUID
    kind: Kind
    display_name: str
    create_time: datetime
    update_time: datetime
    categories: tuple[Category, ...] = ()
    email: str = ""
    phone: str = ""
    tax_identity: TaxIdentity = TaxIdentity()
    language_code: str = ""
    permissions: Permissions = NO_PERMISSIONS
    primary_contact_id: UUID | None = None
    groups: frozenset[UUID] = frozenset()
    version: int = 1

    def checked(self) -> Customer:
        """Return the customer with every value in its one form; InvalidArgument names all that cannot be."""
        with Checks("customer")() as checks:
            return replace(
                self,
                display_name=checks.line("display_name", self.display_name, required=True),
                categories=tuple(sorted(set(self.categories), key=lambda category: category.value)),
                email=checks.value("email", email_address, self.email),
                phone=checks.value("phone", phone_number, self.phone),
                tax_identity=self.tax_identity.checked(checks),
            )

    def anonymized(self, now: datetime, language_code: str) -> Customer:
        """Return what stays of a customer that is the erased person itself; documents keep what they were issued with."""
        return Customer(
            id=self.id,
            kind=self.kind,
            display_name=nobody(language_code),
            create_time=self.create_time,
            update_time=now,
            categories=self.categories,
            language_code=self.language_code,
            permissions=self.permissions,
            primary_contact_id=self.primary_contact_id,
            groups=self.groups,
            version=self.version,
        )

    @property
    def sort_name(self) -> str:
        return key_of(self.display_name)

    def may_be(self, vat_number: str, tax_code: str) -> bool:
        """Whether no tax id says that this is another customer; "" says nothing."""
        own = self.tax_identity
        return all(not given or not had or given == had for given, had in ((vat_number, own.vat_number), (tax_code, own.tax_code)))

    @property
    def search_text(self) -> str:
        tax = self.tax_identity
        words = (self.display_name, tax.legal_name, self.email, self.phone, tax.vat_number, tax.tax_code, tax.street, tax.city)
        return searchable(*words)
