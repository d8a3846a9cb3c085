"""What the use cases keep: the protocols of the repositories, and the unit of work that joins them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from libs import unit_of_work
from libs.listing import Listing
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.audit import Entry, Head
from services.identity.domain.clients import AuthorizationCode
from services.identity.domain.factors import Factor
from services.identity.domain.links import Link, Purpose
from services.identity.domain.policies import Acceptance, Policy
from services.identity.domain.providers import AuthorizationRequest
from services.identity.domain.roles import Role
from services.identity.domain.sessions import Session, State, state_of
from services.identity.domain.settings import IdentitySettings
from services.identity.domain.tokens import Limit, SigningKey


@dataclass(frozen=True)
class Sight:
    """What an operator may see of accounts: all, or operators and the contacts of these groups."""

    all: bool
    groups: frozenset[UUID] = frozenset()


class Accounts(Protocol):
    def get(self, account_id: UUID, sight: Sight | None = None) -> Account: ...  # or NotFound, also of a deleted one
    def find(self, account_id: UUID) -> Account | None: ...  # also a deleted one
    def find_all(self, account_ids: Sequence[UUID]) -> dict[UUID, Account]: ...  # also deleted ones
    def lock(self, account_id: UUID) -> Account: ...  # as get, and nobody else changes it until the commit
    def of_contacts(self) -> set[UUID]: ...  # of those that are not deleted
    def by_login(self, email: str, kind: Kind | None) -> list[Account]: ...  # operators first
    def page(self, listing: Listing, sight: Sight) -> tuple[Sequence[Account], str]: ...
    def add(self, account: Account) -> Account: ...  # EmailTaken when its address is another's login; ROLE_UNKNOWN
    def save(self, account: Account) -> Account: ...  # with its next version; Aborted if another was faster; EmailTaken
    def mark_sign_in(self, account_id: UUID, password_hash: str, now: datetime) -> Account: ...  # its etag stays
    def next_event(self, account_id: UUID) -> int: ...  # the version of its next event
    def lock_administrators(self) -> list[Account]: ...  # those not disabled; nobody else changes them until the commit


@dataclass(frozen=True)
class SignedIn:
    session: Session
    account: Account
    accepted: bool  # the current privacy policy
    factor_obligatory: bool  # for administrators

    @property
    def state(self) -> State:
        return state_of(self.session, self.account, accepted=self.accepted, factor_obligatory=self.factor_obligatory)


class Sessions(Protocol):
    def signed_in(self, token: str) -> SignedIn | None: ...
    def signed_in_by_id(self, session_id: UUID) -> SignedIn | None: ...
    def get(self, account_id: UUID, session_id: UUID) -> Session: ...  # or NotFound
    def page(self, account_id: UUID, listing: Listing, now: datetime, only: UUID | None) -> tuple[Sequence[Session], str]: ...
    def add(self, session: Session, token: str) -> None: ...
    def touch(self, session_id: UUID, now: datetime) -> None: ...
    def renew(self, session: Session, token: str) -> None: ...  # under a new token; Unauthenticated when it ended meanwhile
    def mark_second_factor(self, session_id: UUID, now: datetime) -> None: ...
    def open(self, session_id: UUID, now: datetime) -> bool: ...  # False: it was open before
    def end(self, session_id: UUID) -> None: ...
    def end_all(self, account_id: UUID, *, but: UUID | None = None) -> int: ...
    def sweep(self, now: datetime) -> None: ...  # forgets the dead ones


class Roles(Protocol):
    """The organisation's own roles."""

    def all(self) -> list[Role]: ...  # by name
    def find(self, names: Collection[str]) -> list[Role]: ...  # those that exist
    def get(self, name: str) -> Role: ...  # or NotFound
    def add(self, role: Role) -> Role: ...  # or NameTaken
    def save(self, role: Role) -> Role: ...  # with its next version; NameTaken; Aborted if another was faster
    def delete(self, role: Role) -> None: ...  # RoleInUse while an account has it


class Links(Protocol):
    def find(self, token: str) -> Link | None: ...
    def get(self, account_id: UUID, link_id: UUID) -> Link: ...  # or NotFound
    def page(self, account_id: UUID, listing: Listing) -> tuple[Sequence[Link], str]: ...
    def add(self, links: Sequence[tuple[Link, str]]) -> None: ...  # each with its token
    def use(self, token: str, purposes: Sequence[Purpose], ip_address: str) -> Link | None: ...  # one conditional UPDATE
    def use_by_id(self, link_id: UUID, purposes: Sequence[Purpose], ip_address: str) -> Link | None: ...  # as use
    def cancel(self, account_id: UUID, purposes: Sequence[Purpose] | None = None) -> None: ...  # the usable ones; None: all
    def cancel_of_messages(self, messages: Sequence[str]) -> None: ...
    def cancel_one(self, link_id: UUID) -> None: ...
    def sweep(self, now: datetime) -> None: ...


