"""Outgoing HTTPS with limits: no redirects, a bounded answer in bounded time."""

from __future__ import annotations

import io
import time
from typing import Any, TypeVar

import requests
import urllib3
from requests.adapters import HTTPAdapter

from services.identity.domain.providers import secure

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 3.0, 3.0, 5.0
MAX_BYTES = 256 * 1024  # after decompression
_CHUNK = 16 * 1024

S = TypeVar("S", bound=requests.Session)


class Refused(requests.RequestException):
    """We do not go there, or do not read what came back."""


class BoundedAdapter(HTTPAdapter):
    """Carries every request of a session, so that the limits hold for all of them."""

    def __init__(self, *, loopback: bool) -> None:
        super().__init__()
        self._loopback = loopback

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        if not secure(request.url or "", loopback=self._loopback):
            raise Refused("only https is asked")
        until = time.monotonic() + WHOLE_SECONDS
        answer = super().send(request, **{**options, "stream": True, "timeout": (CONNECT_SECONDS, READ_SECONDS)})
        if answer.is_redirect:
            answer.close()
            raise Refused("a redirect is not followed")
        try:
            body = _read(answer.raw, until)
        finally:
            answer.raw.close()
        answer.raw = io.BytesIO(body)
        return answer


def _read(raw: Any, until: float) -> bytes:
    """Return the body; what is too long or too slow is not read to its end."""
    body = bytearray()
    try:
        while chunk := raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > MAX_BYTES or time.monotonic() > until:
                raise Refused("the answer is too long or too slow")
    except urllib3.exceptions.HTTPError as error:
        raise Refused("the answer broke off") from error
    return bytes(body)


def bounded(session: S, *, loopback: bool) -> S:
    """Return the session; from now on its requests keep to the limits."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter(loopback=loopback))
    return session
