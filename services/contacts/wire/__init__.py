"""Domain <-> protobuf, one file per resource."""

from services.contacts.wire.candidates import candidates, query
from services.contacts.wire.contact_roles import changed_contact_role, check_contact_role, contact_role, new_contact_role, succession
from services.contacts.wire.contacts import (
    activity,
    affiliation,
    changed_affiliation,
    changed_contact,
    check_affiliation,
    contact,
    contact_created,
    contact_deleted,
    contact_updated,
    new_affiliation,
    new_contact,
    portal_access_enabled,
)
from services.contacts.wire.customers import (
    changed_customer,
    customer,
    customer_created,
    customer_updated,
    new_customer,
    primary_contact_changed,
)
from services.contacts.wire.groups import changed_group, check_group, group, new_group
from services.contacts.wire.leads import changed_lead, check_lead, lead, new_lead
from services.contacts.wire.names import affiliation_ids, affiliation_name, check_etag, contact_name, id_of, read_time, reference_of
from services.contacts.wire.notes import changed_note, check_note, new_note, note, note_ids, subject
from services.contacts.wire.settings import changed_settings, settings

__all__ = [
    "activity",
    "affiliation",
    "affiliation_ids",
    "affiliation_name",
    "candidates",
    "changed_affiliation",
    "changed_contact",
    "changed_contact_role",
    "changed_customer",
    "changed_group",
    "changed_lead",
    "changed_note",
    "changed_settings",
    "check_affiliation",
    "check_contact_role",
    "check_etag",
    "check_group",
    "check_lead",
    "check_note",
    "contact",
    "contact_created",
    "contact_deleted",
    "contact_name",
    "contact_role",
    "contact_updated",
    "customer",
    "customer_created",
    "customer_updated",
    "group",
    "id_of",
    "lead",
    "new_affiliation",
    "new_contact",
    "new_contact_role",
    "new_customer",
    "new_group",
    "new_lead",
    "new_note",
    "note",
    "note_ids",
    "portal_access_enabled",
    "primary_contact_changed",
    "query",
    "read_time",
    "reference_of",
    "settings",
    "subject",
    "succession",
]
