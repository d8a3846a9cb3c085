"""What the calls of contacts leave in the audit."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from recapito.contacts.v1 import affiliations_pb2, contacts_pb2, customers_pb2, groups_pb2, settings_pb2

from libs.errors import Aborted, PermissionDenied
from tests.audit import entries_in_outbox
from tests.integration.contacts.conftest import Api


def verbs(api: Api) -> list[tuple[str, str]]:
    return [(entry.method.rpartition(".")[2], entry.resource) for entry in entries_in_outbox(api.engine)]


def test_each_change_is_one_entry_about_its_resource(api: Api) -> None:
    """Security rule 64."""
    group = api.new_group("Nord")
    customer = api.new_customer()
    other = api.new_customer()
    contact = api.new_contact(customer)
    affiliation = f"{other.name}/affiliations/{contact.name.split('/')[1]}"
    with api.operator():
        api.affiliations.CreateAffiliation(
            affiliations_pb2.CreateAffiliationRequest(parent=other.name, affiliation=contacts_pb2.Affiliation(contact=contact.name))
        )
        api.affiliations.MakePrimary(affiliations_pb2.MakePrimaryRequest(name=affiliation))
        api.update_contact(contact, first_name="Maria", last_name="Bianchi")
        api.update_customer(customer, display_name="Altro nome")
        settings = settings_pb2.UpdateContactsSettingsRequest()
        settings.contacts_settings.name, settings.contacts_settings.time_zone = "settings/contacts", "Europe/Paris"
        settings.update_mask.paths.append("time_zone")
        api.settings.UpdateContactsSettings(settings)
        api.groups.DeleteGroup(groups_pb2.DeleteGroupRequest(name=group.name, etag=group.etag))
    assert verbs(api) == [
        ("CreateGroup", group.name),
        ("CreateCustomer", customer.name),
        ("CreateCustomer", other.name),
        ("CreateContact", contact.name),
        ("CreateAffiliation", affiliation),
        ("MakePrimary", affiliation),
        ("UpdateContact", contact.name),
        ("UpdateCustomer", customer.name),
        ("UpdateContactsSettings", "settings/contacts"),
        ("DeleteGroup", group.name),
    ]
    entries = entries_in_outbox(api.engine)
    assert entries[6].changed_fields == ["first_name", "last_name"]
    assert {entry.result for entry in entries} == {"OK"}
    assert all(entry.actor.startswith("accounts/") for entry in entries)
    told = str(entries)
    for value in ("Maria", "Bianchi", "Rossi", "abc.example", "Altro nome", "Nord"):
        assert value not in told


def test_a_retry_and_what_fails_leave_no_second_entry(api: Api) -> None:
    request = customers_pb2.CreateCustomerRequest(
        customer=customers_pb2.Customer(kind=customers_pb2.Customer.COMPANY, display_name="Acme"),
        request_id="6f1e8a52-0000-4000-8000-000000000001",
    )
    with api.operator():
        customer = api.customers.CreateCustomer(request)
        assert api.customers.CreateCustomer(request) == customer
        with pytest.raises(Aborted):
            api.customers.UpdateCustomer(
                customers_pb2.UpdateCustomerRequest(
                    customer=customers_pb2.Customer(name=customer.name, display_name="x", etag='"99"'),
                    update_mask=FieldMask(paths=["display_name"]),
                )
            )
    (entry,) = entries_in_outbox(api.engine)
    assert (entry.resource, entry.request_id) == (customer.name, request.request_id)


def test_a_refusal_is_recorded_and_reading_is_not(api: Api) -> None:
    """Security rule 64: failed authorisations too."""
    customer = api.new_customer()
    with api.operator(capabilities=frozenset({"contacts.read"})):
        api.customers.GetCustomer(customers_pb2.GetCustomerRequest(name=customer.name))
        with pytest.raises(PermissionDenied):
            api.update_customer(customer, display_name="x")
    *_, refused = entries_in_outbox(api.engine)
    assert (refused.method, refused.resource) == ("recapito.contacts.v1.Customers.UpdateCustomer", customer.name)
    assert (refused.result, list(refused.changed_fields)) == ("PERMISSION_DENIED NOT_ALLOWED", [])
    assert len(entries_in_outbox(api.engine)) == 2
