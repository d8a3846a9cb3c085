"""The rules of customers, contacts, settings, groups, notes and contact roles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from libs.errors import InvalidArgument
from services.contacts import domain
from services.contacts.domain import (
    Contact,
    ContactPoint,
    ContactRole,
    ContactRoleInUse,
    ContactsSettings,
    Group,
    Mode,
    Notification,
    NotYourNote,
    Permissions,
    PointKind,
    PortalAccess,
    Preferences,
    Section,
    Sight,
    Succession,
    TaxIdentity,
)
from tests.unit.contacts.builders import CATALOGUE, NOON, contact, customer, note

LATER = NOON + timedelta(hours=1)


def refused(changed: object) -> dict[str, str]:
    """Return reason by field of what `checked` refuses."""
    with pytest.raises(InvalidArgument) as error:
        changed.checked(CATALOGUE) if isinstance(changed, Contact) else changed.checked()  # type: ignore[attr-defined] # all resources have it
    return {fault.field: fault.reason for fault in error.value.violations}


# --- customers and contacts ----------------------------------------------------------------------------------------------------------
def test_every_fault_of_a_customer_is_named_at_once() -> None:
    tax = TaxIdentity(vat_number="1", tax_code="2", sdi_recipient_code="!", certified_email="x")
    assert refused(customer(display_name="  ", email="x", phone="1", tax_identity=tax)) == {
        "customer.display_name": "REQUIRED",
        "customer.email": "EMAIL_MALFORMED",
        "customer.phone": "PHONE_INVALID",
        "customer.tax_identity.vat_number": "VAT_NUMBER_INVALID",
        "customer.tax_identity.tax_code": "TAX_CODE_INVALID",
        "customer.tax_identity.sdi_recipient_code": "SDI_CODE_INVALID",
        "customer.tax_identity.certified_email": "EMAIL_MALFORMED",
    }


def test_no_text_of_a_refusal_repeats_what_was_typed() -> None:
    with pytest.raises(InvalidArgument) as error:
        contact(email="mario-secret", contact_points=(ContactPoint(PointKind.PHONE, "12-secret"),)).checked(CATALOGUE)
    assert "secret" not in str(error.value)
    assert {fault.field for fault in error.value.violations} == {"contact.email", "contact.contact_points[0].value"}


@pytest.mark.req("R-CON-02", "R-CON-03")
@pytest.mark.parametrize("name", ["first_name", "last_name"])
@pytest.mark.parametrize("value", ["", " ", "\u2003\u00a0"])
def test_a_contact_has_both_names(name: str, value: str) -> None:
    assert refused(contact(**{name: value})) == {f"contact.{name}": "REQUIRED"}


def test_a_name_is_one_line_that_cannot_turn_its_direction() -> None:
    assert contact(first_name=" Mario\r\n Maria\t").checked(CATALOGUE).first_name == "Mario Maria"
    assert refused(contact(last_name="\u202eissoR")) == {"contact.last_name": "CONTROL_CHARACTER"}


@pytest.mark.req("R-CON-08", "R-CON-22")
def test_a_contact_has_several_numbers_and_addresses_each_in_its_one_form() -> None:
    points = (
        ContactPoint(PointKind.MOBILE, "+39 345 1234567", " Ufficio "),
        ContactPoint(PointKind.EMAIL, " Mario@Altro.Example"),
        ContactPoint(PointKind.CERTIFIED_EMAIL, "mario@pec.example"),
    )
    kept = contact(contact_points=points).checked(CATALOGUE).contact_points
    assert [point.value for point in kept] == ["+393451234567", "Mario@altro.example", "mario@pec.example"]
    assert kept[0].label == "Ufficio"


def test_a_support_window_does_not_end_before_it_begins() -> None:
    day = date(2026, 1, 15)
    assert refused(contact(access=PortalAccess(True, day, date(2026, 1, 14)))) == {"contact.access.end_date": "DATES_REVERSED"}
    assert contact(access=PortalAccess(True, day, day)).checked(CATALOGUE).access.end_date == day


@pytest.mark.req("R-CON-21")
@pytest.mark.parametrize(
    ("fields", "on", "needed"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"access": PortalAccess(True)}, False, True),
        ({"email": "mario@abc.example", "access": PortalAccess(True)}, True, False),
    ],
)
def test_an_address_is_needed_before_access_or_a_notification(fields: dict[str, Any], on: bool, needed: bool) -> None:
    preferences = Preferences({Notification.TASK: on})
    assert domain.needs_email(contact(**fields), [Preferences(), preferences]) is needed


# --- settings and groups -------------------------------------------------------------------------------------------------------------
def test_defaults_have_nothing_to_inherit_from() -> None:
    settings = ContactsSettings(default_permissions=Permissions({Section.SUPPORT: Mode.INHERIT}))
    assert refused(settings) == {"contacts_settings.default_permissions": "NOTHING_TO_INHERIT"}


def test_a_time_zone_must_exist() -> None:
    assert refused(ContactsSettings(time_zone="Europe/Atlantis")) == {"contacts_settings.time_zone": "TIME_ZONE_UNKNOWN"}


@pytest.mark.req("R-GRP-07")
def test_an_operator_of_some_groups_gives_and_takes_only_those() -> None:
    naples, rome, milan = uuid4(), uuid4(), uuid4()
    sight = Sight(groups=frozenset({naples, rome}))
    allowed = domain.allowed_groups(frozenset({rome, milan}), frozenset({naples, milan}), sight, "contact.groups")
    assert allowed == {rome, milan}
    for wanted, before in (({milan}, set()), ({naples}, {naples, milan}), ({milan}, {naples, milan}), (set(), {naples})):
        with pytest.raises(InvalidArgument) as error:
            domain.allowed_groups(frozenset(wanted), frozenset(before), sight, "contact.groups")
        assert error.value.violations[0].field == "contact.groups"
    assert domain.allowed_groups(frozenset(), frozenset({milan}), domain.EVERYTHING, "contact.groups") == frozenset()


@pytest.mark.req("R-GRP-13")
def test_groups_form_no_loop() -> None:
    head, office = uuid4(), uuid4()
    assert Group(office, "Napoli", head).below([head]).parent_id == head
    with pytest.raises(InvalidArgument) as error:
        Group(head, "Sede", office).below([office, head])
    assert error.value.reason == "GROUP_LOOP"


# --- notes ---------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" a\r\nb\rc \n\n", "a\nb\nc"), ("caffe\u0300", "caff\u00e8"), ("  rientro\n    del paragrafo", "rientro\n    del paragrafo")],
)
def test_the_text_of_a_note_has_one_form(typed: str, kept: str) -> None:
    assert note(text=typed).checked().text == kept


def test_a_note_without_words_is_none() -> None:
    with pytest.raises(InvalidArgument):
        note(text=" \n ").checked()


@pytest.mark.req("R-NTE-05")
def test_a_note_keeps_its_author_and_says_when_its_text_changed() -> None:
    before = note(text="Prima")
    changed = before.changed_by(replace(before, text="Dopo"), before.author_id, LATER, others=False)
    assert changed == replace(before, text="Dopo", update_time=LATER)
    assert before.changed_by(replace(before, pinned=True), uuid4(), LATER, others=True) == replace(before, pinned=True)
    with pytest.raises(NotYourNote):
        before.changed_by(before, uuid4(), LATER, others=False)


def test_pinned_notes_stand_above_newer_ones() -> None:
    old, new, pinned = note(), note(create_time=LATER), note(pinned=True)
    assert sorted([old, pinned, new], key=lambda one: one.sort_key, reverse=True) == [pinned, new, old]


# --- contact roles -------------------------------------------------------------------------------------------------------------------
def test_a_role_without_an_english_label_is_called_as_in_italian() -> None:
    role = ContactRole(uuid4(), " Perché  NO ").checked()
    assert (role.label_it, role.key_it, role.key_en) == ("Perché NO", "perche no", "perche no")


@pytest.mark.req("R-ROL-05")
def test_a_role_that_is_held_needs_a_succession() -> None:
    held, free = ContactRole(uuid4(), "Capo", holder_count=1), ContactRole(uuid4(), "Altro")
    Succession().check(free)
    Succession(clear=True).check(held)
    Succession(replacement_id=free.id).check(held)
    with pytest.raises(ContactRoleInUse):
        Succession().check(held)
    with pytest.raises(InvalidArgument):
        Succession(replacement_id=held.id).check(held)
