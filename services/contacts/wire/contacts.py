"""Contacts, affiliations and activities on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from datetime import date, datetime
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.events.v1 import events_pb2 as events
from recapito.contacts.v1 import contacts_pb2 as pb
from recapito.contacts.v1 import permissions_pb2

from libs.errors import InvalidArgument
from services.contacts.domain import (
    Activity,
    Affiliation,
    AffiliationView,
    Contact,
    ContactPoint,
    ContactView,
    Direction,
    PointKind,
    PortalAccess,
)
from services.contacts.wire.names import (
    affiliation_name,
    check_etag,
    contact_name,
    contact_role_name,
    customer_name,
    etag,
    group_names,
    id_of,
    merged,
    reference_of,
    references_of,
    timestamp,
)
from services.contacts.wire.permissions import permissions, permissions_of, preferences, preferences_of
from services.contacts.wire.profile import beside_profile, changed_profile, plain, struct


def contact(view: ContactView) -> pb.Contact:
    """Answer a contact to its reader, to whom a home customer that is hidden is not named."""
    message = plain_contact(view.contact)
    message.affiliations.extend(affiliation(one) for one in view.affiliations)
    if all(one.affiliation.customer_id != view.contact.customer_id for one in view.affiliations):
        message.ClearField("customer")
    return message


def plain_contact(domain: Contact) -> pb.Contact:
    return pb.Contact(
        name=contact_name(domain.id),
        state=pb.Contact.State.Value(domain.state.name),
        first_name=domain.first_name,
        last_name=domain.last_name,
        email=domain.email,
        contact_points=[point(one) for one in domain.contact_points],
        language_code=domain.language_code,
        direction=direction(domain.direction),
        customer=customer_name(domain.customer_id),
        access=access(domain.access),
        block_ticket_email=domain.block_ticket_email,
        do_not_call=domain.do_not_call,
        newsletter=domain.newsletter,
        open_tracking=domain.open_tracking,
        reports_to=contact_name(domain.reports_to_id) if domain.reports_to_id else "",
        groups=group_names(domain.groups),
        tags=domain.tags,
        profile=struct(domain.profile),
        last_access_time=timestamp(domain.last_access_time) if domain.last_access_time else None,
        create_time=timestamp(domain.create_time),
        update_time=timestamp(domain.update_time),
        etag=etag(domain.version),
        version=domain.version,
    )


def point(domain: ContactPoint) -> pb.ContactPoint:
    return pb.ContactPoint(kind=pb.ContactPoint.Kind.Value(domain.kind.name), value=domain.value, label=domain.label)


def points_of(messages: Iterable[pb.ContactPoint]) -> tuple[ContactPoint, ...]:
    return tuple(ContactPoint(PointKind(one.kind), one.value, one.label) for one in messages)


def direction(domain: Direction) -> pb.Contact.Direction.ValueType:
    return pb.Contact.Direction.Value(domain.name)


def access(domain: PortalAccess) -> permissions_pb2.PortalAccess:
    start, end = (day.isoformat() if day else "" for day in (domain.start_date, domain.end_date))
    return permissions_pb2.PortalAccess(enabled=domain.enabled, start_date=start, end_date=end)


def _access_of(message: permissions_pb2.PortalAccess) -> PortalAccess:
    return PortalAccess(message.enabled, _day("start_date", message.start_date), _day("end_date", message.end_date))


def _day(field: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidArgument.of(f"contact.access.{field}", "is not a day of the calendar", "DATE_INVALID") from None


def new_contact(message: pb.Contact, id_: UUID, now: datetime) -> tuple[Contact, list[Affiliation]]:
    """Return the contact under its id, with the affiliations that it is made with; a bare one is for its home customer."""
    home = reference_of(message.customer, "contact.customer")
    made = replace(
        _with_fields(Contact(id_, home, message.first_name, message.last_name, now, now), message), profile=plain(message.profile)
    )
    return made, [_first_affiliation(one, made, index) for index, one in enumerate(message.affiliations)]


def _first_affiliation(message: pb.Affiliation, contact: Contact, index: int) -> Affiliation:
    customer_id = (
        reference_of(message.name.partition("/affiliations/")[0], f"contact.affiliations[{index}].name")
        if message.name
        else contact.customer_id
    )
    return Affiliation(
        customer_id,
        contact.id,
        contact.create_time,
        position=message.position,
        contact_role_id=_role_of(message, f"contact.affiliations[{index}]"),
        permissions=permissions_of(message.permissions),
        preferences=preferences_of(message.preferences, f"contact.affiliations[{index}].preferences"),
    )


def likely_contact(message: pb.Contact, id_: UUID, now: datetime) -> tuple[Contact, UUID | None]:
    """Return a contact that may not be saved yet, and for whom it would act: under its own id when it has a name."""
    home = reference_of(message.customer, "contact.customer") if message.customer else None
    own = reference_of(message.name, "contact.name") if message.name else id_
    made = _with_fields(Contact(own, home or own, message.first_name, message.last_name, now, now), message)
    return replace(made, profile=plain(message.profile)), home


def changed_contact(wanted: pb.Contact, mask: FieldMask) -> Callable[[Contact], Contact]:
    def change(before: Contact) -> Contact:
        check_etag(wanted.etag, before.version)
        message = merged(plain_contact(before), wanted, beside_profile(mask))
        profile = changed_profile(before.profile, wanted.profile, mask)
        return replace(_with_fields(before, message), newsletter=message.newsletter, profile=profile)

    return change


def _with_fields(domain: Contact, message: pb.Contact) -> Contact:
    return replace(
        domain,
        first_name=message.first_name,
        last_name=message.last_name,
        email=message.email,
        contact_points=points_of(message.contact_points),
        language_code=message.language_code,
        direction=Direction(message.direction or pb.Contact.LTR),
        access=_access_of(message.access),
        block_ticket_email=message.block_ticket_email,
        do_not_call=message.do_not_call,
        open_tracking=message.open_tracking,
        reports_to_id=reference_of(message.reports_to, "contact.reports_to") if message.reports_to else None,
        groups=references_of(message.groups, "contact.groups"),
        tags=tuple(message.tags),
    )


# --- affiliations --------------------------------------------------------------------------------------------------------------------
def affiliation(view: AffiliationView) -> pb.Affiliation:
    message = _affiliation(view.affiliation)
    message.primary = view.primary
    message.effective_permissions.CopyFrom(permissions(view.effective))
    message.warnings.extend(pb.Affiliation.Warning.Value(warning.name) for warning in view.warnings)
    message.display_name, message.email = view.display_name, view.email
    return message


def _affiliation(domain: Affiliation) -> pb.Affiliation:
    return pb.Affiliation(
        name=affiliation_name(domain.customer_id, domain.contact_id),
        contact=contact_name(domain.contact_id),
        position=domain.position,
        contact_role=contact_role_name(domain.contact_role_id),
        permissions=permissions(domain.permissions),
        preferences=preferences(domain.preferences),
        etag=etag(domain.version),
    )


def new_affiliation(parent: str, message: pb.Affiliation, now: datetime) -> Affiliation:
    if not message.contact:
        raise InvalidArgument.of("affiliation.contact", "is required", "REQUIRED")
    return Affiliation(
        id_of(parent),
        reference_of(message.contact, "affiliation.contact"),
        now,
        position=message.position,
        contact_role_id=_role_of(message, "affiliation"),
        permissions=permissions_of(message.permissions),
        preferences=preferences_of(message.preferences, "affiliation.preferences"),
    )


def changed_affiliation(wanted: pb.Affiliation, mask: FieldMask) -> Callable[[Affiliation], Affiliation]:
    def change(before: Affiliation) -> Affiliation:
        check_etag(wanted.etag, before.version)
        message = merged(_affiliation(before), wanted, mask)
        chosen = preferences_of(message.preferences, "affiliation.preferences")
        return replace(
            before,
            position=message.position,
            contact_role_id=_role_of(message, "affiliation"),
            permissions=before.permissions.changed_by(permissions_of(message.permissions)),
            preferences=replace(chosen, switches={**before.preferences.switches, **chosen.switches}),
        )

    return change


def _role_of(message: pb.Affiliation, at: str) -> UUID | None:
    return reference_of(message.contact_role, f"{at}.contact_role") if message.contact_role else None


def check_affiliation(given: str) -> Callable[[Affiliation], None]:
    return lambda affiliation: check_etag(given, affiliation.version)


# --- activities ----------------------------------------------------------------------------------------------------------------------
def activity(domain: Activity) -> pb.Activity:
    return pb.Activity(
        name=f"contacts/{domain.contact_id}/activities/{domain.id}",
        kind=domain.kind,
        customer=customer_name(domain.customer_id) if domain.customer_id else "",
        resource=domain.resource,
        title=domain.title,
        create_time=timestamp(domain.time),
    )


# --- events --------------------------------------------------------------------------------------------------------------------------
def _snapshot(domain: Contact) -> events.ContactSnapshot:
    return events.ContactSnapshot(
        first_name=domain.first_name,
        last_name=domain.last_name,
        email=domain.email,
        language_code=domain.language_code,
        direction=direction(domain.direction),
        customer=customer_name(domain.customer_id),
        groups=group_names(domain.groups),
        access=access(domain.access),
    )


def contact_created(domain: Contact, *, skip_welcome: bool, send_set_password: bool) -> events.ContactCreated:
    return events.ContactCreated(
        contact=contact_name(domain.id),
        version=domain.version,
        snapshot=_snapshot(domain),
        skip_welcome=skip_welcome,
        send_set_password=send_set_password,
    )


def contact_restored(domain: Contact) -> events.ContactCreated:
    created = contact_created(domain, skip_welcome=True, send_set_password=False)
    created.restored = True
    return created


_UNTOLD = {"version", "update_time", "profile"}


def contact_updated(domain: Contact, before: Contact) -> events.ContactUpdated:
    values = sorted({*domain.profile, *before.profile})
    changed = [one.name for one in fields(Contact) if one.name not in _UNTOLD and getattr(domain, one.name) != getattr(before, one.name)]
    changed += [f"profile.{key}" for key in values if domain.profile.get(key) != before.profile.get(key)]
    return events.ContactUpdated(
        contact=contact_name(domain.id), version=domain.version, snapshot=_snapshot(domain), changed_fields=changed
    )


def contact_deleted(domain: Contact) -> events.ContactDeleted:
    return events.ContactDeleted(contact=contact_name(domain.id), version=domain.version, customer=customer_name(domain.customer_id))


def portal_access_enabled(domain: Contact) -> events.PortalAccessEnabled:
    return events.PortalAccessEnabled(contact=contact_name(domain.id), version=domain.version, customer=customer_name(domain.customer_id))
