"""Until when the certificates in use are valid, as a metric."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509

from libs import telemetry


def loaded(role: str, pem: bytes) -> None:
    """Say that this certificate is in use from now on. role: server or client.

    A server reads its files at each handshake, a client when they change: the metric tells also of a process that does not.
    """
    try:
        start, expiry = _life(pem)
    except ValueError:
        return  # it is no certificate: gRPC itself says so better
    telemetry.CERTIFICATE_START.labels(role).set(start)
    telemetry.CERTIFICATE_EXPIRY.labels(role).set(expiry)


@lru_cache(maxsize=4)  # a server asks at each handshake
def _life(pem: bytes) -> tuple[float, float]:
    """Return since when and until when the first certificate of a chain is valid."""
    found = x509.load_pem_x509_certificate(pem)
    return found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
