"""Groups, and who sees what: operators of some groups, and contacts."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2, groups_pb2, permissions_pb2

from libs.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.integration.contacts.conftest import Api
from tests.integration.contacts.expected import faults

Permissions, Preferences = permissions_pb2.Permissions, permissions_pb2.Preferences
ALLOW, DENY, INHERIT = Permissions.ALLOW, Permissions.DENY, Permissions.INHERIT
ON, OFF = Preferences.ON, Preferences.OFF


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
