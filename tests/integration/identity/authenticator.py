"""A passkey in software: answers WebAuthn options as a browser with its authenticator does, or wrongly where a test says so."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """origin, rp_id: of the site where the browser thinks it is. verifies: the person by a finger or a PIN."""

    origin: str = "http://localhost:8080"
    rp_id: str = "localhost"
    verifies: bool = True
    sign_count: int = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: str) -> str:
        """Answer PublicKeyCredentialCreationOptions."""
        asked = json.loads(options)
        client_data = self._client_data("webauthn.create", asked["challenge"])
        numbers = self.key.public_key().public_numbers()
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cose
        data = self._authenticator_data(_ATTESTED) + attested
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=client_data, attestationObject=attestation)

    def get(self, options: str) -> str:
        """Answer PublicKeyCredentialRequestOptions."""
        client_data = self._client_data("webauthn.get", json.loads(options)["challenge"])
        self.sign_count += 1
        data = self._authenticator_data(0)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client_data, authenticatorData=data, signature=signature, userHandle=self.user_handle)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _authenticator_data(self, more: int) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.sign_count)

    def _answer(self, **response: bytes) -> str:
        identity = bytes_to_base64url(self.credential_id)
        answer: dict[str, Any] = {"id": identity, "rawId": identity, "type": "public-key", "clientExtensionResults": {}}
        return json.dumps(answer | {"response": {name: bytes_to_base64url(value) for name, value in response.items() if value}})
