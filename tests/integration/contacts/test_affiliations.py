"""For whom a contact acts: primary contacts, permissions, preferences, and the defaults of the settings."""

from __future__ import annotations

from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2, permissions_pb2, settings_pb2

from libs.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, PermissionDenied
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.expected import SECTIONS, TYPES, faults

Permissions, Preferences = permissions_pb2.Permissions, permissions_pb2.Preferences
ALLOW, DENY, INHERIT = Permissions.ALLOW, Permissions.DENY, Permissions.INHERIT
ON, OFF = Preferences.ON, Preferences.OFF


# --- affiliations and the primary contact --------------------------------------------------------------------------------------------
def primary_of(api: Api, customer: customers_pb2.Customer) -> list[str]:
    return [one.contact for one in api.affiliations_of(customer.name) if one.primary]


@pytest.mark.req("R-PRI-01", "R-PRI-02", "R-PRI-03", "R-PRI-04", "R-PRI-05")
def test_the_first_contact_is_primary_until_another_is_made_so_and_stands_first(api: Api) -> None:
    customer = api.new_customer()
    first, second = api.new_contact(customer), api.new_contact(customer)
    with api.operator():
        assert primary_of(api, customer) == [first.name]
        made = api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=second.affiliations[0].name))
        assert made.primary
        listed = api.affiliations_of(customer.name)
        assert [(one.contact, one.primary) for one in listed] == [(second.name, True), (first.name, False)]
        assert api.customer_of(customer.name).primary_contact == second.name
        with pytest.raises(InvalidArgument) as error:
            api.update_affiliation(second.affiliations[0].name, "primary", primary=False)
        assert faults(error) == {"update_mask": "FIELD_IMMUTABLE"}
        assert primary_of(api, customer) == [second.name]
    changed = api.events_of(events_pb2.PrimaryContactChanged)
    assert [(one.primary_contact, one.previous_contact) for one in changed] == [(second.name, first.name)]


def test_making_the_primary_primary_again_changes_nothing(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    before = api.events()
    with api.operator():
        assert api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=contact.affiliations[0].name)).primary
    assert api.events() == before


@pytest.mark.req("R-PRI-08", "R-PRI-11")
def test_the_primary_contact_is_neither_deleted_nor_unlinked(api: Api) -> None:
    customer = api.new_customer()
    first = api.new_contact(customer)
    with api.operator():
        with pytest.raises(FailedPrecondition) as error:
            api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=first.name))
        assert error.value.reason == "CONTACT_IS_PRIMARY"
        with pytest.raises(FailedPrecondition) as error:
            api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=first.affiliations[0].name))
        assert error.value.reason == "CONTACT_IS_PRIMARY"
        second = api.new_contact(customer)
        with api.operator():
            api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=second.affiliations[0].name))
            api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=first.name))
            assert primary_of(api, customer) == [second.name]


@pytest.mark.req("R-CON-20", "R-SUB-03", "R-SUB-05")
def test_a_person_acts_for_several_customers_as_one_record(api: Api) -> None:
    home, further = api.new_customer(display_name="Casa"), api.new_customer(display_name="Altra")
    contact = api.new_contact(home)
    with api.operator():
        new = contacts_pb2.Affiliation(contact=contact.name, position="Commercialista", permissions=Permissions(invoices=DENY))
        made = api.affiliations.CreateAffiliation(affiliations_pb2.CreateAffiliationRequest(parent=further.name, affiliation=new))
        assert made.primary
        assert made.position == "Commercialista"
        with pytest.raises(AlreadyExists) as error:
            api.affiliations.CreateAffiliation(affiliations_pb2.CreateAffiliationRequest(parent=further.name, affiliation=new))
        assert error.value.reason == "ALREADY_AFFILIATED"
        kept = api.contact_of(contact.name)
        assert [one.name.split("/")[1] for one in kept.affiliations] == [home.name.split("/")[1], further.name.split("/")[1]]
        everywhere = affiliations_pb2.ListAffiliationsRequest(parent="customers/-", filter=f'contact = "{contact.name}"')
        assert [one.position for one in api.affiliations.ListAffiliations(everywhere).affiliations] == ["Commercialista", ""]
        with pytest.raises(InvalidArgument):
            api.affiliations.ListAffiliations(affiliations_pb2.ListAffiliationsRequest(parent="customers/-"))
        api.new_contact(further)
        other = api.affiliations_of(further.name)[1]
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=other.name))
        api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=made.name))
        assert len(api.contact_of(contact.name).affiliations) == 1
        api.new_contact(home)
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=api.affiliations_of(home.name)[1].name))
        with pytest.raises(FailedPrecondition) as refused:
            api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=contact.affiliations[0].name))
        assert refused.value.reason == "HOME_CUSTOMER"


