"""Use cases of groups."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from libs.errors import InvalidArgument
from libs.ids import new_id
from libs.unit_of_work import Request
from services.contacts import domain
from services.contacts.domain import EVERYTHING, Group
from services.contacts.service import UnitOfWork

# Who may change groups at all holds contacts.settings, and sees every group: they are the same for all offices.


def create_group(make: Callable[[UUID], Group], request: Request, *, uow: UnitOfWork) -> Group:
    group = make(new_id()).checked()
    with uow:
        if (earlier := uow.requests.claim(request, str(group.id))) is not None:
            return uow.groups.get(UUID(earlier), EVERYTHING)
        _check_parent(group, uow)
        uow.groups.add(group)
        uow.commit()
    return group


def update_group(group_id: UUID, change: Callable[[Group], Group], request: Request, *, uow: UnitOfWork) -> Group:
    with uow:
        if uow.requests.claim(request, str(group_id)) is not None:
            return uow.groups.get(group_id, EVERYTHING)
        group = change(uow.groups.get(group_id, EVERYTHING)).checked()
        _check_parent(group, uow)
        group = uow.groups.save(group)
        uow.commit()
    return group


def delete_group(group_id: UUID, check: Callable[[Group], None], request: Request, *, uow: UnitOfWork) -> None:
    """Delete a group that nobody is in and that has no sub-group."""
    with uow:
        if uow.requests.claim(request, str(group_id)) is not None:
            return
        group = uow.groups.get(group_id, EVERYTHING)
        check(group)
        if group.member_count or uow.groups.has_children(group_id):
            raise domain.GroupNotEmpty(f"group {group_id} still holds members or sub-groups: move them first")
        uow.groups.delete(group)
        uow.commit()


def _check_parent(group: Group, uow: UnitOfWork) -> None:
    if group.parent_id is None:
        return
    if uow.groups.unknown([group.parent_id]):
        raise InvalidArgument.of("group.parent_group", "does not exist", "GROUP_UNKNOWN")
    uow.settings.get(lock=True)  # one at a time: two moves that are each right may close a loop together
    group.below(uow.groups.ancestors(group.parent_id))
