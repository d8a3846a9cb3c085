"""Merging contacts and undoing it, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.merges_pb2 import Merge

from libs.errors import EtagMismatch, FailedPrecondition, NotFound
from tests.integration.portal.fakes.common import now, stamp, touched
from tests.integration.portal.fakes.contacts import FakeContacts


@dataclass
class FakeMerges:
    """taken: the fields that the last merge took. before: both contacts of each merge."""

    contacts: FakeContacts
    require_fresh: Callable[[], None]
    merges: dict[str, Merge] = field(default_factory=dict)
    before: dict[str, tuple[Contact, Contact]] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)

    def merge_contacts(self, contact: Contact, duplicate: Contact, taken: Sequence[str], request_id: str) -> Merge:
        self.require_fresh()
        one, other = (self.contacts.get_contact(UUID(each.name.split("/")[1])) for each in (contact, duplicate))
        if (contact.etag, duplicate.etag) != (one.etag, other.etag):
            raise EtagMismatch("it was changed by someone else")
        merge = Merge(name=f"merges/{uuid4()}", contact=one.name, duplicate=other.name, create_time=now())
        merge.undo_until_time.CopyFrom(stamp(datetime.now(UTC) + timedelta(days=30)))
        self.before[merge.name] = Contact.FromString(one.SerializeToString()), other
        for path in taken:
            if not path.startswith("profile.") and path != "access":
                setattr(one, path, getattr(other, path))
        self.taken = list(taken)
        del self.contacts.contacts[UUID(other.name.split("/")[1])]
        touched(one)
        self.merges[merge.name] = merge
        return merge

    def list_merges(self, contact_id: UUID) -> Sequence[Merge]:
        return [merge for merge in reversed(self.merges.values()) if merge.contact == f"contacts/{contact_id}"]

    def get_merge(self, merge_id: UUID) -> Merge:
        if f"merges/{merge_id}" not in self.merges:
            raise NotFound("no such merge")
        return self.merges[f"merges/{merge_id}"]

    def undo_merge(self, merge_id: UUID, request_id: str) -> Merge:
        merge = self.get_merge(merge_id)
        if not merge.HasField("undo_until_time"):
            raise FailedPrecondition("it was undone", reason="MERGE_UNDONE")
        for contact in self.before[merge.name]:
            self.contacts.contacts[UUID(contact.name.split("/")[1])] = touched(contact)
        merge.ClearField("undo_until_time")
        merge.undo_time.CopyFrom(now())
        return merge
