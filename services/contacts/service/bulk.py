"""Use cases that change many affiliations at once."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from libs.access import Caller
from libs.errors import InvalidArgument
from libs.listing import Listing
from libs.unit_of_work import Request
from services.contacts import domain
from services.contacts.domain import BulkResult
from services.contacts.domain.bulk import Change
from services.contacts.service import Repositories, UnitOfWork, sight_of

MOST = 10_000


@dataclass(frozen=True)
class BulkUpdate:
    """listing: which contacts. role_id: a role that the change gives; None when it gives none."""

    listing: Listing
    change: Change
    role_id: UUID | None
    expected_count: int


def count(listing: Listing, caller: Caller, *, repositories: Repositories) -> BulkResult:
    """Return how many match now; nothing is changed."""
    return BulkResult(_bounded(repositories.bulk.count(listing, sight_of(caller), MOST + 1)))


def bulk_update(wanted: BulkUpdate, request: Request, caller: Caller, *, uow: UnitOfWork) -> BulkResult:
    """Change all that match in one commit, when they are as many as the caller has confirmed."""
    with uow:
        found = uow.bulk.lock(wanted.listing, sight_of(caller), MOST + 1)
        changed, result = domain.planned(found, wanted.change)
        # Claimed with the figures, for they are all that a retry has to answer; a change that was made is not planned again.
        if (earlier := uow.requests.claim(request, result.text)) is not None:
            return BulkResult.read(earlier)
        if _bounded(result.matched) != wanted.expected_count:
            raise domain.CountChanged(result.matched)
        if wanted.role_id is not None and uow.contact_roles.unknown([wanted.role_id]):
            raise domain.unknown_role("affiliation.contact_role")
        uow.bulk.save(changed)
        uow.commit()
    return result


def _bounded(matched: int) -> int:
    if matched > MOST:
        raise InvalidArgument.of("filter", f"matches more than {MOST}: narrow it", "TOO_MANY_MATCHED")
    return matched
