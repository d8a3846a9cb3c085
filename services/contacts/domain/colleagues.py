"""Delegated administration: what a primary contact may give its colleagues."""

from __future__ import annotations

from libs.errors import InvalidArgument, PermissionDenied
from services.contacts.domain.permissions import Mode, Permissions, Section, TicketScope


class OwnAffiliation(PermissionDenied):
    reason = "OWN_AFFILIATION"


class MagicLinkSession(PermissionDenied):
    reason = "MAGIC_LINK_SESSION"


class NotPrimary(PermissionDenied):
    reason = "NOT_ALLOWED"


def check_within(before: Permissions, after: Permissions, customers: Permissions, at: str) -> None:
    """Raise InvalidArgument when `after` allows what the customer itself does not have and what was not allowed before.

    customers: effective. at: path of the permissions in the request.
    """
    for section in Section:
        if after.modes.get(section) is Mode.ALLOW and before.modes.get(section) is not Mode.ALLOW and not customers.allows(section):
            raise _more(f"{at}.{section.value}")
    if TicketScope.CUSTOMER is after.ticket_scope not in {before.ticket_scope, customers.ticket_scope}:
        raise _more(f"{at}.ticket_scope")


def _more(field: str) -> InvalidArgument:
    return InvalidArgument.of(field, "is more than the customer has", "MORE_THAN_CUSTOMER")
