"""What RFC 6749 asks of the token endpoints beside the contract: unknown parameters, and clients that name themselves in a header."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from libs.errors import InvalidArgument, Unauthenticated
from services.gateway.wire import reading
from services.gateway.wire.contract import Method
from services.gateway.wire.requests import NOTHING

_SECRET = "client_secret"  # noqa: S105 - the name of a field


def known(form: Mapping[str, str], method: Method) -> dict[str, str]:
    """Return the parameters that the method has; section 3.2 passes over the others."""
    fields = reading.fields(method.input.DESCRIPTOR)
    return {name: value for name, value in form.items() if name in fields}


def with_client(body: Any, authorization: str, method: Method) -> Any:
    """Put the id and secret of a Basic header (section 2.3.1) among the parameters; other headers are not for the client."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or _SECRET not in method.input.DESCRIPTOR.fields_by_name:
        return body
    given: dict[str, Any] = {} if body is NOTHING else body
    if not isinstance(given, dict):
        return body
    client_id, secret = _read(encoded)
    if given.get(_SECRET) or given.get("client_assertion") or given.get("client_id", client_id) != client_id:
        raise InvalidArgument("the client says who it is in two ways", reason="invalid_request")
    return given | {"client_id": client_id, _SECRET: secret}


def _read(encoded: str) -> tuple[str, str]:
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except ValueError:
        colon = ""
    if not colon:
        raise Unauthenticated("the header Authorization must be: Basic <client_id:client_secret in base64>", reason="invalid_client")
    return unquote_plus(client_id), unquote_plus(secret)
