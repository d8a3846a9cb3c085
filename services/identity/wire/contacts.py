"""Contacts as the service contacts tells them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from recapito.access.v1 import access_pb2
from recapito.contacts.events.v1 import events_pb2 as contacts_events
from recapito.contacts.v1 import contacts_pb2, permissions_pb2

from services.identity.domain.contacts import Access, Contact
from services.identity.wire.names import id_of, ids_of

PERMISSIONS = ("INVOICES", "ESTIMATES", "CONTRACTS", "PROPOSALS", "SUPPORT", "PROJECTS")  # access.v1.Contact and contacts.v1.Permissions


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _access(found: permissions_pb2.PortalAccess) -> Access:
    return Access(found.enabled, _day(found.start_date), _day(found.end_date))


def contact(found: contacts_pb2.Contact) -> Contact:
    """Return a contact as contacts answers it, with what counts for each customer it acts for."""
    return Contact(
        id=id_of(found.name),
        display_name=f"{found.first_name} {found.last_name}".strip(),
        email=found.email,
        language_code=found.language_code,
        right_to_left=found.direction == contacts_pb2.Contact.RTL,
        customer_id=id_of(found.customer) if found.customer else None,
        groups=ids_of(found.groups),
        access=_access(found.access),
        anonymized=found.state == contacts_pb2.Contact.ANONYMIZED,
        permissions={_customer_of(affiliation): _permissions(affiliation) for affiliation in found.affiliations},
        points=len(found.contact_points),
        roles={_customer_of(affiliation): affiliation.contact_role for affiliation in found.affiliations if affiliation.contact_role},
        version=found.version,
    )


def _customer_of(affiliation: contacts_pb2.Affiliation) -> UUID:
    return UUID(affiliation.name.split("/")[1])


def _permissions(affiliation: contacts_pb2.Affiliation) -> frozenset[str]:
    effective = affiliation.effective_permissions
    allowed = {name for name in PERMISSIONS if getattr(effective, name.lower()) == permissions_pb2.Permissions.ALLOW}
    return frozenset(allowed | ({access_pb2.Contact.Name(access_pb2.PRIMARY)} if affiliation.primary else set()))


def contact_of_snapshot(name: str, found: contacts_events.ContactSnapshot) -> Contact:
    return Contact(
        id=id_of(name),
        display_name=f"{found.first_name} {found.last_name}".strip(),
        email=found.email,
        language_code=found.language_code,
        right_to_left=found.direction == contacts_pb2.Contact.RTL,
        customer_id=id_of(found.customer) if found.customer else None,
        groups=ids_of(found.groups),
        access=_access(found.access),
    )