def test_a_contact_is_made_for_several_customers_at_once(api: Api) -> None:
    home, further = api.new_customer(), api.new_customer()
    contact = api.new_contact(home, affiliations=[{"name": f"{further.name}/affiliations/-", "position": "Revisore"}])
    assert [one.position for one in contact.affiliations] == ["", "Revisore"]
    assert all(one.primary for one in contact.affiliations)
    for wrong in ([{"position": "a"}, {"position": "b"}], [{"name": f"customers/{uuid4()}/affiliations/-"}]):
        with pytest.raises(InvalidArgument) as error:
            api.new_contact(home, affiliations=wrong)
        assert "contact.affiliations" in faults(error)


def test_a_stale_etag_stops_changes_of_an_affiliation_too(api: Api) -> None:
    customer = api.new_customer()
    first, second = api.new_contact(customer), api.new_contact(customer)
    one = second.affiliations[0]
    with api.operator():
        api.update_affiliation(one.name, "position", position="CTO", etag=one.etag)
        for call in (
            lambda: api.update_affiliation(one.name, "position", position="CIO", etag=one.etag),
            lambda: api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=one.name, etag=one.etag)),
            lambda: api.affiliations.DeleteAffiliation(affiliations_pb2.DeleteAffiliationRequest(name=one.name, etag=one.etag)),
            lambda: api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=second.name, etag='"7"')),
        ):
            with pytest.raises(Aborted) as error:
                call()
            assert error.value.reason == "ETAG_MISMATCH"
        assert primary_of(api, customer) == [first.name]


# --- permissions and preferences -----------------------------------------------------------------------------------------------------
@pytest.mark.req("R-PRM-08", "R-PRM-12", "R-CUS-12", "R-PRM-11", "R-PRM-13")
def test_a_new_contact_takes_the_sets_of_its_moment_and_keeps_them(api: Api) -> None:
    customer = api.new_customer(permissions={"support": "DENY"})
    with api.operator():
        settings = settings_pb2.ContactsSettings(name="settings/contacts", default_permissions=Permissions(estimates=DENY))
        mask = FieldMask(paths=["default_permissions"])
        api.settings.UpdateContactsSettings(settings_pb2.UpdateContactsSettingsRequest(contacts_settings=settings, update_mask=mask))
    contact = api.new_contact(customer, affiliations=[{"permissions": {"projects": "INHERIT", "contracts": "DENY"}}])
    given = contact.affiliations[0].permissions
    assert (given.support, given.estimates, given.projects, given.contracts, given.invoices) == (DENY, DENY, INHERIT, DENY, ALLOW)
    counting = {section: getattr(contact.affiliations[0].effective_permissions, section) for section in SECTIONS}
    assert counting == {**dict.fromkeys(SECTIONS, ALLOW), "support": DENY, "estimates": DENY, "contracts": DENY}
    with api.operator():
        api.update_customer(customer, permissions={"projects": "DENY", "invoices": "DENY", "support": "ALLOW"})
        settings = settings_pb2.ContactsSettings(name="settings/contacts", default_permissions=Permissions(estimates=ALLOW, proposals=DENY))
        api.settings.UpdateContactsSettings(settings_pb2.UpdateContactsSettingsRequest(contacts_settings=settings, update_mask=mask))
        after = api.contact_of(contact.name).affiliations[0].effective_permissions
    assert {section: getattr(after, section) for section in SECTIONS} == {**counting, "projects": DENY}


