"""Use cases of contact roles."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from libs.ids import new_id
from libs.unit_of_work import Request
from services.contacts import domain
from services.contacts.domain import EVERYTHING, Affiliation, ContactRole, Succession
from services.contacts.service import UnitOfWork

# The roles are the same for all offices, hence the sight of everything.


def create_contact_role(make: Callable[[UUID], ContactRole], request: Request, *, uow: UnitOfWork) -> ContactRole:
    role = make(new_id()).checked()
    with uow:
        if (earlier := uow.requests.claim(request, str(role.id))) is not None:
            return uow.contact_roles.get(UUID(earlier), EVERYTHING)
        uow.contact_roles.add(role)
        uow.commit()
    return role


def update_contact_role(role_id: UUID, change: Callable[[ContactRole], ContactRole], request: Request, *, uow: UnitOfWork) -> ContactRole:
    with uow:
        if uow.requests.claim(request, str(role_id)) is not None:
            return uow.contact_roles.get(role_id, EVERYTHING)
        role = uow.contact_roles.save(change(uow.contact_roles.get(role_id, EVERYTHING)).checked())
        uow.commit()
    return role


def delete_contact_role(
    role_id: UUID, succession: Succession, check: Callable[[ContactRole], None], request: Request, *, uow: UnitOfWork
) -> None:
    """Delete a role and give those who hold it what the succession says, in one commit; refused when it says nothing and some do."""
    with uow:
        if uow.requests.claim(request, str(role_id)) is not None:
            return
        role = uow.contact_roles.get(role_id, EVERYTHING)
        check(role)
        succession.check(role)
        if succession.replacement_id is not None and uow.contact_roles.unknown([succession.replacement_id]):
            raise domain.unknown_role("replacement")
        if succession != Succession():
            uow.contact_roles.hand_over(role_id, succession.replacement_id)
        uow.contact_roles.delete(role)
        uow.commit()


def check_contact_role(affiliation: Affiliation, field: str, *, uow: UnitOfWork) -> None:
    """Raise InvalidArgument when the role does not exist; it is not deleted before the commit. Lock the customer first."""
    if affiliation.contact_role_id is not None and uow.contact_roles.unknown([affiliation.contact_role_id]):
        raise domain.unknown_role(field)
