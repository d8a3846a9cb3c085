"""Use cases of the switch that holds all mail."""

from __future__ import annotations

from libs.unit_of_work import Clock
from services.notifications.domain.holding import Hold
from services.notifications.service import MESSAGES_CHANNEL, UnitOfWork


def hold(*, restored: bool, uow: UnitOfWork, clock: Clock) -> Hold:
    """Let nothing leave from now on: when this returns, no message enters DATA any more. Decisions go on; messages wait.

    restored: the data was just restored from a backup. What was caused before this moment may have been sent already, and
    becomes uncertain.
    """
    with uow:
        held = uow.holding.get(lock=True).at(clock(), restored=restored)
        uow.holding.save(held)
        uow.commit()
    return held


def hold_at_start(*, uow: UnitOfWork, clock: Clock) -> None:
    """Hold a system that may have been restored, unless it is held already: a second start takes nothing more into doubt."""
    with uow:
        if not (found := uow.holding.get(lock=True)).held:
            uow.holding.save(found.at(clock(), restored=True))
            uow.commit()


def release(*, uow: UnitOfWork) -> Hold:
    """Let mail leave again."""
    with uow:
        free = uow.holding.get(lock=True).released()
        uow.holding.save(free)
        uow.wake(MESSAGES_CHANNEL)
        uow.commit()
    return free
