"""The organisation's own identity providers, and which operator one of their people is."""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from services.identity.domain.accounts import fold

SIGN_IN_LIFE = timedelta(minutes=10)  # from the button to the way back


def secure(url: str, *, loopback: bool) -> bool:
    """Tell whether a URL is https. loopback: plain http to this machine will do too, for development."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (loopback and parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LinkRule(enum.Enum):
    """Which person of a provider becomes which operator, the first time; afterwards its subject decides alone."""

    VERIFIED_EMAIL = "verified_email"  # the operator of the address, when the provider says that it has verified it
    EMAIL = "email"  # the same, of a provider whose addresses only the organisation can set and which never says so
    NONE = "none"  # nobody any more: only those who are known already


@dataclass(frozen=True)
class Provider:
    """An OpenID provider. redirect_uris: where it may send people back to. email_domains: folded; of whom it may speak."""

    id: str
    display_name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: frozenset[str]
    email_domains: frozenset[str]
    link_rule: LinkRule = LinkRule.VERIFIED_EMAIL

    def vouches_for(self, claims: Claims) -> bool:
        """Tell whether the operator of the claimed address may be taken for this person.

        One with other letters than ASCII's never: it may fold to the address of somebody else.
        """
        verified = claims.email_verified or self.link_rule is LinkRule.EMAIL
        ours = fold(claims.email).rpartition("@")[2] in self.email_domains
        return self.link_rule is not LinkRule.NONE and verified and ours and claims.email.isascii() and claims.email.isprintable()


@dataclass(frozen=True)
class AuthorizationRequest:
    """A sign-in that was started at a provider. state: comes back with the answer; nonce: within the ID token."""

    provider_id: str
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True)
class Claims:
    """What a provider says of a person, its signature and all else checked.

    subject: never given to another person. authentication_time: when the person last proved itself there, which may be hours ago;
    None when the provider does not say.
    """

    subject: str
    email: str
    email_verified: bool
    authentication_time: datetime | None
