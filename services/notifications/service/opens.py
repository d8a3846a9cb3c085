"""Opens of messages: only while the installation tracks and the contact consents, and never more than a hint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from libs.errors import NotFound
from libs.unit_of_work import Clock, Request
from services.notifications import service, wire
from services.notifications.domain.messages import Message
from services.notifications.domain.opens import Settings, digest, new_token


def get_settings(*, read: service.Read) -> Settings:
    with read() as stored:
        return stored.opens.settings()


def update_settings(change: Callable[[Settings], Settings], request: Request, *, uow: service.UnitOfWork) -> Settings:
    """Switch the tracking on or off; off, no token that was given out counts any more, also after it is on again."""
    with uow:
        before = uow.opens.settings(lock=True)
        if uow.requests.claim(request, "settings/notifications") is not None:
            return before
        changed = uow.opens.save_settings(change(before))
        if before.open_tracking and not changed.open_tracking:
            uow.opens.forget_tokens()
        uow.commit()
    return changed


def mint_tokens(messages: Sequence[Message], *, new_uow: service.NewUnitOfWork) -> dict[UUID, str]:
    """Return a new token for each message that may be tracked, by its id; what a message had before counts no more."""
    trackable = [message for message in messages if message.trackable]
    if not trackable:
        return {}
    with new_uow() as uow:
        if not uow.opens.settings().open_tracking:
            return {}
        gone = uow.deleted_contacts.among({message.contact_id for message in trackable if message.contact_id is not None})
        tokens = {message.id: new_token() for message in trackable if message.contact_id not in gone}
        uow.opens.keep({id_: digest(token) for id_, token in tokens.items()})
        uow.commit()
    return tokens


def record_open(token: str, *, read: service.Read, contacts: service.Contacts, new_uow: service.NewUnitOfWork, clock: Clock) -> None:
    """Count a fetch of the image when it may be counted now; the first one is announced."""
    hashed = digest(token)
    with read() as stored:
        contact_id = stored.opens.contact_of(hashed) if stored.opens.settings().open_tracking else None
    if contact_id is None or not _consents(contact_id, contacts):
        return
    with new_uow() as uow:
        first = uow.opens.count(hashed, clock())
        if first is not None:
            uow.outbox.add(wire.message_opened(first))
        uow.commit()


def _consents(contact_id: UUID, contacts: service.Contacts) -> bool:
    """Whether a contact consents now; one that is gone does not."""
    try:
        return contacts.person(contact_id).open_tracking
    except NotFound:
        return False
