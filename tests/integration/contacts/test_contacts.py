"""Contacts over gRPC: made, edited, found, deleted."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import contacts_pb2, permissions_pb2

from libs.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.expected import TYPES, faults

Permissions, Preferences = permissions_pb2.Permissions, permissions_pb2.Preferences
ALLOW, DENY, INHERIT = Permissions.ALLOW, Permissions.DENY, Permissions.INHERIT
ON, OFF = Preferences.ON, Preferences.OFF


def without(message: Message, *fields: str) -> Message:
    rest = type(message)()
    rest.CopyFrom(message)
    for field in fields:
        rest.ClearField(field)
    return rest


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
def test_the_settings_of_a_person_never_change_one_another(api: Api) -> None:
    contact = api.new_contact(api.new_customer(), access={"enabled": True})
    name = contact.affiliations[0].name
    with api.operator():
        for field, value in (("newsletter", False), ("block_ticket_email", True), ("do_not_call", True), ("open_tracking", True)):
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
