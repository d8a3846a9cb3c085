"""What turns secrets into what may be stored: HMACs of tokens, encrypted keys and seeds; under a key that the database never holds."""

from __future__ import annotations

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
