"""The use case of a person's own data: its account, where it signed in, what it accepted, what the audit says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from libs.access import Caller
from libs.erasing import names_of
from libs.errors import NotFound
from libs.listing import LARGEST_SIZE, AnyOf, Comparison, Listing, Order
from libs.personal import record
from services.identity import wire
from services.identity.domain.accounts import Account, Kind
from services.identity.domain.audit import Entry
from services.identity.service import UnitOfWork
from services.identity.service.scope import seen

Record = dict[str, Any]


def export_personal_data(contact_id: UUID, caller: Caller, *, uow: UnitOfWork) -> Iterator[Record]:
    """Give all about the account of a contact that the caller may see, the contact itself among them."""
    with uow:
        account = _account(contact_id, caller, uow)
        yield record("account", wire.account(account), without=("access_version",))
        yield from (record(kind, values) for kind, values in uow.personal_data.rows(contact_id))
        for entries in _entries(contact_id, uow):
            yield from (_line(entry, contact_id) for entry in entries)


def _account(contact_id: UUID, caller: Caller, uow: UnitOfWork) -> Account:
    account = seen(contact_id, "contacts.anonymize", accounts=uow.accounts, caller=caller)
    if account.kind is not Kind.CONTACT:
        raise NotFound(f"account {contact_id} does not exist")
    return account


def _entries(contact_id: UUID, uow: UnitOfWork) -> Iterator[Sequence[Entry]]:
    record_name, account_name = names_of(contact_id)
    about = AnyOf((Comparison("resource", ":", record_name), Comparison("actor", "=", account_name)))
    listing = Listing(LARGEST_SIZE, None, about, Order("create_time"))
    found, token = uow.audit.page(listing)
    yield found
    while token:
        found, token = uow.audit.page(listing.behind(token))
        yield found


def _line(entry: Entry, contact_id: UUID) -> Record:
    """Return an entry without who else acted, and from where; of other things than the person only what they are."""
    by_itself = entry.actor in names_of(contact_id)
    about_itself = entry.resource.startswith(names_of(contact_id))
    said = {
        "create_time": entry.create_time,
        "by": "the person" if by_itself else "somebody else",
        "method": entry.method,
        "resource": entry.resource if about_itself else entry.resource.partition("/")[0],
        "result": entry.result,
        "changed_fields": list(entry.changed_fields),
    }
    return record("audit_entry", {**said, "ip_address": entry.ip_address} if by_itself else said)
