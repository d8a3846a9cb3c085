"""Use cases of sub-contacts: whoever sees both people links and unlinks them; nothing is announced."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.unit_of_work import Request
from services.contacts import wire
from services.contacts.domain import SubContact, SubContactView
from services.contacts.service import UnitOfWork, sight_of

Check = Callable[[SubContact], None]  # raises EtagMismatch


def create_sub_contact(new: SubContact, request: Request, caller: Caller, *, uow: UnitOfWork) -> SubContactView:
    """Link an existing contact under another."""
    sight, key = sight_of(caller), (new.principal_id, new.contact_id)
    with uow:
        if uow.requests.claim(request, wire.sub_contact_name(*key)) is not None:
            return uow.sub_contacts.view(*key, sight)
        uow.contacts.get(new.principal_id, sight)
        link = new.checked()
        for id_ in sorted(key):  # both stay until the commit, locked in one order for all callers
            if not uow.contacts.stays(id_, sight):
                raise InvalidArgument.of("sub_contact.contact", "does not exist", "CONTACT_UNKNOWN")
        uow.sub_contacts.add(link)
        view = uow.sub_contacts.view(*key, sight)
        uow.commit()
    return view


def update_sub_contact(
    principal_id: UUID, contact_id: UUID, change: Callable[[SubContact], SubContact], request: Request, caller: Caller, *, uow: UnitOfWork
) -> SubContactView:
    """Change what a person is for the principal."""
    sight, key = sight_of(caller), (principal_id, contact_id)
    with uow:
        if uow.requests.claim(request, wire.sub_contact_name(*key)) is not None:
            return uow.sub_contacts.view(*key, sight)
        before = uow.sub_contacts.view(*key, sight, lock=True).sub_contact
        uow.sub_contacts.save(change(before).checked())
        view = uow.sub_contacts.view(*key, sight)
        uow.commit()
    return view


def delete_sub_contact(principal_id: UUID, contact_id: UUID, check: Check, request: Request, caller: Caller, *, uow: UnitOfWork) -> None:
    """Unlink; both people stay."""
    key = principal_id, contact_id
    with uow:
        if uow.requests.claim(request, wire.sub_contact_name(*key)) is not None:
            return
        link = uow.sub_contacts.view(*key, sight_of(caller), lock=True).sub_contact
        check(link)
        uow.sub_contacts.delete(link)
        uow.commit()
