"""Two contacts that are one person: what the survivor takes over, and what undoing it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from libs.errors import FailedPrecondition, InvalidArgument, NotFound
from services.contacts.domain.contacts import Affiliation, Contact, ContactPoint, PointKind
from services.contacts.domain.sub_contacts import SubContact
from services.contacts.domain.values import email_key, key_of

KEPT = timedelta(days=30)
TAKEABLE = frozenset(
    {
        "first_name",
        "last_name",
        "email",
        "language_code",
        "direction",
        "access",
        "block_ticket_email",
        "do_not_call",
        "newsletter",
        "open_tracking",
    }
)
_PROFILE = "profile."
_MOST = {"contact_points": 30, "groups": 50, "tags": 50}
MOST_AFFILIATIONS = 100


class MergeNotFound(NotFound):
    reason = "MERGE_NOT_FOUND"


class ContactMerged(NotFound):
    reason = "CONTACT_MERGED"


class CustomerNotYours(FailedPrecondition):
    reason = "CUSTOMER_NOT_YOURS"


class MergeTooLarge(FailedPrecondition):
    reason = "MERGE_TOO_LARGE"


class MergeTooOld(FailedPrecondition):
    reason = "MERGE_TOO_OLD"


class MergeUndone(FailedPrecondition):
    reason = "MERGE_UNDONE"


class MergeChanged(FailedPrecondition):
    reason = "MERGE_CHANGED"


@dataclass(frozen=True)
class Hanging:
    """Ids of what hangs on a contact beside its affiliations and links."""

    notes: tuple[UUID, ...] = ()
    activities: tuple[UUID, ...] = ()
    leads: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Before:
    """Both contacts as the merge found them. affiliations, primary_of, links: of the duplicate. superiors: who reported to it, and to
    whom each has reported since. held: versions of the survivor's affiliations, by customer.
    """

    survivor: Contact
    duplicate: Contact
    affiliations: tuple[Affiliation, ...]
    primary_of: frozenset[UUID]
    links: tuple[SubContact, ...]
    superiors: Mapping[UUID, UUID | None]
    hanging: Hanging
    held: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Left:
    """The survivor as the merge left it: its version, those of its affiliations by customer, and what the merge added."""

    version: int
    affiliations: Mapping[UUID, int]
    joined: frozenset[UUID]
    links: tuple[SubContact, ...]


@dataclass(frozen=True)
class Merged:
    """The versions of a survivor and of its affiliations, by customer."""

    version: int
    affiliations: Mapping[UUID, int]


@dataclass(frozen=True)
class Snapshot:
    before: Before
    left: Left


@dataclass(frozen=True)
class Merge:
    """snapshot: None after the time to undo it, when it was undone, and when one of both was erased."""

    id: UUID
    survivor_id: UUID
    duplicate_id: UUID
    create_time: datetime
    snapshot: Snapshot | None
    undo_time: datetime | None = None

    @property
    def undo_until(self) -> datetime:
        return self.create_time + KEPT

    def restorable(self, now: datetime) -> Snapshot:
        """Return what undoing needs, or say why there is no undoing any more."""
        if self.undo_time is not None:
            raise MergeUndone(f"merge {self.id} was undone already")
        if now > self.undo_until:
            raise MergeTooOld(f"merge {self.id} can be undone for {KEPT.days} days")
        if self.snapshot is None:
            raise MergeChanged(f"merge {self.id} concerns somebody whose data was erased")
        return self.snapshot

    def onto(self, found: Merged, present: Merged) -> Merge | None:
        """Return this merge with what its survivor is now as what it left, when that is what a later merge found; None when it is not."""
        if self.snapshot is None or Merged(self.snapshot.left.version, self.snapshot.left.affiliations) != found:
            return None
        left = replace(self.snapshot.left, version=present.version, affiliations=present.affiliations)
        return replace(self, snapshot=replace(self.snapshot, left=left))

    def undone(self, now: datetime) -> Merge:
        return replace(self, snapshot=None, undo_time=now)


def merged(survivor: Contact, duplicate: Contact, taken: Collection[str]) -> Contact:
    """Return the survivor with the fields `taken` from the duplicate, and what both have of groups, tags and addresses."""
    _check_taken(taken)
    names = TAKEABLE.intersection(taken)
    keys = {path.removeprefix(_PROFILE) for path in taken if path.startswith(_PROFILE)}
    profile = {key: value for key, value in survivor.profile.items() if key not in keys}
    profile |= {key: value for key, value in duplicate.profile.items() if key in keys}
    contact = replace(survivor, **{name: getattr(duplicate, name) for name in names}, profile=profile)
    together = replace(
        contact,
        groups=survivor.groups | duplicate.groups,
        tags=_tags(survivor.tags, duplicate.tags),
        contact_points=_points(contact, survivor, duplicate),
    )
    for name, most in _MOST.items():
        if len(getattr(together, name)) > most:
            raise MergeTooLarge(f"together they have more than {most} {name}")
    return together


def _check_taken(taken: Collection[str]) -> None:
    for path in taken:
        if path not in TAKEABLE and not (path.startswith(_PROFILE) and len(path) > len(_PROFILE)):
            raise InvalidArgument.of("taken_fields", f"holds {path!r}, which cannot be taken", "FIELD_UNKNOWN")


def _tags(*several: tuple[str, ...]) -> tuple[str, ...]:
    """Return each tag once, as it was written first, in order."""
    once: dict[str, str] = {}
    for tag in (tag for tags in several for tag in tags):
        once.setdefault(key_of(tag), tag)
    return tuple(once[key] for key in sorted(once))


def _points(contact: Contact, survivor: Contact, duplicate: Contact) -> tuple[ContactPoint, ...]:
    """Return the addresses and numbers of both, each once; an address that was principal stays as a further one."""
    principal = [ContactPoint(PointKind.EMAIL, one.email) for one in (survivor, duplicate) if one.email]
    points: dict[tuple[PointKind, str | None], ContactPoint] = {}
    for point in (*survivor.contact_points, *duplicate.contact_points, *principal):
        points.setdefault((point.kind, email_key(point.value) if "@" in point.value else point.value), point)
    points.pop((PointKind.EMAIL, contact.email_key), None)
    return tuple(points.values())


def moved_links(links: Iterable[SubContact], of_survivor: Iterable[SubContact], survivor_id: UUID, duplicate_id: UUID) -> list[SubContact]:
    """Return the links of the duplicate as the survivor gets them: none to itself, none that it has."""
    held = {(link.principal_id, link.contact_id) for link in of_survivor}
    moved = []
    for link in links:
        principal_id, contact_id = (survivor_id if id_ == duplicate_id else id_ for id_ in (link.principal_id, link.contact_id))
        if principal_id != contact_id and (principal_id, contact_id) not in held:
            held.add((principal_id, contact_id))
            moved.append(SubContact(principal_id, contact_id, link.create_time, link.relation))
    return moved


def superior_after(subordinate_id: UUID, duplicate: Contact, survivor_id: UUID, line: Collection[UUID]) -> UUID | None:
    """Return to whom somebody who reported to the duplicate reports then; whoever stands above the survivor, to the duplicate's superior.

    line: the survivor, its superior and so on.
    """
    return duplicate.reports_to_id if subordinate_id in line else survivor_id
