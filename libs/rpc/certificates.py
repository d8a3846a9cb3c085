"""Until when the certificates in use are valid, as a metric."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509

from libs import telemetry


def loaded(role: str, pem: bytes) -> None:
    """Say that this certificate is in use from now on. role: server or client.

    A server reads its files at each handshake, a client when they change: the metric tells also of a process that does not.
    """
    expiry = _expiry(pem)
    if expiry is not None:
        telemetry.CERTIFICATE_EXPIRY.labels(role).set(expiry)


@lru_cache(maxsize=4)  # a server asks at each handshake
def _expiry(pem: bytes) -> float | None:
    """Return when the first of a chain ends to be valid; None for what is none: gRPC itself says so better."""
    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()
    except ValueError:
        return None
