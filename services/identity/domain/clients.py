"""OAuth 2 clients: what a service account is set up for, and the rules of scopes, redirects, codes and assertions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from libs.errors import InvalidArgument, Unauthenticated

CODE_LIFE = timedelta(seconds=60)
ASSERTION_LIFE = timedelta(minutes=5)  # the longest that an assertion may be valid
SECRET_OVERLAP = timedelta(days=7)  # the longest that an old secret may still work
SKEW = timedelta(seconds=30)  # by which a client's clock may differ from ours
OPENID, EMAIL, PROFILE = "openid", "email", "profile"
OPENID_SCOPES = (OPENID, EMAIL, PROFILE)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, section 4.1
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url


class InvalidRequest(InvalidArgument):
    reason = "invalid_request"  # this and the following: RFC 6749, section 5.2


class InvalidClient(Unauthenticated):
    reason = "invalid_client"


class InvalidScope(InvalidArgument):
    reason = "invalid_scope"


class UnauthorizedClient(InvalidArgument):
    reason = "unauthorized_client"


class UnsupportedResponseType(InvalidArgument):
    reason = "unsupported_response_type"


class AccessDenied(InvalidArgument):
    reason = "access_denied"


class UntrustedRedirect(InvalidArgument):
    """Nobody may be sent to this address, not even with an error."""

    reason = "REDIRECT_URI_UNKNOWN"


@dataclass(frozen=True)
class ClientMetadata:
    """key_set: public keys as a JWK set, "" for none. first_party: acts for people who sign in, not only for itself."""

    redirect_uris: tuple[str, ...] = ()
    key_set: str = ""
    first_party: bool = False


@dataclass(frozen=True)
class Credentials:
    """What a client shows of itself: a secret, or an assertion signed with a key of its own, or nothing but its id."""

    client_id: str = ""
    secret: str = field(default="", repr=False)
    assertion_type: str = ""
    assertion: str = field(default="", repr=False)


def check_redirect_uris(uris: Collection[str]) -> None:
    """Let through https addresses, and http ones of the person's own device, of RFC 8252, section 7.3."""
    for index, uri in enumerate(uris):
        if not _may_get_codes(uri):
            rule = "must be an https address without a fragment, or http on 127.0.0.1, [::1] or localhost"
            raise InvalidArgument.of(f"account.client.redirect_uris[{index}]", rule, "REDIRECT_URI_INVALID")


def _may_get_codes(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises ValueError when it is none
    except ValueError:
        return False
    plain = uri.isascii() and uri.isprintable() and not set(uri) & set(' "\\<>#*;,')  # nothing that means something in a header
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return plain and safe and bool(parts.hostname) and "@" not in parts.netloc


# --- scopes --------------------------------------------------------------------------------------------------------------------------
def checked_scope(scope: str, allowed: Collection[str]) -> str:
    """Return the scope, each name once and in order; InvalidScope for one that is not allowed."""
    names = sorted(set(scope.split()))
    for name in names:
        if name not in allowed:
            raise InvalidScope(f'the scope "{name[:60]}" is unknown, or more than is held here')
    return " ".join(names)


def narrowed(scope: str, capabilities: frozenset[str]) -> frozenset[str]:
    """Return the capabilities that a scope leaves: those that it names, all when it names none."""
    named = set(scope.split()) - set(OPENID_SCOPES)
    return capabilities & named if named else capabilities


# --- codes ---------------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AuthorizationCode:
    """What a code was given for. family_id: the tokens that it was changed for, or will be."""

    client_id: UUID
    account_id: UUID
    session_id: UUID
    family_id: UUID
    redirect_uri: str
    code_challenge: str
    scope: str
    nonce: str
    expire_time: datetime


def check_request(response_type: str, code_challenge: str, code_challenge_method: str) -> None:
    if response_type != "code":
        raise UnsupportedResponseType('response_type must be "code"')
    if code_challenge_method != "S256" or not _CHALLENGE.fullmatch(code_challenge):
        raise InvalidRequest("code_challenge must be the S256 challenge of RFC 7636")


def proves(code_verifier: str, code_challenge: str) -> bool:
    """Tell whether who brings the verifier is who made the challenge; S256 and nothing weaker."""
    if not _VERIFIER.fullmatch(code_verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(made, code_challenge)


# --- assertions ----------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Assertion:
    """What a signed assertion of RFC 7523 says; times in seconds since 1970."""

    issuer: str
    subject: str
    audience: frozenset[str]
    expire: float
    not_before: float
    id: str

    def fits(self, client_id: UUID, audiences: Collection[str], now: datetime) -> bool:
        moment = now.timestamp()
        of_client = self.issuer == self.subject == str(client_id)
        in_time = moment < self.expire <= (now + ASSERTION_LIFE + SKEW).timestamp() and self.not_before <= (now + SKEW).timestamp()
        return of_client and in_time and not self.audience.isdisjoint(audiences) and 0 < len(self.id) <= 200
