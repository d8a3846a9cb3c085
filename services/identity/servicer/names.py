"""Resource names of requests, with their aliases, as ids."""

from __future__ import annotations

from uuid import UUID

from libs.access import Caller
from libs.errors import NotFound
from services.identity import wire


def account_of(name: str, caller: Caller) -> UUID:
    """Return the account of "accounts/{uuid}/…"; "accounts/me" is the caller's. Raises NotFound for another alias."""
    segment = name.split("/")[1]
    if segment == "me":
        if caller.account_id is None:
            raise NotFound("the caller has no account")
        return caller.account_id
    return wire.id_of(segment)


def last_of(name: str, alias: str = "") -> UUID | None:
    """Return the id at the end of a name; None for the alias."""
    segment = name.rpartition("/")[2]
    return None if segment == alias else wire.id_of(segment)
