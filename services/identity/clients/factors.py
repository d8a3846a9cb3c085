"""Time-based codes by pyotp; passkeys by the library webauthn."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

import pyotp
import webauthn
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.identity.domain.accounts import Account
from services.identity.domain.factors import CHALLENGE_LIFE, Passkey
from services.identity.service import PasskeyAnswer

# What the library lets through of bytes that no browser made, besides its own errors.
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
_TIMEOUT_MILLISECONDS = int(CHALLENGE_LIFE.total_seconds() * 1000)


def site(public_url: str) -> tuple[str, str]:
    """Return the rp id and the one origin of passkeys: the host of the pages, and their address without a path."""
    parts = urlsplit(public_url)
    return parts.hostname or "", f"{parts.scheme}://{parts.netloc}"


class PyotpCodes:
    """issuer: what the app shows beside the account."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def new_secret(self) -> bytes:
        return pyotp.random_base32().encode()

    def enrolment(self, secret: bytes, account: Account) -> str:
        return pyotp.TOTP(secret.decode()).provisioning_uri(name=account.email or account.display_name, issuer_name=self._issuer)

    def step_of(self, secret: bytes, code: str, now: datetime) -> int | None:
        """Return the step that a code belongs to. All three are compared, so that the time tells nothing."""
        if not secret:
            return None
        totp = pyotp.TOTP(secret.decode())
        this = totp.timecode(now)
        matching = [step for step in (this - 1, this, this + 1) if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())]
        return matching[0] if matching else None


class WebAuthn:
    def __init__(self, public_url: str) -> None:
        self._rp_id, self._origin = site(public_url)

    def creation(self, challenge: bytes, account: Account, known: Sequence[Passkey]) -> str:
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name=self._rp_id,
            user_id=account.id.bytes,
            user_name=account.email or account.display_name,
            user_display_name=account.display_name,
            challenge=challenge,
            timeout=_TIMEOUT_MILLISECONDS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        )
        return webauthn.options_to_json(options)

    def request(self, challenge: bytes) -> str:
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id, challenge=challenge, timeout=_TIMEOUT_MILLISECONDS, user_verification=UserVerificationRequirement.REQUIRED
        )
        return webauthn.options_to_json(options)

    def read(self, response: str) -> PasskeyAnswer | None:
        try:
            answer = json.loads(response)
            client_data = parse_client_data_json(base64url_to_bytes(answer["response"]["clientDataJSON"]))
            handle = answer["response"].get("userHandle") or ""
            return PasskeyAnswer(base64url_to_bytes(answer["rawId"]), client_data.challenge, base64url_to_bytes(handle), response)
        except _MALFORMED:
            return None

    def registered(self, answer: PasskeyAnswer) -> Passkey | None:
        try:
            made = webauthn.verify_registration_response(
                credential=answer.response,
                expected_challenge=answer.challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except _MALFORMED:
            return None
        return Passkey(made.credential_id, made.credential_public_key, made.sign_count)

    def asserted(self, answer: PasskeyAnswer, passkey: Passkey) -> Passkey | None:
        try:
            used = webauthn.verify_authentication_response(
                credential=answer.response,
                expected_challenge=answer.challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _MALFORMED:
            return None
        return Passkey(used.credential_id, passkey.public_key, used.new_sign_count)
