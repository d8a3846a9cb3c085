"""What turns secrets into what may be stored: HMACs of tokens, encrypted keys and seeds; under a key that the database never holds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Vault:
    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._cipher = AESGCM(self._derived("signing keys"))

    def _derived(self, use: str) -> bytes:
        return hmac.digest(self._secret, f"recapito identity: {use}".encode(), hashlib.sha256)

    def digest(self, use: str, token: str) -> bytes:
        """Return what is stored of a token; `use` keeps one kind of token from passing for another."""
        return hmac.digest(self._derived(use), token.encode("utf-8", "surrogatepass"), hashlib.sha256)

    def derived_secret(self, use: str, seed: str) -> str:
        """Return 256 bits that only we can make of this seed: what must be shown again to a caller who asks again is not stored."""
        made = hmac.digest(self._derived(f"{use} from a seed"), seed.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    def encrypt(self, secret: bytes, name: str) -> bytes:
        """Return what is stored of a secret that is needed again; it can be read under the same name only."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, name.encode())

    def decrypt(self, stored: bytes, name: str) -> bytes | None:
        """Return the secret; None when it was encrypted under another key."""
        try:
            return self._cipher.decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], name.encode())
        except InvalidTag:
            return None
