"""Natural persons, and the customers that each acts for."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from libs.errors import AlreadyExists, FailedPrecondition, FieldViolation, InvalidArgument, NotFound
from services.contacts.domain.erasures import nobody
from services.contacts.domain.fields import Catalogue
from services.contacts.domain.permissions import SILENT, Permissions, Preferences, Warning, warnings  # noqa: A004 - the contract's word
from services.contacts.domain.profile import checked_profile
from services.contacts.domain.values import Checks, email_address, email_key, key_of, phone_number, searchable


class ContactNotFound(NotFound):
    reason = "CONTACT_NOT_FOUND"


class EmailTaken(AlreadyExists):
    reason = "EMAIL_TAKEN"

    def __init__(self) -> None:
        fault = FieldViolation("contact.email", "is the address of another contact", self.reason)
        super().__init__("contact.email: is the address of another contact", violations=[fault])


class ContactIsPrimary(FailedPrecondition):
    reason = "CONTACT_IS_PRIMARY"


class ContactAnonymized(FailedPrecondition):
    reason = "CONTACT_ANONYMIZED"


class ContactHasLinks(FailedPrecondition):
    reason = "CONTACT_HAS_LINKS"


class HomeCustomer(FailedPrecondition):
    reason = "HOME_CUSTOMER"


class AlreadyAffiliated(AlreadyExists):
    reason = "ALREADY_AFFILIATED"


EMAIL_REQUIRED = FieldViolation("contact.email", "is needed before access or a notification is on", "EMAIL_REQUIRED")


class EmailRequired(FailedPrecondition):
    reason = "EMAIL_REQUIRED"

    def __init__(self) -> None:
        super().__init__(f"{EMAIL_REQUIRED.field}: {EMAIL_REQUIRED.description}", violations=[EMAIL_REQUIRED])


class State(enum.Enum):
    ACTIVE = 1
    ANONYMIZED = 2


class Direction(enum.Enum):
    LTR = 1
    RTL = 2


class PointKind(enum.Enum):
    EMAIL = 1
    PHONE = 2
    MOBILE = 3
    CERTIFIED_EMAIL = 4


@dataclass(frozen=True)
class ContactPoint:
    """A secondary address or a telephone; never a login."""

    kind: PointKind
    value: str
    label: str = ""

    def checked(self, checks: Checks, index: int) -> ContactPoint:
        at = f"contact_points[{index}]"
        read = email_address if self.kind in {PointKind.EMAIL, PointKind.CERTIFIED_EMAIL} else phone_number
        return replace(self, value=checks.value(f"{at}.value", read, self.value), label=checks.line(f"{at}.label", self.label))


@dataclass(frozen=True)
class PortalAccess:
    """The switch of the client area; both days belong to the window, in the organisation's time zone."""

    enabled: bool = False
    start_date: date | None = None
    end_date: date | None = None

    def check(self) -> None:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise InvalidArgument.of("contact.access.end_date", "lies before the first day", "DATES_REVERSED")


