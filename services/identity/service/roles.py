"""Roles: the built-in ones, which are code, and the organisation's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from libs.access import Caller
from libs.listing import Listing
from libs.unit_of_work import Request
from services.identity import wire
from services.identity.domain import roles as rules
from services.identity.domain.roles import Authority, Role, RoleBuiltIn
from services.identity.service import Roles, UnitOfWork, scope

T = TypeVar("T")
_ANY = UUID(int=0)  # the lists below are in an order of their own, without ties


def list_roles(listing: Listing, language: str, *, uow: UnitOfWork) -> tuple[Sequence[Role], str]:
    """Return a page of the roles, the built-in ones first, then by name; there are never many."""
    with uow:
        own = uow.roles.all()
    ranked = {f"0{rank:02}": role for rank, role in enumerate(rules.built_in(language))}
    return _page(ranked | {f"1{rules.fold(role.display_name)}": role for role in own}, listing)


def list_capabilities(listing: Listing, known: Mapping[str, Sequence[str]]) -> tuple[Sequence[str], str]:
    return _page({capability: capability for capability in sorted(known)}, listing)


def _page(ranked: Mapping[str, T], listing: Listing) -> tuple[Sequence[T], str]:
    """Return the rows of a page and the token of the next. ranked: all rows, in order, each by what it is ordered by."""
    behind = "" if listing.after is None else str(listing.after.value)
    left = [rank for rank in ranked if rank > behind]
    rows = [ranked[rank] for rank in left[: listing.size]]
    return rows, listing.token(left[listing.size - 1], _ANY) if len(left) > listing.size else ""


def get_role(name: str, language: str, *, uow: UnitOfWork) -> Role:
    with uow:
        return _find(name, uow.roles, language)


def _find(name: str, roles: Roles, language: str = "it") -> Role:
    for role in rules.built_in(language):
        if role.name == name:
            return role
    return roles.get(name)


def create_role(new: Role, known: Collection[str], *, request: Request, uow: UnitOfWork, caller: Caller) -> Role:
    """Create a role that holds nothing that the caller lacks. known: every capability there is."""
    rules.checked(new, known)
    scope.authority(caller).check_covers(Authority(new.capabilities))
    with uow:
        if (earlier := uow.requests.claim(request, new.name)) is not None:
            return uow.roles.get(earlier)
        role = uow.roles.add(new)
        uow.commit()
    return role


def update_role(
    name: str, change: Callable[[Role], Role], etag: str, known: Collection[str], *, request: Request, uow: UnitOfWork, caller: Caller
) -> Role:
    """Change a role; neither before nor after may it hold what the caller lacks. Counts from the next passport of its holders."""
    with uow:
        if uow.requests.claim(request, name) is not None:
            return uow.roles.get(name)
        role = _find(name, uow.roles)
        changed = change(role)
        wire.check_etag(etag, role.version)
        scope.authority(caller).check_covers(Authority(role.capabilities | changed.capabilities))
        saved = uow.roles.save(rules.checked(changed, known))
        uow.commit()
    return saved


def delete_role(name: str, etag: str, *, request: Request, uow: UnitOfWork, caller: Caller) -> None:
    """Delete a role that nobody has, and that holds nothing that the caller lacks."""
    with uow:
        if uow.requests.claim(request, name) is not None:
            return
        role = _find(name, uow.roles)
        if role.built_in:
            raise RoleBuiltIn(f"{role.name} is part of Recapito")
        wire.check_etag(etag, role.version)
        scope.authority(caller).check_covers(Authority(role.capabilities))
        uow.roles.delete(role)
        uow.commit()
