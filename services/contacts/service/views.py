"""Use cases of saved views: each operator has its own, and sees those that others share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from libs.access import Caller
from libs.errors import PermissionDenied
from libs.ids import new_id
from libs.unit_of_work import Request
from services.contacts.domain import MOST_VIEWS, TooManyViews, View
from services.contacts.service import UnitOfWork

TIDIES = "contacts.settings"


def account_of(caller: Caller) -> UUID:
    """Return whose views are meant; a service has none."""
    if caller.account_id is None:
        raise PermissionDenied("a view belongs to an operator")
    return caller.account_id


def create_view(make: Callable[[UUID, UUID], View], request: Request, caller: Caller, *, uow: UnitOfWork) -> View:
    """Save a view. make: gives it under its new id, as the caller's."""
    account_id = account_of(caller)
    view = make(new_id(), account_id).checked()
    with uow:
        if (earlier := uow.requests.claim(request, str(view.id))) is not None:
            return uow.views.get(UUID(earlier), account_id)
        if uow.views.count(account_id) >= MOST_VIEWS:
            raise TooManyViews(f"an operator has at most {MOST_VIEWS} views: delete one first")
        uow.views.add(view)
        uow.commit()
    return view


def update_view(view_id: UUID, change: Callable[[View], View], request: Request, caller: Caller, *, uow: UnitOfWork) -> View:
    account_id = account_of(caller)
    with uow:
        if uow.requests.claim(request, str(view_id)) is not None:
            return uow.views.get(view_id, account_id)
        before = uow.views.get(view_id, account_id, lock=True)
        before.check_belongs_to(account_id)
        view = uow.views.save(change(before).checked())
        uow.commit()
    return view


def delete_view(view_id: UUID, check: Callable[[View], None], request: Request, caller: Caller, *, uow: UnitOfWork) -> None:
    """Delete a view; whoever's list opened with it gets the plain one again."""
    account_id = account_of(caller)
    with uow:
        if uow.requests.claim(request, str(view_id)) is not None:
            return
        view = uow.views.get(view_id, account_id, lock=True)
        view.check_belongs_to(account_id, tidies=TIDIES in caller.capabilities)
        check(view)
        uow.views.delete(view)
        uow.commit()


def set_default_view(view_id: UUID, default: bool, request: Request, caller: Caller, *, uow: UnitOfWork) -> View:
    """Say whether the caller's list opens with this view."""
    account_id = account_of(caller)
    with uow:
        if uow.requests.claim(request, str(view_id)) is not None:
            return uow.views.get(view_id, account_id)
        view = uow.views.get(view_id, account_id, lock=True)
        if view.default != default:
            uow.views.set_default(account_id, view.collection, view_id if default else None)
        view = replace(view, default=default)
        uow.commit()
    return view