@dataclass(frozen=True)
class Contact:
    """One record however many customers the person acts for. customer_id: the home customer. reports_to_id: the superior.

    groups: who sees it. profile: values of the fields of the catalogue, as JSON.
    """

    id: UUID
    customer_id: UUID
    first_name: str
    last_name: str
    create_time: datetime
    update_time: datetime
    state: State = State.ACTIVE
    email: str = ""
    contact_points: tuple[ContactPoint, ...] = ()
    language_code: str = ""
    direction: Direction = Direction.LTR
    access: PortalAccess = field(default_factory=PortalAccess)
    block_ticket_email: bool = False
    do_not_call: bool = False
    newsletter: bool = False
    open_tracking: bool = False
    reports_to_id: UUID | None = None
    groups: frozenset[UUID] = frozenset()
    tags: tuple[str, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    last_access_time: datetime | None = None
    version: int = 1

    def checked(self, catalogue: Catalogue, before: Contact | None = None) -> Contact:
        """Return the contact with every value in its one form; InvalidArgument names all that cannot be.

        before: as it is stored; None of a new one. Its profile must be as the catalogue says where it changes.
        """
        self.access.check()
        with Checks("contact")() as checks:
            return replace(
                self,
                first_name=checks.line("first_name", self.first_name, required=True),
                last_name=checks.line("last_name", self.last_name, required=True),
                email=checks.value("email", email_address, self.email),
                contact_points=tuple(point.checked(checks, index) for index, point in enumerate(self.contact_points)),
                tags=_tags(self.tags, checks),
                profile=checked_profile(self.profile, before.profile if before else None, catalogue, checks),
            )

    def below(self, superiors: Iterable[UUID]) -> Contact:
        """Return the contact under its superior. superiors: the superior, the superior's superior and so on."""
        if self.id in superiors:
            raise InvalidArgument.of("contact.reports_to", "reports to this contact, or is it", "REPORTS_TO_LOOP")
        return self

    def check_editable(self) -> None:
        """Raise when the personal data was erased: nothing may be written about the person any more."""
        if self.state is State.ANONYMIZED:
            raise ContactAnonymized(f"contact {self.id} is anonymised: it can only be read")

    def anonymized(self, now: datetime, language_code: str) -> Contact:
        """Return what stays: the id, who sees it, for whom it acts. The mark in place of the name is in the organisation's language."""
        return Contact(
            id=self.id,
            customer_id=self.customer_id,
            first_name="",
            last_name=nobody(language_code),
            create_time=self.create_time,
            update_time=now,
            state=State.ANONYMIZED,
            language_code=self.language_code,
            direction=self.direction,
            groups=self.groups,
            version=self.version,
        )

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def email_key(self) -> str | None:
        return email_key(self.email)

    @property
    def sort_name(self) -> str:
        return key_of(f"{self.last_name} {self.first_name}")

    @property
    def search_text(self) -> str:
        return searchable(self.first_name, self.last_name, self.email, *(point.value for point in self.contact_points), *self.tags)


def _tags(tags: tuple[str, ...], checks: Checks) -> tuple[str, ...]:
    """Return each tag once, as it was written first, in order. A comma parts the tags of a form and a file."""
    once: dict[str, str] = {}
    for index, tag in enumerate(tags):
        line = checks.line(f"tags[{index}]", tag, required=True)
        if "," in line:
            checks.fault(f"tags[{index}]", "holds a comma", "TAG_MALFORMED")
        once.setdefault(key_of(line), line)
    return tuple(once[key] for key in sorted(once))


@dataclass(frozen=True)
class Affiliation:
    """A contact acting for a customer; what is true of that pair alone. position: the title on the card, in free words."""

    customer_id: UUID
    contact_id: UUID
    create_time: datetime
    position: str = ""
    contact_role_id: UUID | None = None
    permissions: Permissions = field(default_factory=Permissions)
    preferences: Preferences = field(default_factory=Preferences)
    version: int = 1

    def checked(self, resource: str = "affiliation") -> Affiliation:
        with Checks(resource)() as checks:
            return replace(self, position=checks.line("position", self.position))

    def anonymized(self) -> Affiliation:
        """Return what stays when the person is erased: for whom it acts, told nothing. Title and role would say who it was."""
        return replace(self, position="", contact_role_id=None, preferences=SILENT)


@dataclass(frozen=True)
class Links:
    """What of one type is linked to a contact. type: of the resources, such as "recapito/Invoice". titles: of the newest, at most five."""

    type: str
    count: int
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class AffiliationView:
    """An affiliation with what is derived for its reader. effective: only ALLOW or DENY."""

    affiliation: Affiliation
    primary: bool
    effective: Permissions
    display_name: str
    email: str
    past: bool = False

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """Say what does not fit; nothing about the past, which nobody can mend."""
        return () if self.past else warnings(self.affiliation.preferences, self.effective, self.email)


@dataclass(frozen=True)
class ContactView:
    """A contact with those of its affiliations that the reader may see, the home customer first."""

    contact: Contact
    affiliations: tuple[AffiliationView, ...] = ()

    @property
    def home(self) -> AffiliationView | None:
        """Return what it is for its own customer; None when the reader may not see that."""
        return next((one for one in self.affiliations if one.affiliation.customer_id == self.contact.customer_id), None)


@dataclass(frozen=True)
class ContactsPage:
    """One page of a list. token: of the next page. similar: how many, at the end, only a slip in the search lets in."""

    contacts: Sequence[ContactView]
    token: str = ""
    similar: int = 0


def needs_email(contact: Contact, preferences: list[Preferences]) -> bool:
    """Say whether access or a notification is on although there is no address."""
    return not contact.email and (contact.access.enabled or any(one.wanted() for one in preferences))
