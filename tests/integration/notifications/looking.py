"""What tests look at: messages and dispatches as the database holds them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from libs.access import Caller, Kind
from libs.listing import Listing, Order
from services.notifications.domain.messages import Dispatch, Message
from services.notifications.domain.selection import fold

ITSELF = Caller(kind=Kind.SERVICE, service="notifications")
OLDEST_FIRST = Listing(size=1000, order=Order("create_time"))


def messages(world: SimpleNamespace) -> Sequence[Message]:
    with world.new_uow() as uow:
        found, _ = uow.messages.page(ITSELF, OLDEST_FIRST)
        return [uow.messages.get(message.id, ITSELF)[0] for message in found]


def dispatches(world: SimpleNamespace) -> Sequence[Dispatch]:
    with world.new_uow() as uow:
        return list(uow.dispatches.page(ITSELF, OLDEST_FIRST)[0])


def states(world: SimpleNamespace) -> dict[str, str]:
    """State by address."""
    return {message.to_address: message.state.name for message in messages(world)}


def reasons(world: SimpleNamespace) -> dict[str, str]:
    """Reason by kind of message and address."""
    return {f"{message.kind} {message.to_address}": message.reason.name for message in messages(world)}


def suppressed(world: SimpleNamespace, *addresses: str) -> set[str]:
    with world.new_uow() as uow:
        return set(uow.suppressions.among([fold(address) for address in addresses]))


def deliver(world: SimpleNamespace) -> None:
    while world.deliverer.deliver_batch():
        pass