class LinkCodes(Protocol):
    """The codes beside sign-in links; an account has one at a time."""

    def add(self, codes: Sequence[tuple[Link, str]]) -> None: ...  # each in the place of the one before
    def try_code(self, account_id: UUID, code: str) -> UUID | None: ...  # counted by one UPDATE; its link when it is right
    def forget(self, account_id: UUID) -> None: ...
    def sweep(self, now: datetime) -> None: ...


@dataclass(frozen=True)
class LinkRequest:
    """What a person asked for on a public page, before anybody looked whether the address exists."""

    id: int
    purpose: Purpose
    kind: Kind | None
    email: str  # folded; "" when account_id is set
    account_id: UUID | None
    landing: str


class LinkRequests(Protocol):
    def add(self, purpose: Purpose, kind: Kind | None, email: str, account_id: UUID | None, landing: str) -> None: ...
    def take(self, limit: int) -> list[LinkRequest]: ...  # they are gone with the commit


class Policies(Protocol):
    def get(self, policy_id: UUID) -> Policy: ...  # or NotFound
    def current(self) -> Policy: ...  # or NotFound
    def page(self, listing: Listing) -> tuple[Sequence[Policy], str]: ...
    def add(self, policy: Policy) -> Policy: ...
    def save(self, policy: Policy) -> Policy: ...  # with its next version; Aborted if another was faster
    def delete(self, policy: Policy) -> None: ...  # a draft; Aborted if another was faster
    def supersede(self) -> None: ...  # the current one
    def accepted(self, account_id: UUID) -> bool: ...  # the current one
    def accept(self, acceptance: Acceptance) -> Acceptance: ...  # the earlier proof when there is one
    def acceptances(self, account_id: UUID, listing: Listing) -> tuple[Sequence[Acceptance], str]: ...


class Throttle(Protocol):
    def hit(self, limit: Limit, subject: str, now: datetime) -> tuple[int, float]: ...  # tries so far; seconds to wait, 0 means let in
    def wait(self, limit: Limit, subject: str, now: datetime) -> float: ...  # the seconds that the next try has to wait; counts nothing
    def forget(self, limit: Limit, subject: str) -> None: ...
    def take_back(self, limit: Limit, subject: str) -> None: ...  # one try, which was not to be counted
    def know(self, account_id: UUID, device: str, now: datetime) -> None: ...
    def known(self, login: str, device: str) -> bool: ...  # a device from which this login signed in before
    def knows(self, account_id: UUID, device: str) -> bool: ...  # from which this account did
    def forget_devices(self, account_id: UUID) -> None: ...
    def sweep(self, now: datetime) -> None: ...


@dataclass(frozen=True)
class Family:
    """The refresh tokens that follow one another since one exchange. client_id: the application that they are for, if any."""

    id: UUID
    account_id: UUID
    session_id: UUID
    client_id: UUID | None = None
    scope: str = ""


class Families(Protocol):
    def add(self, family: Family, token: str, now: datetime) -> None: ...
    def spend(self, token: str, now: datetime) -> Family | None: ...  # one conditional UPDATE
    def renew(self, family_id: UUID, token: str, now: datetime) -> None: ...
    def find(self, token: str) -> Family | None: ...  # also of a spent token
    def live(self, family_id: UUID) -> bool: ...
    def end(self, family_id: UUID) -> None: ...
    def end_of_client(self, client_id: UUID) -> None: ...


class Clients(Protocol):
    """What the account of a client does not say: secrets, codes, assertions."""

    def secret(self, seed: str) -> str: ...  # always the same of one seed
    def rotate(self, account_id: UUID, secret: str, old_until: datetime | None) -> None: ...  # None: the old one ends now
    def has_secret(self, account_id: UUID) -> bool: ...
    def authenticates(self, account_id: UUID, secret: str, now: datetime) -> bool: ...
    def add_code(self, code: AuthorizationCode, token: str) -> None: ...
    def use_code(self, token: str, now: datetime) -> AuthorizationCode | None: ...  # one conditional UPDATE
    def find_code(self, token: str) -> AuthorizationCode | None: ...  # also a used one
    def use_assertion(self, client_id: UUID, assertion_id: str, expire_time: datetime) -> bool: ...  # False: it was used before
    def sweep(self, now: datetime) -> None: ...


