"""Use cases of notes: operators alone, and nothing is announced."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from libs.access import Caller
from libs.ids import new_id
from libs.unit_of_work import Clock, Request
from services.contacts.domain import Note, Sight, Subject
from services.contacts.service import Repositories, UnitOfWork, sight_of

OTHERS = "contacts.notes.others"  # edits and deletes what somebody else wrote; no method asks for it


def check_subject(subject: Subject, sight: Sight, *, repositories: Repositories, write: bool = False) -> None:
    """Raise NotFound when whom the note is about does not exist, or not for this caller. write: ContactAnonymized too."""
    if subject.contact_id is not None:
        contact = repositories.contacts.get(subject.contact_id, sight, lock=write)  # locked: nobody erases it meanwhile
        if write:
            contact.check_editable()
    elif subject.customer_id is not None:
        repositories.customers.get(subject.customer_id, sight)


def create_note(make: Callable[[UUID], Note], request: Request, caller: Caller, *, uow: UnitOfWork) -> Note:
    """Store a note. make: gives it under its new id, with author and time."""
    note, sight = make(new_id()).checked(), sight_of(caller)
    with uow:
        if (earlier := uow.requests.claim(request, str(note.id))) is not None:
            return uow.notes.get(UUID(earlier), note.subject, sight)
        check_subject(note.subject, sight, repositories=uow, write=True)
        uow.notes.add(note)
        uow.commit()
    return note


def update_note(
    note_id: UUID, subject: Subject, change: Callable[[Note], Note], request: Request, caller: Caller, *, uow: UnitOfWork, clock: Clock
) -> Note:
    """Change text or pin; by its author, or by who may touch the notes of others."""
    sight = sight_of(caller)
    with uow:
        if uow.requests.claim(request, str(note_id)) is not None:
            return uow.notes.get(note_id, subject, sight)
        before = uow.notes.get(note_id, subject, sight, lock=True)
        changed = before.changed_by(change(before), caller.account_id, clock(), others=OTHERS in caller.capabilities)
        changed = uow.notes.save(changed)
        uow.commit()
    return changed


def delete_note(
    note_id: UUID, subject: Subject, check: Callable[[Note], None], request: Request, caller: Caller, *, uow: UnitOfWork
) -> None:
    with uow:
        if uow.requests.claim(request, str(note_id)) is not None:
            return
        note = uow.notes.get(note_id, subject, sight_of(caller), lock=True)
        note.check_belongs_to(caller.account_id, others=OTHERS in caller.capabilities)
        check(note)
        uow.notes.delete(note)
        uow.commit()
