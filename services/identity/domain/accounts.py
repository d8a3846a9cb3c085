"""Who can sign in, and what its roles allow."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from services.identity.domain.clients import ClientMetadata, check_redirect_uris
from services.identity.domain.contacts import NO_ACCESS, Access, Contact
from services.identity.domain.roles import ADMINISTRATOR, ROLES, SEE_ALL, Authority, checked_names


class Kind(enum.Enum):
    OPERATOR = "OPERATOR"
    CONTACT = "CONTACT"
    SERVICE = "SERVICE"  # a client application


class State(enum.Enum):
    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class CredentialChange(enum.Enum):
    """What the owner of an account is told of, as CredentialsChanged names it."""

    PASSWORD = "PASSWORD"  # noqa: S105 - a change
    FACTOR_ADDED = "FACTOR_ADDED"
    FACTOR_REMOVED = "FACTOR_REMOVED"
    RECOVERY_CODES = "RECOVERY_CODES"
    LINK_DISOWNED = "LINK_DISOWNED"
    NEW_DEVICE = "NEW_DEVICE"


class EmailTaken(AlreadyExists):
    reason = "EMAIL_TAKEN"


class LastAdministrator(FailedPrecondition):
    reason = "LAST_ADMINISTRATOR"


# --- accounts ------------------------------------------------------------------------------------------------------------------------
def fold(email: str) -> str:
    """Return the login of an address: letter case, outer spaces and forms of the same letter do not count."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def masked(email: str) -> str:
    """Return an address that its owner recognises and nobody else learns: "m•••@acme.example"."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}" if local else ""


ERASED = 2**62  # as the version of a contact that was erased: no event is newer


@dataclass(frozen=True)
class Account:
    """generation: grows when all links issued so far must die. access, customer_id, groups of a contact: as its last event said.

    groups of an operator or a service: what it sees. granted: what those of its roles allow that are not built in, as they are now.
    contact_version: of that event, 0 before the first. client: of a service.
    """

    id: UUID
    kind: Kind
    display_name: str
    create_time: datetime
    email: str = ""
    language_code: str = "it"
    right_to_left: bool = False
    state: State = State.INVITED
    roles: tuple[str, ...] = ()
    granted: frozenset[str] = frozenset()
    groups: frozenset[UUID] = frozenset()
    access_version: int = 1
    password_hash: str = ""
    password_change_required: bool = False
    second_factor_set: bool = False  # at least one confirmed
    generation: int = 1
    customer_id: UUID | None = None
    access: Access = NO_ACCESS
    contact_version: int = 0
    last_sign_in_time: datetime | None = None
    delete_time: datetime | None = None
    client: ClientMetadata | None = None
    version: int = 1

    @property
    def login(self) -> str | None:
        return fold(self.email) or None

    @property
    def disabled(self) -> bool:
        return self.state is State.DISABLED or self.delete_time is not None

    @property
    def capabilities(self) -> frozenset[str]:
        return self.granted.union(*(ROLES.get(role, frozenset()) for role in self.roles))

    @property
    def sees_all(self) -> bool:
        return SEE_ALL in self.capabilities

    @property
    def authority(self) -> Authority:
        return Authority(self.capabilities, self.groups)

    @property
    def administrator(self) -> bool:
        return self.kind is Kind.OPERATOR and ADMINISTRATOR in self.roles and not self.disabled

    def contact(self) -> Contact | None:
        """Return the contact as its last event told; None when it was deleted."""
        if self.delete_time is not None:
            return None
        return Contact(
            id=self.id,
            display_name=self.display_name,
            email=self.email,
            language_code=self.language_code,
            right_to_left=self.right_to_left,
            customer_id=self.customer_id,
            groups=self.groups,
            access=self.access,
        )

    # --- changes -----------------------------------------------------------------------------------------------------------------
    def with_password(self, password_hash: str, *, temporary: bool = False) -> Account:
        """A new password cancels every link; whoever saves this also ends the sessions."""
        return replace(self, password_hash=password_hash, password_change_required=temporary, generation=self.generation + 1)

    def without_password(self) -> Account:
        """Whoever knows the password is shut out until a new one is set by a link; every link so far is cancelled."""
        return replace(self, password_hash="", password_change_required=False, generation=self.generation + 1)

    def disable(self) -> Account:
        return replace(self, state=State.DISABLED, generation=self.generation + 1)

    def enable(self) -> Account:
        if self.state is not State.DISABLED:
            return self
        return replace(self, state=State.ACTIVE if self.last_sign_in_time else State.INVITED)

    def signed_in(self, now: datetime) -> Account:
        return replace(self, state=State.ACTIVE, last_sign_in_time=now)

    def changed(
        self,
        *,
        display_name: str,
        email: str,
        language_code: str,
        roles: Iterable[str],
        groups: Iterable[UUID],
        client: ClientMetadata | None = None,
    ) -> Account:
        """Return an account with new data; a new address cancels its links, new roles or groups count at the next request.

        What its own roles allow then is known when it is saved.
        """
        new = replace(
            self,
            display_name=display_name,
            email=email.strip(),
            language_code=language_code or "it",
            roles=checked_names(roles),
            groups=frozenset(groups),
            client=client if self.kind is Kind.SERVICE else None,
        )
        if new.login != self.login:
            new = replace(new, generation=self.generation + 1)
        if (new.roles, new.groups) != (self.roles, self.groups):
            new = replace(new, access_version=self.access_version + 1)
        return new


def check_service(account: Account) -> None:
    """Refuse what a service account cannot have, and what makes its client unsafe."""
    if account.email:
        raise InvalidArgument.of("account.email", "must be empty: a service gets no mail", "NOT_FOR_SERVICES")
    if not account.display_name:
        raise InvalidArgument.of("account.display_name", "is required", "REQUIRED")
    if account.client is not None:
        check_redirect_uris(account.client.redirect_uris)


def of_contact(contact: Contact, version: int, now: datetime) -> Account:
    """Return the account that a contact gets when identity first hears of it."""
    new = Account(id=contact.id, kind=Kind.CONTACT, display_name=contact.display_name, create_time=now)
    return following(new, contact, version, now)


def following(account: Account, contact: Contact, version: int, now: datetime) -> Account:
    """Return the account as its contact is now.

    A changed address, access switched off and the end of an access period cancel every link for good, even when access is
    given again afterwards; whoever saves this ends the sessions when the generation grew.
    """
    new = replace(
        account,
        display_name=contact.display_name,
        email=contact.email,
        language_code=contact.language_code or "it",
        right_to_left=contact.right_to_left,
        customer_id=contact.customer_id,
        groups=contact.groups,
        access=contact.access,
        contact_version=max(version, account.contact_version),
    )
    # A period has ended somewhere on earth a day before it has everywhere: the day after is sure in every zone.
    ended = account.access.enabled and account.access.end_date is not None and (now.date() - account.access.end_date).days > 1
    switched_off = account.access.enabled and not contact.access.enabled
    if ended or switched_off or new.login != account.login:
        new = replace(new, generation=account.generation + 1)
    return new


def forgotten(account: Account, version: int, now: datetime) -> Account:
    """Return what is left when the contact is deleted: its id, so that nothing of it comes back to the next holder of the address."""
    return Account(
        id=account.id,
        kind=account.kind,
        display_name="",
        create_time=account.create_time,
        state=State.DISABLED,
        generation=account.generation + 1,
        contact_version=max(version, account.contact_version),
        last_sign_in_time=account.last_sign_in_time,
        delete_time=now,
        version=account.version,
    )


def returned(account: Account) -> Account:
    """Return a deleted account for a contact that is back: it has to set a password, as if it were invited."""
    return account if account.delete_time is None else replace(account, state=State.INVITED, delete_time=None)


def never_known(account_id: UUID, now: datetime) -> Account:
    """Return the mark of a contact that was erased before any event of it came: those events are on their way, or were set aside."""
    return Account(
        id=account_id, kind=Kind.CONTACT, display_name="", create_time=now, state=State.DISABLED, contact_version=ERASED, delete_time=now
    )
