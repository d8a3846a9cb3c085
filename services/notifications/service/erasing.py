"""A person is erased: what was sent stays counted, whom it went to and what it said does not."""

from __future__ import annotations

from uuid import UUID

from libs.erasing import Erasing, SetAside
from libs.unit_of_work import Clock
from services.notifications import service, wire
from services.notifications.domain.messages import State
from services.notifications.service.metrics import MESSAGES


def erase(asked: Erasing, event_id: UUID, *, uow: service.UnitOfWork, set_aside: SetAside, clock: Clock) -> None:
    """Erase a person and announce the receipt; twice changes nothing. What has not left is cancelled, and nothing more leaves."""
    mailboxes = [f"customers/{id_}" for id_ in sorted(asked.erased_customers)]
    count = set_aside.forget([*asked.subjects, *mailboxes], wire.TOLD_OF_PEOPLE)
    cancelled = 0
    with uow:
        if not uow.inbox.add(event_id):
            return
        if asked.contact_id is not None:
            uow.erasures.close_gate()
            uow.deleted_contacts.add(asked.contact_id, clock(), erased=True)
            cancelled = uow.messages.cancel_of(asked.contact_id, "CANCEL_PERSON_GONE")
            count += uow.erasures.erase([*asked.subjects, *mailboxes], asked.erased_customers)
        uow.outbox.add(asked.receipt("notifications", count))
        uow.commit()
    MESSAGES.labels(State.CANCELLED.name).inc(cancelled)
