"""The use case of a person's own data: what it was sent and what not, and its addresses that take no mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from libs.access import Caller, Kind
from libs.erasing import names_of
from libs.personal import record
from services.notifications import service
from services.notifications.service.reading import Shown, get_message

Record = dict[str, Any]


def export_personal_data(
    contact_id: UUID,
    caller: Caller,
    *,
    read: service.Read,
    words: service.Words,
    sender: service.Sender,
    written: Callable[[Shown], Record],
) -> Iterator[Record]:
    """Give what was said to a contact: to itself all, to operators what was about customers whom they see.

    written: a message as a line. Links and codes are marks, as wherever messages are read.
    """
    people, reader = names_of(contact_id), service.ITSELF if caller.kind is Kind.CONTACT else caller
    with read() as stored:
        ids = stored.personal_data.messages(people, reader)
        others = [record("refused_address", row) for row in stored.personal_data.refused_addresses(people, reader)]
        others += [record("opened_message", row) for row in stored.personal_data.opens(people, reader)]
        others += [record("occasion", row) for row in stored.personal_data.occasions(people, reader)]
    for message_id in ids:
        yield written(get_message(message_id, caller=reader, read=read, words=words, sender=sender))
    yield from others