class Factors(Protocol):
    def get(self, account_id: UUID, factor_id: UUID) -> Factor: ...  # or NotFound
    def of_account(self, account_id: UUID) -> list[Factor]: ...  # the oldest first, also those not confirmed
    def by_credential(self, credential_id: bytes) -> Factor | None: ...
    def page(self, account_id: UUID, listing: Listing) -> tuple[Sequence[Factor], str]: ...
    def add(self, factor: Factor) -> None: ...
    def confirm(self, factor: Factor, step: int) -> None: ...  # step: of TOTP, the first that is used; PasskeyTaken
    def use_step(
        self, factor_id: UUID, step: int, now: datetime
    ) -> bool: ...  # one conditional UPDATE; False: this or a later one was used
    def use_passkey(self, factor_id: UUID, sign_count: int, now: datetime) -> bool: ...  # one conditional UPDATE; False: a copy was faster
    def delete(self, factor_id: UUID) -> None: ...
    def delete_all(self, account_id: UUID) -> None: ...
    def sweep(self, now: datetime) -> None: ...  # forgets those that nobody confirmed


class RecoveryCodes(Protocol):
    def renew(self, account_id: UUID, codes: Sequence[str], now: datetime) -> None: ...  # the older ones are gone
    def use(self, account_id: UUID, code: str, now: datetime) -> bool: ...  # one conditional UPDATE
    def left(self, account_id: UUID) -> int: ...


class Challenges(Protocol):
    def add(self, challenge: bytes, factor_id: UUID | None, expire_time: datetime) -> None: ...
    def use(self, challenge: bytes, factor_id: UUID | None, now: datetime) -> bool: ...  # one conditional DELETE
    def sweep(self, now: datetime) -> None: ...


class Keys(Protocol):
    def all(self) -> list[SigningKey]: ...
    def last_number(self) -> int: ...  # of the newest, also one that cannot be read any more; 0 before the first
    def add(self, key: SigningKey, number: int) -> None: ...  # nothing when somebody else made the one of this number meanwhile
    def delete(self, key_id: str) -> None: ...


class Settings(Protocol):
    def current(self) -> IdentitySettings: ...
    def save(self, settings: IdentitySettings) -> IdentitySettings: ...  # with its next version; Aborted if another was faster


@dataclass(frozen=True)
class SignedHead:
    """signature: a compact JWS of the head."""

    head: Head
    signature: str


class Audit(Protocol):
    def lock(self, service: str) -> Head: ...  # the end of its chain, which nobody else moves until the commit
    def add(self, entries: Sequence[Entry]) -> None: ...  # of one service, chained behind its locked head
    def addresses(self, session_ids: AbstractSet[UUID]) -> dict[UUID | None, str]: ...  # also of ended sessions
    def page(self, listing: Listing) -> tuple[Sequence[Entry], str]: ...
    def batches(self, listing: Listing) -> Iterator[Sequence[Entry]]: ...  # all that the filter wants, by service and sequence
    def chain(self, service: str, after: int, until: int) -> Iterator[Entry]: ...  # both are sequences
    def services(self) -> list[str]: ...
    def head(self, service: str) -> Head: ...
    def signed(self, service: str) -> SignedHead | None: ...
    def sign(self, signed: SignedHead, now: datetime) -> None: ...


class AuthorizationRequests(Protocol):
    def add(self, provider_id: str, redirect_uri: str, state: str, expire_time: datetime) -> AuthorizationRequest: ...
    def take(self, state: str, now: datetime) -> AuthorizationRequest | None: ...  # once; None also for an expired one
    def sweep(self, now: datetime) -> None: ...


class ProviderIdentities(Protocol):
    """Which account a person of a provider is. A subject is never given to a second person, an address may be."""

    def find(self, issuer: str, subject: str) -> UUID | None: ...
    def link(self, issuer: str, subject: str, account_id: UUID, now: datetime) -> bool: ...  # False: one of the two has another
    def forget(self, account_id: UUID) -> None: ...


class PersonalData(Protocol):
    """What stands beside an account and says who a person is."""

    def erase(self, account_id: UUID, email: str) -> int: ...  # how many rows it was
    def rows(self, account_id: UUID) -> Iterator[tuple[str, dict[str, Any]]]: ...  # each with its kind; no secret
    def accepted(self, account_id: UUID) -> bool: ...  # a version of the policy, whose proof stays


class UnitOfWork(unit_of_work.UnitOfWork, Protocol):
    @property
    def personal_data(self) -> PersonalData: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def roles(self) -> Roles: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def links(self) -> Links: ...
    @property
    def codes(self) -> LinkCodes: ...
    @property
    def link_requests(self) -> LinkRequests: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def throttle(self) -> Throttle: ...
    @property
    def families(self) -> Families: ...
    @property
    def clients(self) -> Clients: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def factors(self) -> Factors: ...
    @property
    def recovery_codes(self) -> RecoveryCodes: ...
    @property
    def challenges(self) -> Challenges: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def authorization_requests(self) -> AuthorizationRequests: ...
    @property
    def provider_identities(self) -> ProviderIdentities: ...
    def now(self) -> datetime: ...  # the database's clock, which judges links and dates proofs
    def wake(self, channel: str) -> None: ...


NewUnitOfWork = Callable[[], UnitOfWork]
