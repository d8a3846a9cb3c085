"""Leads through a real server, on both databases: who sees them, how they change, and how one becomes a contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.events.v1 import events_pb2
from recapito.contacts.v1 import contacts_pb2, customers_pb2, groups_pb2, leads_pb2
from recapito.contacts.v1.contacts_pb2 import ContactPoint
from recapito.contacts.v1.customers_pb2 import Customer
from recapito.type.v1.type_pb2 import PostalAddress

from libs.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import OPERATOR, Api

Lead = leads_pb2.Lead
FULL: dict[str, Any] = {
    "company": "Verdi S.r.l.",
    "position": "Titolare",
    "contact_points": [ContactPoint(kind=ContactPoint.MOBILE, value="+39 345 1234567", label="ufficio")],
    "address": PostalAddress(street="Via Toledo 1", city="Napoli", province="NA", postal_code="80134", region_code="IT"),
    "origin": "fiera di Napoli",
    "language_code": "en",
    "newsletter": True,
}


def found(api: Api, filter_: str = "", query: str = "", order_by: str = "") -> list[str]:
    request = leads_pb2.ListLeadsRequest(filter=filter_, query=query, order_by=order_by)
    return [lead.last_name for lead in api.leads.ListLeads(request).leads]


def lead_of(api: Api, name: str) -> Lead:
    return api.leads.GetLead(leads_pb2.GetLeadRequest(name=name))


def change(api: Api, lead: Lead, etag: str = "", request_id: str = "", **fields: Any) -> Lead:
    wanted = Lead(name=lead.name, etag=etag, **fields)
    return api.leads.UpdateLead(leads_pb2.UpdateLeadRequest(lead=wanted, update_mask=FieldMask(paths=list(fields)), request_id=request_id))


def convert(api: Api, lead: Lead, **fields: Any) -> contacts_pb2.Contact:
    return api.leads.ConvertLead(leads_pb2.ConvertLeadRequest(name=lead.name, **fields))


def delete(api: Api, lead: Lead, **fields: Any) -> None:
    api.leads.DeleteLead(leads_pb2.DeleteLeadRequest(name=lead.name, **fields))


# --- the register --------------------------------------------------------------------------------------------------------------------
def test_a_lead_is_written_read_changed_and_deleted(api: Api) -> None:
    owner = f"accounts/{uuid4()}"
    made = api.new_lead(**FULL, owner=owner)
    assert (made.state, made.company, made.origin, made.owner) == (Lead.OPEN, "Verdi S.r.l.", "fiera di Napoli", owner)
    assert made.contact_points[0].value == "+393451234567"
    assert made.address == FULL["address"]
    with api.operator():
        assert lead_of(api, made.name) == made
        changed = change(api, made, made.etag, company=" Verdi  e figli ", newsletter=False)
        assert (changed.company, changed.newsletter, changed.last_name) == ("Verdi e figli", False, "Verdi")
        with pytest.raises(Aborted):
            change(api, made, made.etag, company="Altra")
        with pytest.raises(Aborted):
            delete(api, made, etag=made.etag)
        delete(api, changed, etag=changed.etag)
        with pytest.raises(NotFound):
            lead_of(api, made.name)


def test_leads_are_found_by_words_filters_and_order(api: Api) -> None:
    group, owner = api.new_group("Nord"), f"accounts/{uuid4()}"
    api.new_lead(last_name="Àrbore", company="Zeta", groups=[group.name])
    api.new_lead(last_name="Bianchi", origin="sito", owner=owner)
    api.new_lead(last_name="Corsi", email="")
    with api.operator():
        assert found(api) == ["Corsi", "Bianchi", "Àrbore"]
        assert found(api, order_by="last_name") == ["Àrbore", "Bianchi", "Corsi"]
        assert found(api, query="arb zeta") == ["Àrbore"]
        assert found(api, f'group = "{group.name}"') == ["Àrbore"]
        assert found(api, 'origin = "sito"') == ["Bianchi"]
        assert found(api, f'owner = "{owner}" AND state = OPEN') == ["Bianchi"]
        assert found(api, "state = CONVERTED") == []
        first = api.leads.ListLeads(leads_pb2.ListLeadsRequest(page_size=2))
        rest = api.leads.ListLeads(leads_pb2.ListLeadsRequest(page_size=2, page_token=first.next_page_token))
        assert [lead.last_name for lead in (*first.leads, *rest.leads)] == ["Corsi", "Bianchi", "Àrbore"]


@pytest.mark.req("R-DEL-10", "R-DEL-11")
def test_a_lead_receives_the_newsletter_when_it_has_an_address_at_creation(sqlite_api: Api) -> None:
    assert sqlite_api.new_lead().newsletter
    without = sqlite_api.new_lead(email="")
    assert not without.newsletter
    with sqlite_api.operator():
        assert not change(sqlite_api, without, email="tardi@verdi.example").newsletter
        assert not sqlite_api.leads.CreateLead(
            leads_pb2.CreateLeadRequest(lead=Lead(last_name="Verdi", email="a@verdi.example", newsletter=False))
        ).newsletter


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"last_name": " "}, "lead.last_name", "REQUIRED"),
        ({"email": "a@b"}, "lead.email", "EMAIL_MALFORMED"),
        (
            {"contact_points": [ContactPoint(kind=ContactPoint.PHONE, value="345")]},
            "lead.contact_points[0].value",
            "PHONE_INVALID",
        ),
        ({"address": PostalAddress(city="\u202eilopaN")}, "lead.address.city", "CONTROL_CHARACTER"),
        ({"owner": "accounts/me"}, "lead.owner", "NAME_INVALID"),
        ({"groups": [f"groups/{uuid4()}"]}, "lead.groups", "GROUP_UNKNOWN"),
    ],
    ids=["name", "address", "phone", "city", "owner", "group"],
)
def test_what_cannot_be_is_refused_by_its_name(sqlite_api: Api, fields: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        sqlite_api.new_lead(**fields)
    assert [(fault.field, fault.reason) for fault in error.value.violations] == [(field, reason)]


# --- who sees what -------------------------------------------------------------------------------------------------------------------
ATTEMPTS: dict[str, Callable[[Api, Lead], object]] = {
    "read": lambda api, lead: lead_of(api, lead.name),
    "change": lambda api, lead: change(api, lead, company="X"),
    "delete": lambda api, lead: delete(api, lead),
    "convert": lambda api, lead: convert(api, lead),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_hidden_lead_and_one_that_never_was_are_the_same(api: Api, attempt: str) -> None:
    """Security rule 26."""
    office, other, nowhere = api.new_group("Napoli"), api.new_group("Roma"), str(uuid4())
    hidden = api.new_lead(groups=[other.name])
    id_ = hidden.name.split("/")[1]
    answers = []
    with api.operator(office.name):
        for name in (hidden.name, f"leads/{nowhere}"):
            with pytest.raises(NotFound) as error:
                ATTEMPTS[attempt](api, Lead(name=name))
            answers.append((error.value.reason, str(error.value).replace(nowhere, id_)))
        assert found(api) == found(api, query="verdi") == []
    assert answers[0] == answers[1]
    with api.operator(other.name):
        assert lead_of(api, hidden.name) == hidden
        assert found(api) == ["Verdi"]


def test_an_operator_of_some_groups_gives_a_lead_its_own_and_keeps_one(api: Api) -> None:
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    with api.operator(office.name):
        for groups in ([], [other.name], [office.name, other.name]):
            with pytest.raises(InvalidArgument) as error:
                api.leads.CreateLead(leads_pb2.CreateLeadRequest(lead=Lead(last_name="Verdi", groups=groups)))
            assert error.value.reason == "GROUP_NOT_YOURS"
        made = api.leads.CreateLead(leads_pb2.CreateLeadRequest(lead=Lead(last_name="Verdi", groups=[office.name])))
        with pytest.raises(InvalidArgument):
            change(api, made, groups=[])


def test_a_group_with_a_lead_in_it_is_not_deleted(api: Api) -> None:
    group = api.new_group("Napoli")
    lead = api.new_lead(groups=[group.name])
    with api.operator():
        wanted = groups_pb2.DeleteGroupRequest(name=group.name)
        with pytest.raises(FailedPrecondition) as error:
            api.groups.DeleteGroup(wanted)
        assert error.value.reason == "GROUP_NOT_EMPTY"
        delete(api, lead)
        api.groups.DeleteGroup(wanted)


def test_no_contact_reads_leads_and_reading_is_not_writing(sqlite_api: Api) -> None:
    lead = sqlite_api.new_lead()
    contact = sqlite_api.new_contact(sqlite_api.new_customer())
    with sqlite_api.contact(contact, "PRIMARY", "INVOICES"), pytest.raises(PermissionDenied):
        lead_of(sqlite_api, lead.name)
    with sqlite_api.operator(capabilities=frozenset({"contacts.read"})):
        for attempt in (lambda: change(sqlite_api, lead, company="X"), lambda: convert(sqlite_api, lead), lambda: delete(sqlite_api, lead)):
            with pytest.raises(PermissionDenied):
                attempt()
    with sqlite_api.operator(capabilities=OPERATOR - {"contacts.delete"}), pytest.raises(PermissionDenied):
        delete(sqlite_api, lead)


# --- what it becomes -----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("R-CON-14", "R-CON-13")
def test_a_lead_becomes_a_contact_of_a_new_customer_with_all_that_is_known(api: Api) -> None:
    group = api.new_group("Nord")
    lead = api.new_lead(**FULL, groups=[group.name])
    with api.operator():
        contact = convert(api, lead, skip_welcome=True, send_set_password=True)
        customer = api.customer_of(contact.customer)
        now = lead_of(api, lead.name)
        assert found(api, f'contact = "{contact.name}"') == ["Verdi"]
    assert (contact.first_name, contact.last_name, contact.email) == ("Anna", "Verdi", lead.email)
    assert list(contact.contact_points) == list(lead.contact_points)
    assert (contact.language_code, contact.newsletter, list(contact.groups)) == ("en", True, [group.name])
    assert (contact.affiliations[0].position, contact.affiliations[0].primary) == ("Titolare", True)
    assert (customer.kind, customer.display_name, list(customer.categories)) == (Customer.COMPANY, "Verdi S.r.l.", [Customer.PROSPECT])
    assert customer.tax_identity.address == FULL["address"]
    assert list(customer.groups) == [group.name]
    assert (now.state, now.contact, now.origin) == (Lead.CONVERTED, contact.name, "fiera di Napoli")
    (created,) = api.events_of(events_pb2.ContactCreated)
    assert (created.contact, created.skip_welcome, created.send_set_password) == (contact.name, True, True)
    assert [event.customer for event in api.events_of(events_pb2.CustomerCreated)] == [customer.name]
    entry = entries_in_outbox(api.engine)[-1]
    assert (entry.method.rpartition(".")[2], entry.resource) == ("ConvertLead", lead.name)


@pytest.mark.req("R-CON-13")
def test_a_person_without_company_becomes_a_private_customer(sqlite_api: Api) -> None:
    lead = sqlite_api.new_lead(email="", newsletter=True)
    with sqlite_api.operator():
        contact = convert(sqlite_api, lead)
        customer = sqlite_api.customer_of(contact.customer)
    assert (customer.kind, customer.display_name) == (Customer.INDIVIDUAL, "Anna Verdi")
    assert not contact.newsletter, "there is no address (R-DEL-11)"


@pytest.mark.req("R-CON-14")
def test_a_lead_becomes_a_further_contact_of_a_customer_that_exists(api: Api) -> None:
    home = api.new_customer()
    first = api.new_contact(home)
    lead = api.new_lead(**FULL)
    with api.operator():
        contact = convert(api, lead, customer=home.name)
        assert contact.customer == home.name
        assert [one.contact for one in api.affiliations_of(home.name)] == [first.name, contact.name]
        assert len(api.customers.ListCustomers(customers_pb2.ListCustomersRequest()).customers) == 1
        other = api.new_lead()
        with pytest.raises(InvalidArgument) as error:
            convert(api, other, customer=f"customers/{uuid4()}")
        assert [(fault.field, fault.reason) for fault in error.value.violations] == [("customer", "CUSTOMER_UNKNOWN")]


def test_a_customer_that_is_hidden_takes_no_lead(api: Api) -> None:
    """Security rule 26."""
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    lead, hidden = api.new_lead(groups=[office.name]), api.new_customer(groups=[other.name])
    with api.operator(office.name):
        with pytest.raises(InvalidArgument) as error:
            convert(api, lead, customer=hidden.name)
        assert error.value.reason == "CUSTOMER_UNKNOWN"
        assert lead_of(api, lead.name).state == Lead.OPEN


def test_a_lead_of_several_offices_takes_all_its_groups_along(api: Api) -> None:
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    lead = api.new_lead(groups=[office.name, other.name])
    with api.operator(office.name):
        assert sorted(convert(api, lead).groups) == sorted([office.name, other.name])


def test_a_lead_is_converted_once_and_its_retry_answers_the_same(api: Api) -> None:
    lead = api.new_lead()
    with api.operator(account_id=uuid4()):
        contact = convert(api, lead, request_id="r-1", etag=lead.etag)
        assert convert(api, lead, request_id="r-1", etag=lead.etag) == contact
        for attempt in (lambda: convert(api, lead), lambda: change(api, lead, company="X")):
            with pytest.raises(FailedPrecondition) as error:
                attempt()
            assert error.value.reason == "LEAD_CONVERTED"
    assert len(api.events_of(events_pb2.ContactCreated)) == 1


@pytest.mark.req("R-CON-06")
def test_an_address_that_is_taken_names_its_holder_to_those_who_may_see_it(api: Api) -> None:
    """Security rule 26: to others it says no more than that."""
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    holder = api.new_contact(api.new_customer(groups=[other.name]), groups=[other.name])
    lead = api.new_lead(email=holder.email.upper(), groups=[office.name, other.name])
    for group, named in ((other, {"contact": holder.name}), (office, {})):
        with api.operator(group.name), pytest.raises(AlreadyExists) as error:
            convert(api, lead)
        assert (error.value.reason, error.value.metadata) == ("EMAIL_TAKEN", named)
    with api.operator():
        assert lead_of(api, lead.name).state == Lead.OPEN
        assert not api.customers.ListCustomers(customers_pb2.ListCustomersRequest(query="Anna Verdi")).customers, "no customer is left over"


def test_a_lead_without_first_name_is_asked_for_it(sqlite_api: Api) -> None:
    lead = sqlite_api.new_lead(first_name="")
    with sqlite_api.operator():
        with pytest.raises(InvalidArgument) as error:
            convert(sqlite_api, lead)
        assert [(fault.field, fault.reason) for fault in error.value.violations] == [("lead.first_name", "REQUIRED")]
        with pytest.raises(Aborted):
            convert(sqlite_api, lead, etag='"9"')


def test_the_contact_of_a_lead_is_not_named_to_those_who_may_not_see_it(api: Api) -> None:
    """Security rule 26."""
    office, other = api.new_group("Napoli"), api.new_group("Roma")
    lead = api.new_lead(groups=[office.name, other.name])
    with api.operator():
        contact = convert(api, lead)
        api.update_contact(contact, groups=[other.name])
    with api.operator(office.name):
        assert lead_of(api, lead.name).contact == ""
        assert found(api, f'contact = "{contact.name}"') == []
        assert found(api, "contact = null") == ["Verdi"]


def test_a_lead_goes_with_the_contact_that_it_became(api: Api) -> None:
    home = api.new_customer()
    api.new_contact(home)
    lead = api.new_lead()
    with api.operator():
        contact = convert(api, lead, customer=home.name)
        api.contacts.DeleteContact(contacts_pb2.DeleteContactRequest(name=contact.name))
        with pytest.raises(NotFound):
            lead_of(api, lead.name)
