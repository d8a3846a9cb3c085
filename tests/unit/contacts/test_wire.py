"""Update masks, names and etags."""

from __future__ import annotations

from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import contacts_pb2, customers_pb2, permissions_pb2

from libs.errors import EtagMismatch, InvalidArgument, NotFound
from services.contacts import wire
from services.contacts.domain import Mode, Notification, Permissions, Preferences, Section, TaxIdentity
from services.contacts.wire.names import affiliation_ids, reference_of
from tests.unit.contacts.builders import affiliation, contact, customer


def changed(before: object, wanted: customers_pb2.Customer, *paths: str) -> object:
    return wire.changed_customer(wanted, FieldMask(paths=paths))(before)  # type: ignore[arg-type] # a Customer


def test_a_customer_survives_the_wire_unchanged() -> None:
    before = customer(
        tax_identity=TaxIdentity(vat_number="IT00743110157", city="Napoli"),
        permissions=Permissions({Section.SUPPORT: Mode.DENY}),
        groups=frozenset({uuid4(), uuid4()}),
        language_code="it",
    )
    assert changed(before, wire.customer(before), *(field.name for field in customers_pb2.Customer.DESCRIPTOR.fields)) == before


def test_a_path_below_an_unset_message_clears_its_field() -> None:
    before = customer(tax_identity=TaxIdentity(legal_name="ABC", city="Napoli"))
    after = changed(before, customers_pb2.Customer(), "tax_identity.address.city")
    assert after == customer(**{**vars(before), "tax_identity": TaxIdentity(legal_name="ABC")})


def test_unset_permissions_and_types_stay_and_overrides_are_replaced() -> None:
    before = affiliation(
        permissions=Permissions({Section.INVOICES: Mode.ALLOW, Section.SUPPORT: Mode.DENY}),
        preferences=Preferences({Notification.INVOICE: True, Notification.TASK: False}, {"invoice_overdue": False}),
    )
    wanted = contacts_pb2.Affiliation(
        permissions=permissions_pb2.Permissions(support=permissions_pb2.Permissions.INHERIT),
        preferences=permissions_pb2.Preferences(task=permissions_pb2.Preferences.ON),
    )
    after = wire.changed_affiliation(wanted, FieldMask(paths=["permissions", "preferences"]))(before)
    assert after.permissions == Permissions({Section.INVOICES: Mode.ALLOW, Section.SUPPORT: Mode.INHERIT})
    assert after.preferences == Preferences({Notification.INVOICE: True, Notification.TASK: True})


def test_another_version_is_another_etag() -> None:
    before = contact(version=3)
    wanted = contacts_pb2.Contact(first_name="Maria", etag='"2"')
    with pytest.raises(EtagMismatch):
        wire.changed_contact(wanted, FieldMask(paths=["first_name"]))(before)
    wanted.etag = '"3"'
    assert wire.changed_contact(wanted, FieldMask(paths=["first_name"]))(before).first_name == "Maria"


def test_me_is_the_caller_and_other_aliases_are_nobody() -> None:
    me, home = uuid4(), uuid4()
    assert wire.id_of("contacts/me", me) == me
    assert affiliation_ids(f"customers/{home}/affiliations/me", me) == (home, me)
    for name in ("contacts/-", "contacts/current", f"contacts/{me}/activities/{me}"):
        with pytest.raises(NotFound):
            wire.id_of(name, me)
    with pytest.raises(InvalidArgument) as error:
        reference_of("groups/me", "contact.groups")
    assert error.value.violations[0].field == "contact.groups"


def test_the_event_names_what_changed() -> None:
    before = contact(email="a@abc.example")
    after = contact(**{**vars(before), "email": "b@abc.example", "version": 2})
    assert list(wire.contact_updated(after, before).changed_fields) == ["email"]
