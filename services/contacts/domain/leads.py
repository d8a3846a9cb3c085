"""Leads: people and companies not yet customers, and what becomes of one."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.errors import AlreadyExists, FailedPrecondition, FieldViolation, InvalidArgument, NotFound
from services.contacts.domain.contacts import Affiliation, Contact, ContactPoint
from services.contacts.domain.customers import Category, Customer, Kind, TaxIdentity
from services.contacts.domain.values import Checks, email_address, key_of, searchable


class LeadNotFound(NotFound):
    reason = "LEAD_NOT_FOUND"


class LeadConverted(FailedPrecondition):
    reason = "LEAD_CONVERTED"


class LeadAnonymized(FailedPrecondition):
    reason = "LEAD_ANONYMIZED"


class LeadEmailTaken(AlreadyExists):
    """contact: name of the holder; empty when the caller may not see it."""

    reason = "EMAIL_TAKEN"

    def __init__(self, contact: str) -> None:
        fault = FieldViolation("lead.email", "is the address of a contact", self.reason)
        super().__init__("lead.email: is the address of a contact", violations=[fault], metadata={"contact": contact} if contact else None)


class LeadState(enum.Enum):
    OPEN = 1
    CONVERTED = 2
    ANONYMIZED = 3


@dataclass(frozen=True)
class PostalAddress:
    street: str = ""
    city: str = ""
    province: str = ""
    postal_code: str = ""
    region_code: str = ""

    def checked(self, checks: Checks) -> PostalAddress:
        lines = {name: checks.line(f"address.{name}", value) for name, value in asdict(self).items() if name != "region_code"}
        return replace(self, **lines)


@dataclass(frozen=True)
class Lead:
    """owner_id: the account of the operator in charge. groups: who sees it. contact_id: what it became."""

    id: UUID
    last_name: str
    create_time: datetime
    state: LeadState = LeadState.OPEN
    first_name: str = ""
    company: str = ""
    position: str = ""
    email: str = ""
    contact_points: tuple[ContactPoint, ...] = ()
    address: PostalAddress = PostalAddress()
    origin: str = ""
    owner_id: UUID | None = None
    language_code: str = ""
    groups: frozenset[UUID] = frozenset()
    newsletter: bool = False
    contact_id: UUID | None = None
    version: int = 1

    def checked(self) -> Lead:
        """Return the lead with every value in its one form; InvalidArgument names all that cannot be."""
        with Checks("lead")() as checks:
            return replace(
                self,
                first_name=checks.line("first_name", self.first_name),
                last_name=checks.line("last_name", self.last_name, required=True),
                company=checks.line("company", self.company),
                position=checks.line("position", self.position),
                email=checks.value("email", email_address, self.email),
                contact_points=tuple(point.checked(checks, index) for index, point in enumerate(self.contact_points)),
                address=self.address.checked(checks),
                origin=checks.line("origin", self.origin),
            )

    def check_open(self) -> None:
        """Raise FailedPrecondition when nothing may change any more."""
        if self.state is LeadState.CONVERTED:
            raise LeadConverted(f"lead {self.id} has become a contact")
        if self.state is LeadState.ANONYMIZED:
            raise LeadAnonymized(f"lead {self.id} is anonymised")

    def check_convertible(self) -> None:
        self.check_open()
        if not self.first_name:
            raise InvalidArgument.of("lead.first_name", "is required before the lead becomes a contact", "REQUIRED")

    def converted(self, contact_id: UUID) -> Lead:
        return replace(self, state=LeadState.CONVERTED, contact_id=contact_id)

    def anonymized(self) -> Lead:
        """Return the lead without anything that says who it was."""
        return replace(Lead(self.id, "", self.create_time), state=LeadState.ANONYMIZED, groups=self.groups, version=self.version)

    # --- what it becomes ---------------------------------------------------------------------------------------------------------
    def as_contact(self, id_: UUID, customer_id: UUID, now: datetime) -> Contact:
        return Contact(
            id_,
            customer_id,
            self.first_name,
            self.last_name,
            now,
            now,
            email=self.email,
            contact_points=self.contact_points,
            language_code=self.language_code,
            groups=self.groups,
        )

    def as_affiliation(self, contact: Contact) -> Affiliation:
        return Affiliation(contact.customer_id, contact.id, contact.create_time, position=self.position)

    def as_customer(self, id_: UUID, now: datetime) -> Customer:
        """Return the customer of a lead for which none is named: its company, or the person itself."""
        return Customer(
            id_,
            Kind.COMPANY if self.company else Kind.INDIVIDUAL,
            self.company or self.display_name,
            now,
            now,
            categories=(Category.PROSPECT,),
            tax_identity=TaxIdentity(**asdict(self.address)),
            language_code=self.language_code,
            groups=self.groups,
        )

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def sort_name(self) -> str:
        return key_of(f"{self.last_name} {self.first_name}")

    @property
    def search_text(self) -> str:
        points = (point.value for point in self.contact_points)
        return searchable(self.first_name, self.last_name, self.company, self.email, *points)