@pytest.mark.req("R-PRM-14", "R-PRM-08")
def test_a_change_of_permissions_counts_for_whoever_reads_next(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    name = contact.affiliations[0].name
    with api.operator():
        for mode in (DENY, ALLOW, INHERIT):
            changed = api.update_affiliation(name, "permissions.invoices", permissions=Permissions(invoices=mode, support=DENY))
            assert changed.permissions.invoices == mode
            assert changed.permissions.support == ALLOW
            expected = DENY if mode == DENY else ALLOW
            assert api.contact_of(contact.name).affiliations[0].effective_permissions.invoices == expected


@pytest.mark.req("R-NOT-01", "R-NOT-14", "R-NOT-21")
def test_preferences_are_switched_one_by_one_and_warn_without_permission(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    name = contact.affiliations[0].name
    assert {getattr(contact.affiliations[0].preferences, type_) for type_ in TYPES} == {ON}
    assert not contact.affiliations[0].warnings
    with api.operator():
        changed = api.update_affiliation(name, "preferences.ticket", "preferences.kinds", preferences={"ticket": "OFF"})
        assert (changed.preferences.ticket, changed.preferences.invoice) == (OFF, ON)
        changed = api.update_affiliation(name, preferences={"kinds": {"invoice_overdue": "OFF", "task_updated": "SWITCH_UNSPECIFIED"}})
        assert (changed.preferences.ticket, dict(changed.preferences.kinds)) == (OFF, {"invoice_overdue": OFF})
        changed = api.update_affiliation(name, permissions={"projects": "DENY"})
        assert list(changed.warnings) == [contacts_pb2.Affiliation.NOTIFICATION_WITHOUT_PERMISSION]
        assert changed.preferences.project == ON
        with pytest.raises(InvalidArgument) as error:
            api.update_affiliation(name, preferences={"kinds": {"lottery_won": "ON"}})
        assert faults(error) == {"affiliation.preferences.kinds": "KIND_UNKNOWN"}


@pytest.mark.req("R-PRM-13", "R-NOT-17")
def test_settings_are_read_by_all_and_changed_by_few(api: Api) -> None:
    with api.operator():
        before = api.settings.GetContactsSettings(settings_pb2.GetContactsSettingsRequest(name="settings/contacts"))
        assert [profile.id for profile in before.preference_profiles] == ["finance", "technical", "management"]
        assert before.time_zone == "Europe/Rome"
        settings = settings_pb2.ContactsSettings(
            name=before.name, organization_name="Studio Neri", default_preferences=Preferences(task=OFF)
        )
        mask = FieldMask(paths=["organization_name", "default_preferences"])
        request = settings_pb2.UpdateContactsSettingsRequest(contacts_settings=settings, update_mask=mask)
        after = api.settings.UpdateContactsSettings(request)
        assert (after.organization_name, after.default_preferences.task, after.default_preferences.invoice) == ("Studio Neri", OFF, ON)
    contact = api.new_contact(api.new_customer())
    assert contact.affiliations[0].preferences.task == OFF
    with api.contact(contact):
        assert (
            api.settings.GetContactsSettings(settings_pb2.GetContactsSettingsRequest(name=before.name)).organization_name == "Studio Neri"
        )
        with pytest.raises(PermissionDenied):
            api.settings.UpdateContactsSettings(request)
    for path, fields, reason in (
        ("time_zone", {"time_zone": "Mars/Base"}, "TIME_ZONE_UNKNOWN"),
        ("default_permissions", {"default_permissions": {"support": "INHERIT"}}, "NOTHING_TO_INHERIT"),
        ("organization_name", {}, "REQUIRED"),
    ):
        wrong = settings_pb2.ContactsSettings(name=before.name, **fields)
        bad = settings_pb2.UpdateContactsSettingsRequest(contacts_settings=wrong, update_mask=FieldMask(paths=[path]))
        with api.operator(), pytest.raises(InvalidArgument) as error:
            api.settings.UpdateContactsSettings(bad)
        assert faults(error) == {f"contacts_settings.{path}": reason}
