"""One change to many affiliations on the wire."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from recapito.contacts.v1 import affiliations_pb2 as pb
from recapito.contacts.v1 import contacts_pb2

from libs.errors import InvalidArgument
from services.contacts.domain import Affiliation, BulkResult
from services.contacts.wire.contacts import changed_affiliation
from services.contacts.wire.names import reference_of

ALLOWED = ("contact_role", "permissions", "preferences")


def bulk_change(request: pb.BulkUpdateAffiliationsRequest) -> tuple[Callable[[Affiliation], Affiliation], UUID | None]:
    """Return the change, and the role that it gives; None when it gives none."""
    paths = request.update_mask.paths
    if not paths or any(path.partition(".")[0] not in ALLOWED for path in paths):
        raise InvalidArgument.of("update_mask", f"names fields of {', '.join(ALLOWED)} alone", "MASK_INVALID")
    role = request.affiliation.contact_role if "contact_role" in paths else ""
    wanted = contacts_pb2.Affiliation()
    wanted.CopyFrom(request.affiliation)
    wanted.ClearField("etag")  # there is no one version of many
    return changed_affiliation(wanted, request.update_mask), reference_of(role, "affiliation.contact_role") if role else None


def bulk_result(domain: BulkResult) -> pb.BulkUpdateAffiliationsResponse:
    return pb.BulkUpdateAffiliationsResponse(
        matched_count=domain.matched, updated_count=domain.updated, without_email_count=domain.without_email
    )
