"""What a person decides about itself."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from libs.access import Caller
from libs.unit_of_work import Clock, Request
from services.contacts.domain import ContactNotFound, ContactView
from services.contacts.service import UnitOfWork, sight_of
from services.contacts.service.contacts import save_contact


def set_open_tracking(contact_id: UUID, on: bool, request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock) -> ContactView:
    """Let a contact consent to open tracking, or take that back; it changes nothing else. Of anybody else it answers NotFound."""
    if caller.account_id != contact_id:
        raise ContactNotFound(f"contact {contact_id} is not the caller")
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, str(contact_id)) is not None:
            return uow.contacts.view(contact_id, sight)
        before = uow.contacts.get(contact_id, sight, lock=True)
        if before.open_tracking != on:
            save_contact(replace(before, open_tracking=on, update_time=clock()), before, sight, uow=uow)
        view = uow.contacts.view(contact_id, sight)
        uow.commit()
    return view
