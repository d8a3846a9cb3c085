"""What the use cases need from outside: words, the service of contacts, hashes, providers, passkeys, signatures."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.identity.domain.accounts import Account
from services.identity.domain.audit import Head
from services.identity.domain.clients import Assertion
from services.identity.domain.contacts import Area, Contact
from services.identity.domain.factors import Passkey
from services.identity.domain.providers import AuthorizationRequest, Claims, Provider
from services.identity.domain.tokens import SigningKey
from services.identity.service.stored import SignedHead


# --- words ---------------------------------------------------------------------------------------------------------------------------
class Sentences(Protocol):
    """What each check of an explanation means and what to change, for those who help people in."""

    def sentence(self, code: str, *, passed: bool, language: str) -> str: ...


# --- outside -------------------------------------------------------------------------------------------------------------------------
class Contacts(Protocol):
    """The service contacts."""

    def find(self, contact_id: UUID) -> Contact | None: ...  # as it is now; None when there is none; Unavailable when it cannot be asked
    def customers_seen(self, contact_id: UUID, passport: str) -> frozenset[UUID]: ...  # it acts for, and the passport's holder sees
    def every(self) -> Iterator[Contact]: ...
    def area(self, now: datetime) -> Area: ...  # as the organisation last said


class Hasher(Protocol):
    """Argon2id. Raises Unavailable when too many wait for it."""

    @property
    def common(self) -> Container[str]: ...  # passwords of public leaks, folded
    def place(self, known: Callable[[], bool] = ...) -> AbstractContextManager[None]:
        """Keep a place in the queue for this thread, so that a check that is counted is made.

        known: asked when all are taken; True gives one of those kept for devices from which somebody signed in before.
        """
        ...

    def hash(self, password: str) -> str: ...
    def verify(self, password_hash: str, password: str) -> bool: ...  # the same work without a hash, and never True
    def outdated(self, password_hash: str) -> bool: ...  # made with weaker parameters than today's


class Providers(Protocol):
    """The organisation's identity providers, over OpenID Connect. Unavailable when one does not answer."""

    def all(self) -> list[Provider]: ...
    def find(self, provider_id: str) -> Provider | None: ...  # None: not configured
    def authorization_uri(self, provider: Provider, request: AuthorizationRequest, *, reauthenticate: bool) -> str: ...
    def claims(self, provider: Provider, request: AuthorizationRequest, code: str) -> Claims: ...  # or Unauthenticated


class OneTimeCodes(Protocol):
    """Time-based codes, RFC 6238: SHA-1, six digits, 30 seconds; as every app knows them."""

    def new_secret(self) -> bytes: ...
    def enrolment(self, secret: bytes, account: Account) -> str: ...  # an otpauth:// address
    def step_of(self, secret: bytes, code: str, now: datetime) -> int | None: ...  # of the last, this and the next 30 seconds


@dataclass(frozen=True)
class PasskeyAnswer:
    """What a browser's WebAuthn call returned, read but not believed yet."""

    credential_id: bytes
    challenge: bytes
    user_handle: bytes
    response: str


class Passkeys(Protocol):
    """WebAuthn for our own site. A user must always be verified."""

    def creation(self, challenge: bytes, account: Account, known: Sequence[Passkey]) -> str: ...  # options as JSON
    def request(self, challenge: bytes) -> str: ...  # options as JSON
    def read(self, response: str) -> PasskeyAnswer | None: ...  # None: it is not one
    def registered(self, answer: PasskeyAnswer) -> Passkey | None: ...  # None: forged, or of another site
    def asserted(self, answer: PasskeyAnswer, passkey: Passkey) -> Passkey | None: ...  # with its new sign count


@dataclass(frozen=True)
class AccessClaims:
    """What an access token says. Without a session it is a client's own, and dies when its account's generation grows."""

    account_id: UUID
    session_id: UUID | None = None
    family_id: UUID | None = None
    client_id: UUID | None = None
    scope: str = ""
    generation: int = 0


class Assertions(Protocol):
    """JSON Web Tokens that clients sign with keys of their own."""

    def check_keys(self, key_set: str, field: str) -> None: ...  # or InvalidArgument: public keys only, of kinds that we accept
    def issuer(self, assertion: str) -> str: ...  # as it says itself, not verified; "" when it cannot be read
    def read(self, assertion: str, key_set: str) -> Assertion | None: ...  # None: not signed by one of these keys


class Signer(Protocol):
    """Signs and reads JSON Web Tokens with the keys that it is given."""

    def access_token(self, claims: AccessClaims, keys: Sequence[SigningKey], now: datetime) -> str: ...
    def id_token(self, claims: Mapping[str, object], keys: Sequence[SigningKey], now: datetime) -> str: ...
    def read_access_token(self, token: str, keys: Sequence[SigningKey], now: datetime) -> AccessClaims: ...  # or Unauthenticated
    def key_set(self, keys: Sequence[SigningKey]) -> bytes: ...  # a JWK set, public parts only


class HeadSigner(Protocol):
    """Signs the heads of the audit's chains."""

    def sign_head(self, head: Head, keys: Sequence[SigningKey], now: datetime) -> str: ...
    def signed(self, kept: SignedHead, keys: Sequence[SigningKey], now: datetime) -> bool: ...  # by the key that signs now
    def forged(self, kept: SignedHead, keys: Sequence[SigningKey]) -> bool: ...  # not by us; False when the key is forgotten


class Heads(Protocol):
    """Signed heads outside the database."""

    def add(self, signed: SignedHead) -> None: ...
    def last(self, service: str) -> SignedHead | None: ...
