"""The gRPC surface of contacts, through a real server with passports, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2, groups_pb2, permissions_pb2, settings_pb2
from recapito.type.v1 import type_pb2

from libs.errors import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RequestIdReused,
    ServiceError,
)
from tests.integration.contacts.conftest import Api

Permissions, Preferences = permissions_pb2.Permissions, permissions_pb2.Preferences
ALLOW, DENY, INHERIT = Permissions.ALLOW, Permissions.DENY, Permissions.INHERIT
ON, OFF = Preferences.ON, Preferences.OFF
SECTIONS = ("invoices", "estimates", "contracts", "proposals", "support", "projects")
TYPES = ("invoice", "credit_note", "estimate", "proposal", "contract", "ticket", "project", "task")
ADDRESS = type_pb2.PostalAddress(street="Via Roma 1", city="Napoli", province="NA", postal_code="80100", region_code="IT")


def faults(error: pytest.ExceptionInfo[ServiceError]) -> dict[str, str]:
    return {fault.field: fault.reason for fault in error.value.violations}


def without(message: Message, *fields: str) -> Message:
    rest = type(message)()
    rest.CopyFrom(message)
    for field in fields:
        rest.ClearField(field)
    return rest


# --- customers -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CUS-01", "R-CUS-03", "R-CUS-06", "R-CUS-08")
def test_a_customer_is_kept_as_it_was_given(api: Api) -> None:
    tax = type_pb2.TaxIdentity(
        legal_name="ABC Società a r.l.",
        vat_number="00743110157",
        tax_code="00743110157",
        certified_email="abc@pec.example",
        address=ADDRESS,
    )
    made = api.new_customer(
        display_name=" ABC  S.r.l. ",
        email="Uffici@ABC.example ",
        phone="+39 081 1234567",
        tax_identity=tax,
        categories=["CLIENT", "SUPPLIER"],
    )
    with api.operator():
        kept = api.customer_of(made.name)
    assert kept == made
    assert (kept.display_name, kept.email, kept.phone) == ("ABC S.r.l.", "Uffici@abc.example", "+390811234567")
    assert kept.tax_identity.vat_number == "IT00743110157"
    assert kept.tax_identity.address == ADDRESS
    assert kept.language_code == "it"
    assert [event.snapshot.tax_identity for event in api.events_of(events_pb2.CustomerCreated)] == [kept.tax_identity]


@pytest.mark.req("R-CUS-08")
def test_tax_ids_that_cannot_be_are_named(api: Api) -> None:
    with pytest.raises(InvalidArgument) as error:
        api.new_customer(tax_identity=type_pb2.TaxIdentity(vat_number="00743110158", tax_code="RSSMRA85T10A562X"))
    assert faults(error) == {
        "customer.tax_identity.vat_number": "VAT_NUMBER_INVALID",
        "customer.tax_identity.tax_code": "TAX_CODE_INVALID",
    }
    assert api.events() == []


def test_only_the_fields_of_the_mask_change(api: Api) -> None:
    customer = api.new_customer(email="info@abc.example", tax_identity=type_pb2.TaxIdentity(legal_name="ABC", address=ADDRESS))
    with api.operator():
        changed = api.update_customer(customer, "tax_identity.address.city", "email", tax_identity={"address": {"city": "Roma"}})
    assert changed.email == ""
    assert changed.tax_identity.address.city == "Roma"
    assert changed.tax_identity.address.street == "Via Roma 1"
    assert changed.tax_identity.legal_name == "ABC"
    assert api.events_of(events_pb2.CustomerUpdated)[0].version == 2
    with api.operator():
        assert api.update_customer(changed, "tax_identity.legal_name").tax_identity.legal_name == ""


def test_a_stale_etag_changes_nothing(api: Api) -> None:
    customer = api.new_customer()
    with api.operator():
        changed = api.update_customer(customer, "display_name", display_name="Nuovo", etag=customer.etag)
        with pytest.raises(Aborted) as error:
            api.update_customer(customer, "display_name", display_name="Altro", etag=customer.etag)
        assert error.value.reason == "ETAG_MISMATCH"
        assert api.customer_of(customer.name) == changed


def test_a_repeated_request_answers_the_same_and_makes_nothing_new(api: Api) -> None:
    customer = customers_pb2.Customer(kind=customers_pb2.Customer.COMPANY, display_name="ABC")
    with api.operator():
        request = customers_pb2.CreateCustomerRequest(customer=customer, request_id="r-1")
        first, second = api.customers.CreateCustomer(request), api.customers.CreateCustomer(request)
        assert first == second
        assert len(api.events()) == 1
        request.customer.display_name = "Other"
        with pytest.raises(AlreadyExists) as error:
            api.customers.CreateCustomer(request)
        assert error.value.reason == RequestIdReused.reason


def test_customers_are_found_by_parts_of_words_without_accents(api: Api) -> None:
    tax = type_pb2.TaxIdentity(vat_number="IT00743110157", address=ADDRESS)
    wanted = api.new_customer(display_name="Niccolò S.r.l.", tax_identity=tax)
    api.new_contact(wanted, email="rossi@person.example")
    api.new_customer(display_name="Altra 100% S.p.A.")
    for query in ("niccolo", "NICCOLÒ s.r", "srl", "IT00743110157", "napol", "rossi@person", "rossi niccolo"):
        with api.operator():
            found = api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query=query)).customers
        assert [one.name for one in found] == [wanted.name], query


def test_wildcards_of_a_search_stand_for_themselves(api: Api) -> None:
    api.new_customer(display_name="Cento 100%")
    api.new_customer(display_name="Cento 100")
    for query, hits in (("100%", 1), ("1_0", 0), ("00%", 1), ("%", 0), ("\\", 0), ("'", 0)):
        with api.operator():
            assert len(api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query=query)).customers) == hits


def test_customers_are_listed_by_name_page_by_page_and_filtered(api: Api) -> None:
    names = ["ada", "Bruno", "ìda", "Zeno"]
    for name in reversed(names):
        api.new_customer(display_name=name, kind="INDIVIDUAL" if name == "Zeno" else "COMPANY", categories=["PARTNER", "OTHER"])
    with api.operator():
        found, token = [], ""
        while True:
            page = api.customers.ListCustomers(customers_pb2.ListCustomersRequest(page_size=3, page_token=token))
            found += [one.display_name for one in page.customers]
            token = page.next_page_token
            if not token:
                break
        assert found == names
        request = customers_pb2.ListCustomersRequest(filter="kind = INDIVIDUAL AND category = PARTNER", order_by="create_time desc")
        assert [one.display_name for one in api.customers.ListCustomers(request).customers] == ["Zeno"]
        assert len(api.customers.ListCustomers(customers_pb2.ListCustomersRequest(filter="category != PARTNER")).customers) == 0
        with pytest.raises(InvalidArgument) as error:
            api.customers.ListCustomers(customers_pb2.ListCustomersRequest(filter="secret = 1"))
        assert "filter" in faults(error)


# --- contacts ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CON-01", "R-CON-04", "R-CON-08", "R-CON-10", "R-CUS-02")
def test_a_contact_is_kept_as_it_was_given(api: Api) -> None:
    customer = api.new_customer()
    contact = api.new_contact(
        customer,
        first_name="Layla",
        last_name="Haddad",
        email=" Layla@ABC.example ",
        contact_points=[{"kind": "MOBILE", "value": "+39 345 1234567"}],
        direction="RTL",
        language_code="en",
        access={"enabled": True, "start_date": "2026-01-01", "end_date": "2026-12-31"},
        do_not_call=True,
        affiliations=[{"position": "CFO"}],
    )
    with api.operator():
        kept = api.contact_of(contact.name)
    assert kept == contact
    assert (kept.email, kept.contact_points[0].value, kept.affiliations[0].position) == ("Layla@abc.example", "+393451234567", "CFO")
    assert kept.direction == contacts_pb2.Contact.RTL
    assert kept.access.end_date == "2026-12-31"
    assert kept.do_not_call
    assert not kept.HasField("last_access_time")
    event = api.events_of(events_pb2.ContactCreated)[0]
    assert (event.contact, event.version, event.snapshot.email) == (kept.name, 1, "Layla@abc.example")
    assert event.snapshot.access == kept.access
    assert not event.skip_welcome


@pytest.mark.req("R-CON-10")
def test_a_contact_reads_from_left_to_right_in_the_language_of_its_customer_unless_told_otherwise(api: Api) -> None:
    contact = api.new_contact(api.new_customer(language_code="en"))
    assert (contact.direction, contact.language_code) == (contacts_pb2.Contact.LTR, "en")


def test_what_the_operator_wants_mailed_travels_with_the_event(api: Api) -> None:
    customer = api.new_customer()
    with api.operator():
        person = contacts_pb2.Contact(first_name="A", last_name="B", email="a@abc.example", customer=customer.name)
        api.contacts.CreateContact(contacts_pb2.CreateContactRequest(contact=person, skip_welcome=True, send_set_password=True))
    event = api.events_of(events_pb2.ContactCreated)[0]
    assert event.skip_welcome
    assert event.send_set_password


@pytest.mark.req("R-CON-06", "R-CON-07", "R-CON-23")
@pytest.mark.parametrize("address", ["mario@abc.example", "MARIO@abc.example", "  mario@ABC.EXAMPLE  "])
def test_an_address_belongs_to_one_contact_of_the_whole_system(api: Api, address: str) -> None:
    api.new_contact(api.new_customer(), email="mario@abc.example", contact_points=[{"kind": "EMAIL", "value": "second@abc.example"}])
    other = api.new_customer()
    with pytest.raises(AlreadyExists) as error:
        api.new_contact(other, email=address)
    assert faults(error) == {"contact.email": "EMAIL_TAKEN"}
    free = api.new_contact(other, email="second@abc.example")
    with api.operator(), pytest.raises(AlreadyExists) as error:
        api.update_contact(free, email=address)
    assert faults(error) == {"contact.email": "EMAIL_TAKEN"}
    with api.operator():
        assert api.update_contact(free, email="SECOND@abc.example").email == "SECOND@abc.example"
        assert api.customer_of(other.name).primary_contact == free.name


@pytest.mark.req("R-CON-12")
def test_all_fields_of_a_contact_can_be_edited(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    given = {
        "first_name": "Maria",
        "last_name": "Verdi",
        "email": "maria@abc.example",
        "contact_points": [contacts_pb2.ContactPoint(kind=contacts_pb2.ContactPoint.PHONE, value="+390811234567", label="Ufficio")],
        "language_code": "en",
        "direction": contacts_pb2.Contact.RTL,
        "access": permissions_pb2.PortalAccess(enabled=True, start_date="2026-01-01"),
        "block_ticket_email": True,
        "do_not_call": True,
        "newsletter": False,
    }
    with api.operator():
        changed = api.update_contact(contact, *given, **given)
        position = api.update_affiliation(contact.affiliations[0].name, position="CEO").position
    assert {name: getattr(changed, name) for name in given} == given
    assert position == "CEO"
    event = api.events_of(events_pb2.ContactUpdated)[0]
    assert set(event.changed_fields) == set(given)
    assert event.version == 2
    assert [one.contact for one in api.events_of(events_pb2.PortalAccessEnabled)] == [contact.name]


@pytest.mark.req("R-IDN-12")
def test_switching_access_on_is_announced_each_time_and_only_then(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    with api.operator():
        for enabled in (True, True, False, True):
            api.update_contact(contact, "access.enabled", access={"enabled": enabled})
    assert len(api.events_of(events_pb2.PortalAccessEnabled)) == 2


@pytest.mark.req("R-CON-21", "R-IDN-16")
def test_who_has_no_address_is_silent_until_somebody_gives_one(api: Api) -> None:
    customer = api.new_customer()
    contact = api.new_contact(customer, email="")
    name = contact.affiliations[0].name
    assert {getattr(contact.affiliations[0].preferences, type_) for type_ in TYPES} == {OFF}
    for fields in ({"access": {"enabled": True}}, {"affiliations": [{"preferences": {"invoice": "ON"}}]}):
        with pytest.raises(InvalidArgument) as refused:
            api.new_contact(customer, email="", **fields)
        assert faults(refused) == {"contact.email": "EMAIL_REQUIRED"}
    with api.operator():
        with pytest.raises(FailedPrecondition) as error:
            api.update_contact(contact, access={"enabled": True})
        assert faults(error) == {"contact.email": "EMAIL_REQUIRED"}
        for preferences in ({"invoice": "ON"}, {"kinds": {"invoice_overdue": "ON"}}):
            with pytest.raises(FailedPrecondition) as error:
                api.update_affiliation(name, preferences=preferences)
            assert faults(error) == {"contact.email": "EMAIL_REQUIRED"}
        api.update_contact(contact, email="now@abc.example")
        assert api.update_affiliation(name, preferences={"invoice": "ON"}).preferences.invoice == ON
        with pytest.raises(FailedPrecondition) as error:
            api.update_contact(contact, "email")
        assert error.value.reason == "EMAIL_REQUIRED"


@pytest.mark.req("R-DEL-10", "R-DEL-11")
def test_the_newsletter_flag_is_set_once_at_creation(api: Api) -> None:
    customer = api.new_customer()
    assert api.new_contact(customer).newsletter
    assert not api.new_contact(customer, newsletter=False).newsletter
    without = api.new_contact(customer, email="")
    assert not without.newsletter
    with api.operator():
        assert not api.update_contact(without, email="later@abc.example").newsletter


@pytest.mark.req("R-DEL-12", "R-CON-17", "R-NOT-15")
def test_the_four_settings_never_change_one_another(api: Api) -> None:
    contact = api.new_contact(api.new_customer(), access={"enabled": True})
    name = contact.affiliations[0].name
    with api.operator():
        for field, value in (("newsletter", False), ("block_ticket_email", True), ("do_not_call", True)):
            before, after = api.contact_of(contact.name), api.update_contact(contact, **{field: value})
            assert without(before, field, "etag", "version", "update_time") == without(after, field, "etag", "version", "update_time")
        before = api.contact_of(contact.name)
        api.update_affiliation(name, preferences=dict.fromkeys(TYPES, "OFF"))
        after = api.contact_of(contact.name)
        assert {getattr(after.affiliations[0].preferences, type_) for type_ in TYPES} == {OFF}
        assert without(before, "affiliations") == without(after, "affiliations")
        assert after.access.enabled


def test_contacts_are_found_by_words_and_filters(api: Api) -> None:
    api.new_contact(api.new_customer(display_name="ABC"))
    wanted = api.new_contact(
        api.new_customer(display_name="Délta"),
        first_name="Giuseppe",
        last_name="Verdi",
        contact_points=[{"kind": "MOBILE", "value": "+39 345 1234567"}],
        access={"enabled": True},
        newsletter=False,
        language_code="en",
    )
    for query, filters in (
        ("verdi gius", ""),
        ("3451234567", ""),
        ("delta", ""),
        ("", "access.enabled = true"),
        ("", "newsletter = false"),
        ("", "language_code = en"),
        ("giuseppe", "never_entered = true AND state = ACTIVE"),
    ):
        with api.operator():
            found = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=query, filter=filters)).contacts
        assert list(found) == [wanted], (query, filters)
    with api.operator():
        assert not api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter="never_entered = false")).contacts


def test_contacts_are_listed_by_last_name_and_by_age(api: Api) -> None:
    customer = api.new_customer()
    for first, last in (("B", "Rossi"), ("A", "Rossi"), ("Z", "Ábate")):
        api.new_contact(customer, first_name=first, last_name=last)
    with api.operator():
        for order, expected in (("", "ZAB"), ("last_name desc", "BAZ"), ("create_time", "BAZ"), ("create_time desc", "ZAB")):
            found, token = "", ""
            while True:
                request = contacts_pb2.ListContactsRequest(order_by=order, page_size=1, page_token=token)
                page = api.contacts.ListContacts(request)
                found += "".join(one.first_name for one in page.contacts)
                token = page.next_page_token
                if not token:
                    break
            assert found == expected


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


# --- deletion ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-DEL-02", "R-DEL-06")
def test_a_deleted_contact_is_gone_and_its_address_is_free(api: Api) -> None:
    customer = api.new_customer()
    api.new_contact(customer)
    contact = api.new_contact(customer, email="mario@abc.example")
    with api.operator():
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=contact.name, etag=contact.etag, request_id="d-1"))
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=contact.name, etag=contact.etag, request_id="d-1"))
        with pytest.raises(NotFound):
            api.contact_of(contact.name)
        with pytest.raises(NotFound):
            api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=contact.name))
        assert len(api.affiliations_of(customer.name)) == 1
    deleted = api.events_of(events_pb2.ContactDeleted)
    assert [(one.contact, one.version, one.customer) for one in deleted] == [(contact.name, 2, customer.name)]
    again = api.new_contact(customer, email="MARIO@abc.example")
    assert again.name != contact.name
    assert not again.HasField("last_access_time")


# --- candidates ----------------------------------------------------------------------------------------------------------------------
def candidates(api: Api, *queries: tuple[str, list[str]]) -> affiliations_pb2.BatchGetCandidatesResponse:
    wanted = [affiliations_pb2.BatchGetCandidatesRequest.Query(party=party, contacts=contacts) for party, contacts in queries]
    return api.affiliations.BatchGetCandidates(affiliations_pb2.BatchGetCandidatesRequest(queries=wanted))


def test_candidates_hold_all_that_the_selection_needs(api: Api) -> None:
    customer = api.new_customer(display_name="ABC", language_code="en", permissions={"support": "DENY"})
    second = api.new_contact(customer, last_name="Abba")
    first = api.new_contact(
        customer,
        email="zeta@abc.example",
        direction="RTL",
        block_ticket_email=True,
        newsletter=False,
        affiliations=[{"preferences": {"invoice": "OFF", "kinds": {"invoice_overdue": "ON"}}}],
    )
    with api.operator():
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=first.affiliations[0].name))
    answer = candidates(api, (customer.name, []))
    assert (answer.organization_name, answer.time_zone) == ("La mia organizzazione", "Europe/Rome")
    party = answer.parties[0]
    assert (party.party, party.missing, party.display_name, party.language_code) == (customer.name, False, "ABC", "en")
    assert [(one.contact, one.primary) for one in party.candidates] == [(first.name, True), (second.name, False)]
    one = party.candidates[0]
    assert (one.email, one.first_name, one.last_name, one.language_code) == ("zeta@abc.example", "Mario", "Rossi", "en")
    assert (one.direction, one.block_ticket_email, one.newsletter) == (contacts_pb2.Contact.RTL, True, False)
    assert (one.preferences.invoice, one.preferences.task, dict(one.preferences.kinds)) == (OFF, ON, {"invoice_overdue": ON})
    assert (one.effective_permissions.support, one.effective_permissions.invoices) == (DENY, ALLOW)
    assert (one.contact_version, one.affiliation_version) == (1, 2)
    assert one.state == contacts_pb2.Contact.ACTIVE


@pytest.mark.req("R-CUS-05")
def test_the_mailbox_of_a_customer_is_a_candidate_only_while_it_has_no_contact(api: Api) -> None:
    customer = api.new_customer(email="info@abc.example")
    mailbox = candidates(api, (customer.name, [])).parties[0].candidates
    assert [(one.contact, one.email) for one in mailbox] == [("", "info@abc.example")]
    api.new_contact(customer)
    assert [one.contact != "" for one in candidates(api, (customer.name, [])).parties[0].candidates] == [True]
    assert not candidates(api, (api.new_customer().name, [])).parties[0].candidates


def test_parties_answer_in_order_with_missing_ones_and_contacts_named_by_hand(api: Api) -> None:
    one, other = api.new_customer(), api.new_customer()
    member, stranger = api.new_contact(one), api.new_contact(other)
    gone = api.new_contact(other)
    nowhere = f"customers/{uuid4()}"
    with api.operator():
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=gone.name))
    named = [stranger.name, gone.name, member.name, f"contacts/{uuid4()}"]
    answer = candidates(api, (nowhere, []), (one.name, named), (other.name, []), (one.name, []))
    assert [(party.party, party.missing) for party in answer.parties] == [
        (nowhere, True),
        (one.name, False),
        (other.name, False),
        (one.name, False),
    ]
    by_hand = answer.parties[1].candidates
    assert {candidate.contact: candidate.deleted for candidate in by_hand} == {member.name: False, stranger.name: False, gone.name: True}
    assert by_hand[0].contact == member.name
    outsider = next(candidate for candidate in by_hand if candidate.contact == stranger.name)
    assert outsider.email == stranger.email
    assert {getattr(outsider.effective_permissions, section) for section in SECTIONS} == {DENY}
    assert not outsider.primary
    assert len(answer.parties[3].candidates) == 1


def test_only_notifications_asks_for_candidates(api: Api) -> None:
    with api.operator(), pytest.raises(PermissionDenied):
        candidates(api, (f"customers/{uuid4()}", []))


# --- groups and visibility -----------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-GRP-02", "R-GRP-12", "R-GRP-13")
def test_groups_are_made_changed_and_deleted_when_empty(api: Api) -> None:
    head = api.new_group("Sede nazionale")
    office = api.new_group("Napoli", parent_group=head.name)
    with pytest.raises(AlreadyExists) as taken:
        api.new_group(" NAPOLI ")
    assert faults(taken) == {"group.display_name": "NAME_TAKEN"}
    customer = api.new_customer(groups=[office.name])
    api.new_contact(customer, groups=[office.name])
    with api.operator():
        assert [one.display_name for one in api.groups.ListGroups(groups_pb2.ListGroupsRequest()).groups] == ["Napoli", "Sede nazionale"]
        below = groups_pb2.ListGroupsRequest(filter=f'parent_group = "{head.name}"')
        assert [one.name for one in api.groups.ListGroups(below).groups] == [office.name]
        assert api.groups.GetGroup(groups_pb2.GetGroupRequest(name=office.name)).member_count == 2
        loop = groups_pb2.Group(name=head.name, parent_group=office.name)
        with pytest.raises(InvalidArgument) as error:
            api.groups.UpdateGroup(groups_pb2.UpdateGroupRequest(group=loop, update_mask=FieldMask(paths=["parent_group"])))
        assert error.value.reason == "GROUP_LOOP"
        for name in (office.name, head.name):
            with pytest.raises(FailedPrecondition) as refused:
                api.groups.DeleteGroup(groups_pb2.DeleteGroupRequest(name=name))
            assert refused.value.reason == "GROUP_NOT_EMPTY"
        empty = api.new_group("Vuoto")
        renamed = groups_pb2.Group(name=empty.name, display_name="Sede nazionale")
        with pytest.raises(AlreadyExists):
            api.groups.UpdateGroup(groups_pb2.UpdateGroupRequest(group=renamed, update_mask=FieldMask(paths=["display_name"])))
    with api.operator():
        api.groups.DeleteGroup(groups_pb2.DeleteGroupRequest(name=empty.name, etag=empty.etag))
        with pytest.raises(NotFound):
            api.groups.GetGroup(groups_pb2.GetGroupRequest(name=empty.name))


@pytest.mark.req("R-GRP-11")
def test_those_in_no_group_are_found_by_null_and_the_others_by_not_null(api: Api) -> None:
    group = api.new_group("Napoli")
    grouped, alone = api.new_customer(display_name="In", groups=[group.name]), api.new_customer(display_name="Out", categories=["PARTNER"])
    inside, outside = api.new_contact(grouped, groups=[group.name]), api.new_contact(alone)
    with api.operator():
        for filter_, customers, contacts in (
            ("group = null", [alone], [outside]),
            ("group != null", [grouped], [inside]),
            ("group:*", [grouped], [inside]),
            (f'group != "{group.name}"', [alone], [outside]),
        ):
            found = api.customers.ListCustomers(customers_pb2.ListCustomersRequest(filter=filter_)).customers
            assert [one.name for one in found] == [one.name for one in customers], filter_
            people = api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter=filter_)).contacts
            assert [one.name for one in people] == [one.name for one in contacts], filter_
        for filter_, count in (("category = null", 1), ("category != null", 1)):
            assert len(api.customers.ListCustomers(customers_pb2.ListCustomersRequest(filter=filter_)).customers) == count, filter_
        for filter_, count in (("customer = null", 0), ("customer:*", 2)):
            assert len(api.contacts.ListContacts(contacts_pb2.ListContactsRequest(filter=filter_)).contacts) == count, filter_


@pytest.mark.req("R-GRP-03", "R-GRP-05", "R-GRP-06", "R-GRP-08", "R-GRP-09", "R-GRP-11", "R-SUB-06")
def test_an_operator_sees_its_groups_and_nothing_tells_it_that_there_is_more(api: Api) -> None:
    naples, rome = api.new_group("Napoli"), api.new_group("Roma")
    both = api.new_customer(display_name="Insieme", groups=[naples.name, rome.name])
    seen = api.new_contact(both, last_name="Visto", groups=[naples.name])
    hidden = api.new_contact(both, last_name="Nascosto", groups=[rome.name])
    ungrouped = api.new_contact(both, last_name="Nessuno")
    far = api.new_customer(display_name="Lontano", groups=[rome.name])
    with api.operator(naples.name):
        assert [one.name for one in api.customers.ListCustomers(customers_pb2.ListCustomersRequest()).customers] == [both.name]
        assert [one.name for one in api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts] == [seen.name]
        assert [one.contact for one in api.affiliations_of(both.name)] == [seen.name]
        assert [one.name for one in api.groups.ListGroups(groups_pb2.ListGroupsRequest()).groups] == [naples.name]
        for query in ("nascosto", "lontano"):
            assert not api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=query)).contacts
            assert not api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query=query)).customers
        by_filter = contacts_pb2.ListContactsRequest(filter=f'customer = "{far.name}" OR group = "{rome.name}"')
        assert not api.contacts.ListContacts(by_filter).contacts
        calls: list[Callable[[str], object]] = [
            lambda name: api.contact_of(name),
            lambda name: api.contacts.ListActivities(contacts_pb2.ListActivitiesRequest(parent=name)),
            lambda name: api.update_contact(contacts_pb2.Contact(name=name), first_name="X"),
            lambda name: api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=name)),
            lambda name: api.affiliations.GetAffiliation(
                affiliations_pb2.GetAffiliationRequest(name=f"{both.name}/affiliations/{name.split('/')[1]}")
            ),
            lambda name: api.update_affiliation(f"{both.name}/affiliations/{name.split('/')[1]}", position="X"),
            lambda name: api.affiliations.MakePrimary(
                affiliations_pb2.MakePrimaryRequest(name=f"{both.name}/affiliations/{name.split('/')[1]}")
            ),
            lambda name: api.affiliations.DeleteAffiliation(
                affiliations_pb2.DeleteAffiliationRequest(name=f"{both.name}/affiliations/{name.split('/')[1]}")
            ),
        ]
        for call in calls:
            told = set()
            for name in (hidden.name, ungrouped.name, f"contacts/{uuid4()}"):
                with pytest.raises(NotFound) as error:
                    call(name)
                told.add((str(error.value).replace(name.split("/")[1], "…"), error.value.reason))
            assert len(told) == 1
        for name in (far.name, f"customers/{uuid4()}"):
            with pytest.raises(NotFound):
                api.customer_of(name)
            with pytest.raises(NotFound):
                api.update_customer(customers_pb2.Customer(name=name), email="x@abc.example")
            with pytest.raises(NotFound):
                api.affiliations_of(name)
            person = contacts_pb2.Contact(first_name="A", last_name="B", customer=name)
            with pytest.raises(InvalidArgument) as wrong:
                api.contacts.CreateContact(contacts_pb2.CreateContactRequest(contact=person))
            assert faults(wrong) == {"contact.customer": "CUSTOMER_UNKNOWN"}
        with pytest.raises(NotFound):
            api.groups.GetGroup(groups_pb2.GetGroupRequest(name=rome.name))
    with api.operator(naples.name, rome.name):
        assert len(api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts) == 2
    with api.operator():
        assert len(api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts) == 3
        api.update_contact(seen, groups=[rome.name])
    with api.operator(naples.name):
        assert not api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts
        with pytest.raises(NotFound):
            api.contact_of(seen.name)


@pytest.mark.req("R-GRP-09")
def test_a_hidden_primary_contact_is_not_named(api: Api) -> None:
    naples, rome = api.new_group("Napoli"), api.new_group("Roma")
    customer = api.new_customer(groups=[naples.name, rome.name])
    hidden = api.new_contact(customer, groups=[rome.name])
    with api.operator(naples.name):
        assert api.customer_of(customer.name).primary_contact == ""
        assert api.customers.ListCustomers(customers_pb2.ListCustomersRequest()).customers[0].primary_contact == ""
        assert api.update_customer(customer, email="x@abc.example").primary_contact == ""
    with api.operator(rome.name):
        assert api.customer_of(customer.name).primary_contact == hidden.name


@pytest.mark.req("R-GRP-07")
def test_an_operator_of_one_office_makes_and_moves_people_only_within_it(api: Api) -> None:
    naples, rome = api.new_group("Napoli"), api.new_group("Roma")
    customer = api.new_customer(groups=[naples.name, rome.name])
    with api.operator(naples.name):
        person = contacts_pb2.Contact(first_name="A", last_name="B", customer=customer.name)
        made = api.contacts.CreateContact(contacts_pb2.CreateContactRequest(contact=person))
        assert list(made.groups) == [naples.name]
        assert api.contact_of(made.name) == made
        for groups in ([rome.name], [naples.name, rome.name], [], [f"groups/{uuid4()}"]):
            with pytest.raises(InvalidArgument) as error:
                api.update_contact(made, "groups", groups=groups)
            assert "contact.groups" in faults(error)
        foreign = customers_pb2.Customer(kind=customers_pb2.Customer.COMPANY, display_name="X", groups=[rome.name])
        with pytest.raises(InvalidArgument) as error:
            api.customers.CreateCustomer(customers_pb2.CreateCustomerRequest(customer=foreign))
        assert faults(error) == {"customer.groups": "GROUP_NOT_YOURS"}


def test_an_operator_without_the_capability_reads_nothing(api: Api) -> None:
    contact = api.new_contact(api.new_customer())
    with api.operator(capabilities=frozenset({"documents.read"})):
        with pytest.raises(NotFound):
            api.contact_of(contact.name)  # open to owners, hence to no rows
        with pytest.raises(PermissionDenied):
            api.contacts.ListContacts(contacts_pb2.ListContactsRequest())


# --- contacts as callers -------------------------------------------------------------------------------------------------------------
def test_a_contact_sees_itself_and_those_it_acts_for(api: Api) -> None:
    own, further, foreign = api.new_customer(), api.new_customer(), api.new_customer()
    me = api.new_contact(own, affiliations=[{}, {"name": f"{further.name}/affiliations/-"}])
    colleague = api.new_contact(own)
    with api.contact(me):
        assert api.contact_of("contacts/me") == me
        assert api.contact_of(me.name) == me
        assert {one.name for one in api.contact_of(me.name).affiliations} == {one.name for one in me.affiliations}
        assert [one.contact for one in api.affiliations_of(own.name)] == [me.name]
        every = api.affiliations.ListAffiliations(affiliations_pb2.ListAffiliationsRequest(parent="customers/-")).affiliations
        assert {one.name for one in every} == {one.name for one in me.affiliations}
        mine = affiliations_pb2.GetAffiliationRequest(name=f"{own.name}/affiliations/me")
        assert api.affiliations.GetAffiliation(mine).contact == me.name
        assert api.customer_of(own.name).name == own.name
        assert api.customer_of(further.name).name == further.name
        for call in (
            lambda: api.contact_of(colleague.name),
            lambda: api.customer_of(foreign.name),
            lambda: api.affiliations_of(foreign.name),
            lambda: api.affiliations.GetAffiliation(affiliations_pb2.GetAffiliationRequest(name=colleague.affiliations[0].name)),
        ):
            with pytest.raises(NotFound):
                call()
        with pytest.raises(PermissionDenied):
            api.update_contact(me, first_name="X")


# --- bad input -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"first_name": "x" * 101}, "contact.first_name"),
        ({"first_name": "a\x00b"}, "contact.first_name"),
        ({"last_name": "\u202eabc"}, "contact.last_name"),
        ({"email": "no"}, "contact.email"),
        ({"email": "a@b@c.example"}, "contact.email"),
        ({"language_code": "italiano"}, "contact.language_code"),
        ({"customer": ""}, "contact.customer"),
        ({"customer": "groups/1"}, "contact.customer"),
        ({"customer": f"customers/{uuid4()}"}, "contact.customer"),
        ({"access": {"start_date": "2026-02-30"}}, "contact.access.start_date"),
        ({"access": {"start_date": "2026-02-02", "end_date": "2026-02-01"}}, "contact.access.end_date"),
        ({"contact_points": [{"kind": "PHONE", "value": "345"}]}, "contact.contact_points[0].value"),
        ({"contact_points": [{"value": "+393451234567"}]}, "contact.contact_points[0].kind"),
        ({"groups": [f"groups/{uuid4()}"]}, "contact.groups"),
        ({"groups": ["groups/-"]}, "contact.groups"),
        ({"customer": "customers/me"}, "contact.customer"),
        ({"affiliations": [{"name": "customers/-/affiliations/-"}]}, "contact.affiliations[0].name"),
        ({"email": "\ufdfa" * 40 + "@abc.example"}, "contact.email"),
        ({"direction": 7}, "contact.direction"),
        ({"affiliations": [{"permissions": {"invoices": 9}}]}, "contact.affiliations[0].permissions.invoices"),
        ({"affiliations": [{"preferences": {"kinds": {"x": "ON"}}}]}, "contact.affiliations[0].preferences.kinds"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(sqlite_api: Api, fields: dict[str, object], field: str) -> None:
    customer = sqlite_api.new_customer()
    with pytest.raises(InvalidArgument) as error:
        sqlite_api.new_contact(customer, **fields)
    assert field in faults(error)
    with sqlite_api.operator():
        assert not sqlite_api.contacts.ListContacts(contacts_pb2.ListContactsRequest()).contacts


@pytest.mark.parametrize("name", ["contacts/current", "contacts/-"])
def test_an_alias_that_means_nothing_here_is_not_found(sqlite_api: Api, name: str) -> None:
    with sqlite_api.operator(), pytest.raises(NotFound):
        sqlite_api.contact_of(name)


def test_text_that_unfolds_to_many_times_its_length_is_no_failure(api: Api) -> None:
    long = "\ufdfa" * 100
    customer = api.new_customer(display_name=long * 2, phone="+390811234567")
    contact = api.new_contact(customer, first_name="\u0958" * 100, last_name=long, affiliations=[{"position": "\u0958" * 100}])
    api.new_group(long)
    with api.operator():
        assert [one.name for one in api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=long)).contacts] == [contact.name]
        words = " ".join(str(number) for number in range(66))
        assert not api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=words)).contacts


def test_hostile_text_is_kept_as_it_is(sqlite_api: Api) -> None:
    text = "Robert'); DROP TABLE contacts;-- <b>&amp;{{7*7}} 𝒵 שלום"
    contact = sqlite_api.new_contact(sqlite_api.new_customer(display_name=text), first_name=text)
    with sqlite_api.operator():
        assert sqlite_api.contact_of(contact.name).first_name == text
        assert len(sqlite_api.contacts.ListContacts(contacts_pb2.ListContactsRequest(query=text)).contacts) == 1
